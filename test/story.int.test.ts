/** From the first webhook to the account on the PDS, over HTTP, with everything real but Auth0. */

import { expect, test } from 'vitest';
import type { PdsAccount } from '../src/ports/accounts.ts';
import type { ContentFormat } from '../src/sandbox/auth0/logs/log-stream-body.ts';
import type { Engine } from '../src/wiring/engine.ts';
import { all } from './mongo/subjects/people.ts';
import {
  accountOf,
  chooseHandle,
  conditionOf,
  eventsOf,
  type Member,
  memberOf,
  storedMember,
} from './support/member.ts';
import { person } from './support/pds.ts';
import { type Platform, platform } from './support/platform.ts';
import { until } from './support/until.ts';

/** Every entry arrives twice, a few at a time, in whatever order. */
const UNRULY = { duplicateShare: 1, batchMax: 3 };

async function signUp({ auth0 }: Platform, name: string): Promise<Member> {
  const { email, password } = person(name);
  const { user_id } = await auth0.signUp({ email, password });
  return memberOf(user_id, email);
}

async function stream(world: Platform, format: ContentFormat): Promise<Engine> {
  const { endpoint } = await world.serve();
  world.auth0.logStream.add({ endpoint, authorization: world.logToken, format });
  return world.engine();
}

/** Waits for the read model to say so. */
function stands(
  engine: Engine,
  member: Member,
  reason: string,
  resource: 'account' | 'email' = 'account',
): Promise<unknown> {
  return until(`the ${resource} of ${member.label} is ${reason}`, async () => {
    return (await conditionOf(engine, member, resource))?.reason === reason;
  });
}

function named(world: Platform, engine: Engine, member: Member, label: string): Promise<PdsAccount> {
  return until(`the account is called ${label}`, async () => {
    const [account, stored] = [await accountOf(world, engine, member), await storedMember(world, member)];
    const handle = `${label}.at.test`;
    return account?.handle === handle && stored?.atproto?.handle === handle ? account : undefined;
  });
}

async function verificationCount({ db }: Platform, { user }: Member): Promise<unknown> {
  return (await db.collection<{ _id: string; count: number }>('verifications').findOne({ _id: user }))?.count;
}

test.each<ContentFormat>(['JSONLINES', 'JSONARRAY', 'JSONOBJECT'])(
  'alice from sign-up to blocked, with a stream of %s that doubles and shuffles',
  async (format) => {
    const world = await platform({ delivery: UNRULY });
    const { auth0 } = world;
    const engine = await stream(world, format);

    const alice = await signUp(world, 'alice');
    await stands(engine, alice, 'WaitingForEmailVerification');
    const signedUp = await storedMember(world, alice);
    const year = new Date().getUTCFullYear() % 100;
    expect(signedUp).toEqual({
      _id: alice.user,
      code: expect.stringMatching(new RegExp(`^ac${year}([bcdfghjkmnprstvwxyz][aeou]){2}.$`)),
      when: new Date(auth0.user(alice.userId)?.created_at ?? ''),
    });
    expect(await verificationCount(world, alice)).toBe(0);

    await auth0.verifyEmail(alice.userId);
    await stands(engine, alice, 'AccountActive');
    const code = signedUp?.code ?? '';
    const account = await named(world, engine, alice, code);
    expect(account).toMatchObject({ email: alice.email, state: 'active' });
    expect(await verificationCount(world, alice)).toBe(1);
    // Sealed: who reads the document does not have the password.
    expect((await storedMember(world, alice))?.atproto?.password).toMatch(/^v1\.k1\./);

    await chooseHandle(world, alice, alice.label);
    expect((await named(world, engine, alice, alice.label)).did).toBe(account.did);

    const moved = person('alice').email;
    await auth0.changeEmail(alice.userId, moved);
    await stands(engine, alice, 'WaitingForEmailVerification', 'email');
    expect((await conditionOf(engine, alice, 'account'))?.reason).toBe('AccountActive');
    await auth0.verifyEmail(alice.userId);
    await stands(engine, alice, 'AccountActive');
    await until('the account has the new address', async () => {
      return (await accountOf(world, engine, alice))?.email === moved;
    });
    expect(await accountOf(world, engine, alice)).toMatchObject({
      did: account.did,
      handle: `${alice.label}.at.test`,
    });

    await auth0.block(alice.userId);
    await stands(engine, alice, 'UserBlocked');
    expect(await engine.subjects.get(alice.user)).toMatchObject({
      sync: 'Synced',
      health: 'Suspended',
      quarantined: false,
    });
    expect(await accountOf(world, engine, alice)).toMatchObject({ did: account.did, state: 'active' });

    await auth0.logStream.flush();
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
