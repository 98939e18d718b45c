/** Sweeps on the real parts: what nobody told of is found, and half a list is no list. */

import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { reconcile } from '../src/engine/reconcile/reconcile.ts';
import { sweep } from '../src/engine/sweep/sweep.ts';
import type { SweepResult } from '../src/engine/sweep/sweep-result.ts';
import type { Engine } from '../src/wiring/engine.ts';
import { all } from './mongo/subjects/people.ts';
import { gather } from './support/crowd.ts';
import {
  accountOf,
  chooseHandle,
  conditionOf,
  join,
  type Member,
  memberOf,
  storedMember,
} from './support/member.ts';
import { person } from './support/pds.ts';
import { platform, TENANT } from './support/platform.ts';

async function sweepOnce({ sweep: deps, tenants }: Engine): Promise<SweepResult> {
  const [tenant] = tenants;
  if (tenant === undefined) throw new Error('There is no tenant.');
  const end = await sweep(deps, tenant);
  if (end.type !== 'over') throw new Error(`The sweep is ${end.type}.`);
  return end;
}

/** Passes over everyone who is due. */
async function reconcileDue({ reconcile: deps }: Engine): Promise<void> {
  const { queue, clock, settings } = deps;
  const worker = async (): Promise<void> => {
    for (;;) {
      const lease = await queue.claim(clock.now(), settings.leaseMs);
      if (lease === undefined) return;
      await reconcile(deps, lease);
    }
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
}

test('a month of silence is healed by one sweep', async () => {
  const world = await platform();
  const { auth0, db } = world;
  const engine = world.engine();
  await engine.prepare();
  const old = await gather(world, 8);
  expect(await sweepOnce(engine)).toMatchObject({ users: 8, drifted: 8, complete: true });
  await reconcileDue(engine);
  const [moved, renamed, gone, robbed, ...rest] = old;
  if (moved === undefined || renamed === undefined || gone === undefined || robbed === undefined)
    throw new Error('Nobody is there.');
  const linesOf = async (members: readonly Member[]): Promise<number> =>
    (await Promise.all(members.map(({ user }) => all(engine.log.read({ user }))))).flat().length;
  const lines = await linesOf(rest);

  // Nobody tells of any of it: no stream delivers, and most of it leaves no log entry.
  const newcomers: readonly Member[] = [join(world, 'alice'), join(world, 'bob')];
  const unverified = join(world, 'bob', { emailVerified: false });
  const address = person('alice').email;
  auth0.dropUser(moved.userId);
  auth0.addUser({ user_id: moved.userId, email: address, email_verified: true });
  await chooseHandle(world, renamed, `${renamed.label}2`);
  auth0.dropUser(gone.userId);
  const verifications = db.collection<{ _id: string }>('verifications');
  await verifications.deleteOne({ _id: robbed.user });

  const result = await sweepOnce(engine);
  await reconcileDue(engine);

  expect(result).toMatchObject({ users: 10, complete: true, halts: [], removals: 0 });
  for (const member of newcomers)
    expect(await accountOf(world, engine, member)).toMatchObject({ email: member.email });
  expect(await conditionOf(engine, unverified, 'account')).toMatchObject({
    reason: 'WaitingForEmailVerification',
  });
  expect((await storedMember(world, unverified))?.code).toBeDefined();
  expect(await accountOf(world, engine, moved)).toMatchObject({ email: address });
  expect(await accountOf(world, engine, renamed)).toMatchObject({ handle: `${renamed.label}2.at.test` });
  expect(await conditionOf(engine, gone, 'account')).toMatchObject({ reason: 'UserGone' });
  expect(await accountOf(world, engine, gone)).toMatchObject({ state: 'active' });
  // What a person removed does not come back by itself.
  expect(await verifications.findOne({ _id: robbed.user })).toBeNull();
  expect(await conditionOf(engine, robbed, 'verification')).toMatchObject({ reason: 'DocumentRemoved' });
  // Of whom nothing happened nothing was told.
  expect(await linesOf(rest)).toBe(lines);

  expect(await sweepOnce(engine)).toMatchObject({
    ...{ users: 10, drifted: 1, halts: [] },
    situations: [{ resource: 'verification', reason: 'DocumentRemoved', users: 1 }],
  });
});

const CROWD = 1_100;

/** So many users who have verified nothing, each with all that is theirs; as an import would have left them. */
async function importCrowd(world: Awaited<ReturnType<typeof platform>>): Promise<readonly Member[]> {
  const { auth0, db } = world;
  const members = Array.from({ length: CROWD }, (_, at) => {
    const member = memberOf(`auth0|crowd${at}`, `crowd${at}@example.com`);
    auth0.addUser({ user_id: member.userId, email: member.email, email_verified: false });
    return member;
  });
  const insert = (name: string, documents: readonly { _id: string }[]) =>
    db.collection<{ _id: string }>(name).insertMany([...documents]);
  const letters = (at: number): string =>
    [100, 10, 1].map((place) => 'bcdfghjkmn'.charAt(Math.floor(at / place) % 10)).join('');
  await insert(
    'users',
    members.map(({ user }, at) => {
      const [first, second, third] = letters(at);
      const code = `ac${20 + Math.floor(at / 1_000)}${first}a${second}e${third}`;
      return { _id: user, code, when: new Date() };
    }),
  );
  await insert(
    'verifications',
    members.map(({ user }) => ({ _id: user, count: 0 })),
  );
  await insert(
    'concord.subjects',
    members.map(({ user, userId }) => ({ _id: user, tenant: TENANT, userId, view: { sync: 'Synced' } })),
  );
  return members;
}

test('an export that breaks off in the middle removes nobody, and the next one that is whole tells who is gone', async () => {
  const world = await platform();
  const { auth0, db } = world;
  const engine = world.engine({ policy: { removal: 'delete', removalGraceMs: 0 } });
  await engine.prepare();
  const members = await importCrowd(world);
  const gone = members.slice(0, 20);
  for (const { userId } of gone) auth0.dropUser(userId);
  const due = () => db.collection('concord.subjects').countDocuments({ due: { $exists: true } });
  const lines = auth0.users().map((user) => `${JSON.stringify(user)}\n`);
  const whole = gzipSync(lines.join(''));
  const broken = whole.subarray(0, whole.length / 2);
  auth0.faults.add({ path: /^\/exports\//, times: 9, answer: { type: 'status', status: 200, body: broken } });

  const half = await sweepOnce(engine);

  expect(half).toMatchObject({ complete: false, drifted: 0, removals: 0, halts: [], orphans: null });
  expect(half.users).toBeGreaterThan(0);
  expect(half.users).toBeLessThan(CROWD - gone.length);
  expect(await due()).toBe(0);
  // The file was asked for again, and only when that brought nobody new was it given up.
  expect(auth0.requests.count('GET', '/exports/:job/:file')).toBe(2);
  expect(auth0.requests.count('POST', '/api/v2/jobs/users-exports')).toBe(1);

  auth0.faults.clear();
  const result = await sweepOnce(engine);

  expect(result).toMatchObject({
    ...{ users: CROWD - gone.length, complete: true, drifted: 0, removals: 0, halts: [] },
    totals: {
      users: { have: 1_080, of: 1_080 },
      accounts: { have: 0, of: 0 },
      waitingForEmailVerification: 1_080,
    },
  });
  expect(await due()).toBe(gone.length);
  await reconcileDue(engine);
  for (const member of gone.slice(0, 3))
    expect(await conditionOf(engine, member, 'account')).toMatchObject({ reason: 'UserGone' });
  // What is theirs is counted as nobody's from then on, and left as it is.
  expect(await sweepOnce(engine)).toMatchObject({ orphans: { documents: 2 * gone.length } });
});
