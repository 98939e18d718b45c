/** A log stream that delivers nothing, and an event stream that delivers alone: everybody is found all the same. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openGaps } from '../src/engine/intake/gaps.ts';
import { pull } from '../src/engine/intake/pull.ts';
import type { Engine } from '../src/wiring/engine.ts';
import type { WiredTenant } from '../src/wiring/upstreams.ts';
import { accountOf, conditionOf, eventsOf, type Member, memberOf, storedMember } from './support/member.ts';
import { person } from './support/pds.ts';
import { openPlatform, type Platform, TENANT } from './support/platform.ts';
import { until } from './support/until.ts';

let world: Platform;
let engine: Engine;
let tenant: WiredTenant;

beforeAll(async () => {
  world = await openPlatform();
  engine = world.engine();
  const [first] = engine.tenants;
  if (first === undefined) throw new Error('There is no tenant.');
  tenant = first;
  await engine.prepare();
});
afterAll(() => world.close());

async function signUp(name: string): Promise<Member> {
  const { email, password } = person(name);
  const { user_id } = await world.auth0.signUp({ email, password });
  await world.auth0.verifyEmail(user_id);
  return memberOf(user_id, email);
}

function whole(member: Member): Promise<unknown> {
  return until(`${member.label} has an account`, async () => {
    const account = await accountOf(world, engine, member);
    return account?.state === 'active' && account.email === member.email;
  });
}

async function causes(): Promise<string[]> {
  return (await openGaps(engine.log, tenant.id)).map(({ cause }) => cause);
}

test('a day of lost webhooks is healed by the pull, and the stream that lost them is a gap until it is back', async () => {
  const { auth0 } = world;
  const served = await world.serve({ overlay: { schedule: { pull: '* * * * * *' } } });
  const stream = auth0.logStream.add({
    endpoint: served.endpoint,
    authorization: world.logToken,
    format: 'JSONARRAY',
  });
  const alice = await signUp('alice');
  await whole(alice);
  await until('the stream was seen', async () => {
    return (await engine.pull.cursors.get(`auth0-log-stream:${TENANT}`)) !== undefined;
  });

  auth0.logStream.pause(stream);
  const lost = await Promise.all(['bob', 'carol', 'dave'].map(signUp));
  await Promise.all(lost.map(whole));
  await until('the gap is on record', async () => (await causes()).includes('stream-paused'));
  expect((await fetch(`${served.url}/readyz`)).status).toBe(200);

  auth0.logStream.resume(stream);
  await auth0.logStream.flush();
  await until('the gap is closed', async () => (await causes()).length === 0);
  await served.stop();

  // What the stream brings at last is known already: each entry is in the log once.
  const written = auth0.logs.readable().map(({ log_id }) => `${TENANT}:${log_id}`);
  const kept = await world.db.collection('concord.events').find({ type: 'auth0.log-received' }).toArray();
  const aboutUsers = new Set(kept.map(({ _id }) => String(_id)));
  expect(kept).toHaveLength(aboutUsers.size);
  expect([...aboutUsers].every((id) => written.includes(id))).toBe(true);
  for (const member of [alice, ...lost]) {
    const codes = (await eventsOf(engine, member, 'auth0.log-received')).map(({ data }) => data.code);
    expect(codes.sort()).toEqual(['ss', 'sv']);
    expect(await eventsOf(engine, member, 'account.created')).toHaveLength(1);
  }
});

test('a process that dies between the log and the position: nothing is lost, nothing is doubled', async () => {
  const bob = await signUp('bob');
  const { cursors } = engine.pull;
  const dying = {
    ...engine.pull,
    cursors: {
      ...cursors,
      set: async () => {
        throw new Error('the process died');
      },
    },
  };
  await expect(pull(dying, tenant)).rejects.toThrow('the process died');
  expect(await eventsOf(engine, bob, 'auth0.log-received')).toHaveLength(2);

  expect(await pull(engine.pull, tenant)).toMatchObject({ end: 'caught-up', accepted: 0, gaps: [] });
  expect(await pull(engine.pull, tenant)).toMatchObject({ end: 'caught-up', entries: 0 });
  expect(await eventsOf(engine, bob, 'auth0.log-received')).toHaveLength(2);
  expect((await engine.subjects.get(bob.user))?.dueAt).toBeInstanceOf(Date);
});

test('an event stream alone: who logs in for the first time, who signs up, who is gone', async () => {
  const { auth0 } = world;
  const served = await world.serve();
  auth0.eventStream.add({ endpoint: `${served.endpoint}/events`, token: world.eventToken });
  const { email: carolsEmail } = person('carol');
  const carol = memberOf(
    (await auth0.socialLogIn({ connection: 'google-oauth2', email: carolsEmail })).user_id,
    carolsEmail,
  );
  const dave = await signUp('dave');
  await Promise.all([carol, dave].map(whole));
  expect(await eventsOf(engine, carol, 'auth0.log-received')).toEqual([]);
  expect((await storedMember(world, carol))?.atproto?.did).toMatch(/^did:plc:/);

  await auth0.deleteUser(dave.userId);
  await until('dave is known to be gone', async () => {
    return (await conditionOf(engine, dave, 'account'))?.reason === 'UserGone';
  });
  await auth0.eventStream.flush();
  expect(auth0.eventStream.failures()).toEqual([]);
  const told = await eventsOf(engine, dave, 'auth0.event-received');
  expect(told.map(({ data }) => [data.name, data.hint])).toContainEqual(['user.deleted', 'deleted']);
  expect(new Set(told.map(({ _id }) => _id)).size).toBe(told.length);
  for (const { data } of told) expect(JSON.parse(data.raw)).toMatchObject({ specversion: '1.0' });
});

test('an event whose token does not fit is not refused for good', async () => {
  const { auth0 } = world;
  const served = await world.serve();
  const erin = person('erin');
  const answer = await fetch(`${served.endpoint}/events`, { method: 'POST', body: '{}' });
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
  auth0.eventStream.add({ endpoint: `${served.endpoint}/events`, token: 'the-one-before' });
  const { user_id } = await auth0.socialLogIn({ connection: 'google-oauth2', email: erin.email });
  await auth0.eventStream.flush();
  const refused = auth0.eventStream.failures().filter(({ event }) => event.data.object.user_id === user_id);
  expect(refused.map(({ reason }) => reason)).toContain('HTTP 503');
});
