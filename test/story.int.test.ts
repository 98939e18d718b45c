/** From the first webhook to the account on the PDS, over HTTP, with everything real but Auth0. */

import { expect, test } from 'vitest';
import type { ContentFormat } from '../src/sandbox/auth0/logs/log-stream-body.ts';
import { all } from './mongo/subjects/people.ts';
import { aliceStory, signUp, stands, stream, UNRULY } from './support/alice-story.ts';
import { accountOf, eventsOf, storedMember } from './support/member.ts';
import { platform } from './support/platform.ts';

test.each<ContentFormat>(['JSONLINES', 'JSONARRAY', 'JSONOBJECT'])(
  'alice from sign-up to blocked, with a stream of %s that doubles and shuffles',
  async (format) => {
    const world = await platform({ delivery: UNRULY });
    const { auth0 } = world;
    const { alice, engine } = await aliceStory(world, format);
    expect(await eventsOf(engine, alice, 'account.creation-intended', 'account.created')).toHaveLength(2);
    expect(await eventsOf(engine, alice, 'code.assigned', 'handle.changed', 'email.changed')).toHaveLength(3);
    expect(await eventsOf(engine, alice, 'converge.failed', 'user.quarantined')).toEqual([]);
    const received = await eventsOf(engine, alice, 'auth0.log-received');
    expect(received.map(({ data }) => data.logId).sort()).toEqual(
      auth0.logs.retained().map(({ log_id }) => log_id),
    );
  },
);

test('a week of bob arrives in one heap, newest, oldest and doubled, and only what is true now counts', async () => {
  const world = await platform({ delivery: { duplicateShare: 1, batchMax: 50 } });
  const { auth0 } = world;
  const engine = await stream(world, 'JSONARRAY');
  auth0.logStream.pause();
  const bob = await signUp(world, 'bob');
  await auth0.verifyEmail(bob.userId);
  await auth0.block(bob.userId);
  await auth0.unblock(bob.userId);
  await auth0.logIn(bob.userId);
  expect(await storedMember(world, bob)).toBeUndefined();

  auth0.logStream.resume();

  await stands(engine, bob, 'AccountActive');
  await auth0.logStream.flush();
  expect(await accountOf(world, engine, bob)).toMatchObject({ email: bob.email, state: 'active' });
  expect(await eventsOf(engine, bob, 'account.created')).toHaveLength(1);
  expect(await eventsOf(engine, bob, 'auth0.log-received')).toHaveLength(auth0.logs.retained().length);
});

test('the log explains an account, from cause to cause, down to the entry that began it', async () => {
  const world = await platform();
  const engine = await stream(world, 'JSONLINES');
  const alice = await signUp(world, 'alice');
  await world.auth0.verifyEmail(alice.userId);
  await stands(engine, alice, 'AccountActive');

  const events = new Map(
    (await all(engine.log.read({ user: alice.user }))).map((event) => [event._id, event]),
  );
  const [created] = await eventsOf(engine, alice, 'account.created');
  const chain: string[] = [];
  for (let at = created?._id; at !== undefined; at = events.get(at)?.cause[0]) {
    chain.push(events.get(at)?.type ?? 'an event that is not there');
  }
  expect(chain[0]).toBe('account.created');
  expect(chain).toContain('account.creation-intended');
  expect(chain).toContain('actions.intended');
  expect(chain.at(-1)).toBe('auth0.log-received');
});
