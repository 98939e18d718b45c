/** Users whom the configuration excludes: nothing is done, in no way and not by hand, and that is shown (W14). */

import { writeFile } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { expect, test } from 'vitest';
import { audit } from '../src/commands/audit/audit.ts';
import { sweep } from '../src/engine/sweep/sweep.ts';
import type { Engine } from '../src/wiring/engine.ts';
import { all } from './mongo/subjects/people.ts';
import { chooseHandle, eventsOf, join, type Member, reconcileUser, storedMember } from './support/member.ts';
import { type Overlay, type Platform, platform, TENANT } from './support/platform.ts';
import { documentOf, type Ended, runProgram, temporaryDirectory } from './support/program.ts';
import { until } from './support/until.ts';

async function swept(engine: Engine): Promise<unknown> {
  const [tenant] = engine.tenants;
  if (tenant === undefined) throw new Error('There is no tenant.');
  return sweep(engine.sweep, tenant);
}

async function work(engine: Engine): Promise<string[]> {
  const { queue, clock, settings } = engine;
  const ends: string[] = [];
  for (;;) {
    const lease = await queue.claim(clock.now(), settings.leaseMs);
    if (lease === undefined) return ends;
    await queue.release(lease);
    ends.push((await reconcileUser(engine.reconcile, lease as unknown as Member)).end);
  }
}

async function listed(engine: Engine, count: number): Promise<void> {
  await until(`${count} users are listed`, async () => {
    let users = 0;
    for (const { directory } of engine.tenants)
      for await (const page of directory.everyone()) users += page.users.length;
    return users === count;
  });
}

async function runExcluding(world: Platform, overlay: Overlay, ...args: readonly string[]): Promise<Ended> {
  const path = joinPath(await temporaryDirectory(), 'exclude.yaml');
  await writeFile(path, JSON.stringify(overlay));
  return runProgram(['--config', path, ...args], { env: world.env });
}

test('an excluded user is touched by nothing, and by no command', async () => {
  const world = await platform();
  const bob = join(world, 'bob');
  const guest = join(world, 'alice', { provider: 'samlp' });
  await chooseHandle(world, guest, guest.label);
  const overlay = { exclude: ['samlp|*'] };
  const engine = world.engine(overlay);
  await engine.prepare();
  await listed(engine, 2);
  expect(await swept(engine)).toMatchObject({ users: 1, excluded: 1, drifted: 1, orphans: { documents: 0 } });
  expect(await work(engine)).toEqual(['converged']);
  expect(await storedMember(world, bob)).toBeDefined();
  expect(await storedMember(world, guest)).toBeUndefined();

  const served = await world.serve({ overlay });
  const response = await fetch(served.endpoint, {
    method: 'POST',
    headers: { authorization: world.logToken },
    body: JSON.stringify([{ log_id: '1', data: { type: 'ss', user_id: guest.userId } }]),
  });
  expect(await response.json()).toMatchObject({ accepted: 0, ignored: 1 });
  const [tenant] = engine.tenants;
  if (tenant === undefined) throw new Error('There is no tenant.');
  expect(await engine.ignored.read([tenant.id])).toMatchObject([{ reason: 'excluded', count: 1 }]);
  expect(await reconcileUser(engine.reconcile, guest)).toMatchObject({ end: 'excluded', applied: [] });
  expect(await engine.subjects.get(guest.user)).toBeUndefined();
  expect(await all(engine.log.read({ user: guest.user }))).toEqual([]);
  const side = { ...engine, assess: engine.assess };
  expect(await audit(side, { limit: 9 })).toMatchObject({
    ...{ excluded: 1, users: [], totals: { users: { of: 1 } }, orphans: { documents: 0 } },
  });

  const why = ['--reason', 'a test', '--by', 'carol'];
  const commands = [['reconcile'], ['plan'], ['pause', ...why], ['adopt', ...why], ['restore', ...why]];
  for (const [command = '', ...options] of [...commands, ['password']]) {
    const ended = await runExcluding(world, overlay, command, ...options, guest.userId);
    expect(ended.stderr, command).toContain('The configuration excludes this user (exclude: samlp|*)');
    expect([command, ended.code]).toEqual([command, 1]);
  }
  const plan = joinPath(await temporaryDirectory(), 'plan.json');
  expect((await runExcluding(world, {}, 'plan', guest.userId, '--out', plan)).code).toBe(2);
  const applied = await runExcluding(world, overlay, '--json', 'apply', plan, '--yes');
  expect(documentOf(applied)).toMatchObject({ applied: [], leftOut: [{ reason: 'Withheld' }] });
  expect(applied.code, 'nothing was changed').toBe(2);
  const explained = await runExcluding(world, overlay, 'explain', guest.userId);
  expect(explained.stdout).toContain('The configuration excludes this user (exclude: samlp|*)');
  const orphans = documentOf(await runExcluding(world, overlay, '--json', 'audit', '--orphans'));
  expect(orphans).toMatchObject({ orphans: { orphanDocuments: 0 } });
});

test('a known user who becomes excluded is shown as that and left, until the configuration says otherwise', async () => {
  const world = await platform();
  const before = world.engine();
  await before.prepare();
  const alice = join(world, 'alice');
  expect(await reconcileUser(before.reconcile, alice)).toMatchObject({ end: 'converged' });
  await listed(before, 1);

  const excluding = world.engine({ exclude: [alice.userId] });
  await chooseHandle(world, alice, alice.label);
  expect(await swept(excluding)).toMatchObject({ users: 0, excluded: 1, halts: [] });
  expect(await work(excluding)).toEqual(['excluded']);
  const excluded = { sync: 'Synced', health: 'Excluded', conditions: [{ reason: 'Excluded' }] };
  expect(await excluding.subjects.get(alice.user)).toMatchObject(excluded);
  expect(await swept(excluding)).toMatchObject({ users: 0, excluded: 1 });
  expect(await work(excluding)).toEqual([]);
  expect(await eventsOf(excluding, alice, 'user.excluded')).toHaveLength(1);
  expect(await eventsOf(excluding, alice, 'handle.changed')).toEqual([]);
  const status = documentOf(await runExcluding(world, { exclude: [alice.userId] }, '--json', 'status'));
  expect(status).toMatchObject({ users: { known: 0, synced: 0, excluded: 1 } });

  expect(await swept(before)).toMatchObject({ users: 1, drifted: 1 });
  expect(await work(before)).toEqual(['converged']);
  expect(await before.subjects.get(alice.user)).toMatchObject({ health: 'Healthy' });
  expect(await eventsOf(before, alice, 'handle.changed')).toHaveLength(1);
});

test('an exclusion of one tenant names Auth0 ids, and concerns no other tenant', async () => {
  const world = await platform({ sisterTag: null });
  const tenants = world.config().tenants.map((tenant) => ({
    ...{ ...tenant, managementUrl: tenant.managementUrl },
    exclude: tenant.id === TENANT ? [] : ['auth0|*'],
  }));
  const engine = world.engine({ tenants });
  await engine.prepare();
  const [first, second] = [join(world, 'alice'), join(world, 'bob', { of: 'sister' })];
  expect(await reconcileUser(engine.reconcile, first)).toMatchObject({ end: 'converged' });
  expect(await reconcileUser(engine.reconcile, second)).toMatchObject({ end: 'excluded' });
});
