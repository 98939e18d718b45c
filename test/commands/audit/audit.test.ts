/** An audit of any size: everyone is counted, few are shown, and nobody is kept who is told of at once. */
import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { type AuditScope, audit } from '../../../src/commands/audit/audit.ts';
import { printAudit } from '../../../src/commands/audit/report.ts';
import { momentAgo, momentAhead } from '../../../src/commands/moment.ts';
import { UsageError } from '../../../src/errors.ts';
import { printLine } from '../../../src/terminal/output.ts';
import { handle, tenant } from '../../mongo/subjects/people.ts';
import { accountOf, mainTenant, populate, sweepDeps } from '../../support/in-memory/sweeps.ts';
import { userPagesOf } from '../../support/in-memory/user-pages.ts';
import { auth0User, createWorld, reconcileUser, type World } from '../../support/in-memory/world.ts';

function auditOf(world: World, scope: Partial<AuditScope> = {}) {
  const userPages = userPagesOf(world.subjects, [tenant]);
  return audit(
    { assess: sweepDeps(world), tenants: [mainTenant(world)], userPages },
    { limit: 50, ...scope },
  );
}

async function affected() {
  const world = createWorld();
  const people = await populate(world, 12);
  for (const { user } of people.slice(0, 5)) world.documents.verifications.set(user, 0);
  const [, , , hidden] = people;
  const did = hidden === undefined ? undefined : accountOf(world, hidden)?.did;
  if (did !== undefined) world.accounts.change(did, { status: 'takendown' });
  return { world, people };
}

it('counts everyone in trouble and each situation, and shows as many as it is to', async () => {
  const { world } = await affected();
  const report = await auditOf(world, { limit: 2 });
  expect(report).toMatchObject({
    usersInTrouble: 5,
    since: null,
    totals: { verifications: { have: 12, of: 12 }, accounts: { have: 11, of: 12 } },
    situations: [
      { resource: 'verification', reason: 'NotRecorded', users: 5 },
      { resource: 'account', reason: 'AccountTakenDown', users: 1 },
    ],
    orphans: { documents: 0, accounts: 0 },
  });
  expect(report.users).toHaveLength(2);
});

it('tells of each as they are found, and keeps none of them', async () => {
  const { world, people } = await affected();
  const told: string[] = [];
  const report = await auditOf(world, {
    limit: Number.POSITIVE_INFINITY,
    onUser: async ({ user }) => void told.push(user),
  });
  expect(told).toEqual(people.slice(0, 5).map(({ user }) => user));
  expect(report.users).toEqual([]);
});

it('counts what belongs to nobody, by the listings alone', async () => {
  const { world, people } = await affected();
  world.accounts.put({ handle: handle('stranger'), email: 'stranger@example.com' });
  const [, second] = people;
  // Known and not listed: it is for a sweep to doubt that, so nothing of theirs is nobody's yet.
  if (second !== undefined) world.directory.remove(second.userId);
  world.documents.verifications.set('auth0|nobody' as never, 1);
  expect((await auditOf(world)).orphans).toEqual({ documents: 1, accounts: 1 });
});

it('counts users who are known and deleted in Auth0, and lists none of them as in sync', async () => {
  const world = createWorld();
  const [first, second, ...others] = await populate(world, 4);
  if (first === undefined || second === undefined) throw new Error('nobody signed up');
  for (const who of [first, second]) {
    world.directory.remove(who.userId);
    await reconcileUser(world, who);
  }
  const report = await auditOf(world);
  expect(report).toMatchObject({ deleted: 2, usersInTrouble: 0 });
  expect(report.totals.users).toEqual({ have: others.length, of: others.length });
  const printed = new PassThrough();
  printAudit(report, { stdout: printed as never, style: (_format, text) => text });
  expect(String(printed.read())).toMatch(/^ +2 deleted in Auth0/m);
  // Listed again, the user is judged by the listing and not by what was known.
  world.directory.put(auth0User(second));
  expect(await auditOf(world)).toMatchObject({ deleted: 1 });
});

it('of those since a moment looks at them alone, and concludes nothing about others', async () => {
  const { world, people } = await affected();
  const [newest] = people;
  const since = new Date('2026-03-01T13:00:00Z');
  if (newest !== undefined)
    world.directory.put(auth0User(newest, { createdAt: new Date('2026-03-01T13:00:01Z') }));
  expect(await auditOf(world, { since })).toMatchObject({
    ...{ since: since.toISOString(), usersInTrouble: 1, orphans: null },
    totals: { users: { have: 1, of: 1 } },
  });
});

it('waits for a reader that does not keep up', async () => {
  const reader = new PassThrough({ highWaterMark: 8 });
  let written = false;
  const writing = printLine({ type: 'user', user: 'auth0|alice' }, reader).then(() => {
    written = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(written).toBe(false);
  reader.resume();
  await writing;
});

const now = new Date('2026-03-01T12:00:00Z');

it.each([
  ['24h', '2026-02-28T12:00:00.000Z'],
  ['7d', '2026-02-22T12:00:00.000Z'],
  ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.000Z'],
])('--since %s is a moment in the past', (text, moment) => {
  expect(momentAgo(text, now).toISOString()).toBe(moment);
});

it.each(['soon', '2030-01-01', '2030-01-01T00:00:00Z', '12', ''])('--since %s is refused', (text) => {
  expect(() => momentAgo(text, now)).toThrow(UsageError);
});

it('--until is a moment to come', () => {
  expect(momentAhead('30m', now).toISOString()).toBe('2026-03-01T12:30:00.000Z');
  for (const end of ['2026-01-01T00:00:00Z', 'tomorrow', '12', '-1h'])
    expect(() => momentAhead(end, now)).toThrow(UsageError);
});
