/** What an audit lists beside who is not as desired: the newest sign-ups, and who has no account. */
import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { type AuditScope, audit } from '../../../src/commands/audit/audit.ts';
import { printAudit } from '../../../src/commands/audit/report.ts';
import type { AssessedTenant } from '../../../src/engine/reconcile/read-side.ts';
import { alice, bob, otherTenant, person, tenant } from '../../mongo/subjects/people.ts';
import { inMemoryDirectory } from '../../support/in-memory/directory.ts';
import {
  accountOf,
  countCalls,
  mainTenant,
  populate,
  sweepDeps,
  write,
} from '../../support/in-memory/sweeps.ts';
import { userPagesOf } from '../../support/in-memory/user-pages.ts';
import { auth0User, createWorld, reconcileUser, type World } from '../../support/in-memory/world.ts';

function auditOf(world: World, scope: Partial<AuditScope>, tenants: AssessedTenant[] = [mainTenant(world)]) {
  const userPages = userPagesOf(world.subjects, [tenant]);
  return audit({ assess: sweepDeps(world), tenants, userPages }, { limit: 50, ...scope });
}

function day(day: number): Date {
  return new Date(Date.UTC(2026, 0, day));
}

async function printed(report: Awaited<ReturnType<typeof auditOf>>): Promise<string> {
  const stdout = new PassThrough();
  printAudit(report, { stdout: stdout as unknown as NodeJS.WriteStream, style: (_style, text) => text });
  stdout.end();
  return (await stdout.toArray()).join('');
}

it('the newest sign-ups of all tenants, the newest first, each with its status and with a few reads only', async () => {
  const world = createWorld();
  const people = await populate(world, 6);
  for (const [at, who] of people.entries())
    world.directory.put({ ...auth0User(who), createdAt: day(1 + at) });
  const [, , , fourth, fifth, sixth] = people;
  const gone = fifth === undefined ? undefined : accountOf(world, fifth)?.did;
  if (gone !== undefined) world.accounts.change(gone, { status: 'deactivated' });
  const other = inMemoryDirectory();
  const carol = person('carol');
  other.put({ ...auth0User(carol), emailVerified: false, createdAt: day(5) });
  const second = { id: otherTenant, keyPrefix: `${otherTenant}-`, emailTag: undefined, directory: other };
  const calls = countCalls(world);
  const report = await auditOf(world, { last: 4, limit: 4 }, [mainTenant(world), second]);
  expect(calls()).not.toHaveProperty('accounts.repositories');
  const keys = report.users.map(({ user }) => user);
  expect(keys.toSorted()).toEqual(
    [sixth?.user, fifth?.user, fourth?.user, `${otherTenant}-${carol.userId}`].toSorted(),
  );
  expect(keys[0]).toBe(sixth?.user);
  expect(keys.at(-1)).toBe(fourth?.user);
  expect(report).toMatchObject({ last: 4, orphans: null, deleted: null, usersInTrouble: 2 });
  const byKey = new Map(report.users.map((row) => [row.user, row]));
  expect(byKey.get(sixth?.user ?? '')).toMatchObject({
    sync: 'Synced',
    reasons: [],
    createdAt: day(6).toISOString(),
  });
  expect(byKey.get(fifth?.user ?? '')?.reasons).toContain('AccountDeactivated');
  expect(byKey.get(`${otherTenant}-${carol.userId}`)?.reasons).toContain('WaitingForEmailVerification');
  const text = await printed(report);
  expect(text).toContain(`${day(6).toISOString()}  ${sixth?.user ?? ''}`);
  expect(text).not.toContain('more; --limit');
});

it('who has no account, each with the reason, whether it is in order or not', async () => {
  const world = createWorld();
  const [waiting, blocked, lacking, missing] = await populate(world, 6);
  if (!waiting || !blocked || !lacking || !missing) throw new Error('There are six.');
  const unverified = person('dave');
  world.directory.put({ ...auth0User(unverified), emailVerified: false });
  await reconcileUser(world, unverified);
  const banned = person('erin');
  world.directory.put({ ...auth0User(banned), blocked: true });
  await reconcileUser(world, banned);
  // Never looked at.
  world.directory.put(auth0User(alice));
  world.directory.put(auth0User(bob));
  await write(world, 'user.paused', { by: 'carol', reason: 'x', until: null }, bob);
  const did = accountOf(world, missing)?.did;
  if (did !== undefined) world.accounts.stored.delete(did);
  const report = await auditOf(world, { withoutAccount: true });
  expect(Object.fromEntries(report.users.map(({ user, reasons }) => [user, reasons]))).toEqual({
    [unverified.user]: ['WaitingForEmailVerification'],
    [banned.user]: ['UserBlocked'],
    [alice.user]: expect.arrayContaining(['WaitingForCode']),
    [bob.user]: expect.arrayContaining(['Paused', 'WaitingForCode']),
    [missing.user]: expect.arrayContaining(['AccountMissing']),
  });
  expect(report.withoutAccount).toEqual({ users: 5, pending: 3 });
  expect(await printed(report)).toContain('5 users without an account, 3 of them');
  const told: string[] = [];
  const streamed = await auditOf(world, {
    withoutAccount: true,
    limit: Number.POSITIVE_INFINITY,
    onUser: async ({ user }) => void told.push(user),
  });
  expect([told.length, streamed.users]).toEqual([5, []]);
  expect((await auditOf(world, { withoutAccount: true, limit: 2 })).users).toHaveLength(2);
});
