/** What the dashboard is told of real parts: one sign-up, seen from every page. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LiveMessage } from '../src/dashboard-data/data.ts';
import type { Engine } from '../src/wiring/engine.ts';
import { join, type Member, reconcileUser } from './support/member.ts';
import { openPlatform, type Platform, TENANT } from './support/platform.ts';
import { until } from './support/until.ts';

let world: Platform;
let engine: Engine;
let alice: Member;
beforeAll(async () => {
  world = await openPlatform();
  engine = world.engine();
  await engine.prepare();
  alice = join(world, 'alice');
  await reconcileUser(engine.reconcile, alice);
});
afterAll(() => world.close());

test('a user who is whole is counted, listed and found', async () => {
  const { overview, users, sweeps } = engine.dashboardData;
  expect(await overview()).toMatchObject({
    users: { known: 1, synced: 1, unseen: 0 },
    upstreams: expect.arrayContaining([expect.objectContaining({ upstream: 'auth0', tenant: TENANT })]),
  });
  for (const query of [{}, { sync: 'Synced' }, { search: alice.email }, { search: alice.user }] as const) {
    const answer = await users(query);
    expect(answer, JSON.stringify(query)).toMatchObject({
      users: [{ user: alice.user, sync: 'Synced' }],
      next: null,
    });
    expect(JSON.stringify(answer)).not.toContain('@example.com');
  }
  expect(await users({ situation: 'failing' })).toMatchObject({ users: [] });
  expect(await sweeps()).toMatchObject({ tenants: [{ tenant: TENANT, running: null }], runs: [], halts: [] });
});

test('the history has what was done', async () => {
  // On a slow machine a page is answered before they are counted, with none.
  const buckets = await until('the hour is counted', async () => {
    const answer = await engine.dashboardData.history('1h');
    return answer.buckets.length > 0 && answer.buckets;
  });
  expect(buckets).toHaveLength(60);
  const sum = (what: 'effects' | 'converged') => buckets.reduce((all, bucket) => all + bucket[what], 0);
  expect(sum('converged')).toBe(1);
  expect(sum('effects')).toBeGreaterThan(2);
});

test('whoever listens is told of a pass over somebody new', async () => {
  const leaving = new AbortController();
  const messages: LiveMessage[] = [];
  const listen = async () => {
    for await (const message of engine.dashboardData.live(leaving.signal)) messages.push(message);
  };
  const listening = listen();
  await until('the log is followed', () => messages.some(({ name }) => name === 'changed'));
  const bob = join(world, 'bob');
  await reconcileUser(engine.reconcile, bob);
  await until('it is told whose history grew', () =>
    messages.some(({ name, data }) => name === 'changed' && data.users?.includes(bob.user)),
  );
  await until('the overview has both', () =>
    messages.some(({ name, data }) => name === 'overview' && data.users.synced === 2),
  );
  leaving.abort();
  await listening;
});
