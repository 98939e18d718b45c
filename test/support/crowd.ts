/** Many people who are due at once, and the questions that must have one answer for all of them. */
import { expect } from 'vitest';
import type { ConcordEvent } from '../../src/events/event.ts';
import type { Pds } from '../../src/sandbox/servers/pds.ts';
import type { Engine } from '../../src/wiring/engine.ts';
import { chooseHandle, join, type Member, type StoredMember } from './member.ts';
import type { Platform } from './platform.ts';

/** People with a verified email and nothing else; every other one has chosen a handle. */
export async function gather(platform: Platform, count: number): Promise<readonly Member[]> {
  const members = Array.from({ length: count }, (_, index) =>
    join(platform, index % 2 === 0 ? 'alice' : 'bob'),
  );
  await Promise.all(
    members
      .filter((_, index) => index % 2 === 0)
      .map((member) => chooseHandle(platform, member, member.label)),
  );
  return members;
}

/** How many users documents name an account. */
export function accountsRecorded({ db }: Platform): Promise<number> {
  return db.collection('users').countDocuments({ 'atproto.did': { $exists: true } });
}

/** By one question of the database, since it is asked again and again while they are being converged. */
export async function everyoneSynced({ db }: Platform, members: readonly Member[]): Promise<boolean> {
  const settled = { 'view.sync': 'Synced', due: { $exists: false } };
  return (await db.collection('concord.subjects').countDocuments(settled)) === members.length;
}

/**
 * Nobody waits, and nobody is worked on. The queue alone does not tell: a leased user is no longer due. What is seen is
 * acknowledged by a majority, so whoever wrote it knows it too.
 */
export async function everyoneAtRest({ db }: Platform): Promise<boolean> {
  const busy = { $or: [{ due: { $exists: true } }, { lease: { $exists: true } }] };
  const subjects = db.collection('concord.subjects', { readConcern: 'linearizable' });
  return (await subjects.countDocuments(busy)) === 0;
}

export interface PdsCounts {
  readonly dids: number;
  readonly repositories: number;
}

export async function countPds(pds: Pds, { accounts }: Engine): Promise<PdsCounts> {
  let repositories = 0;
  for await (const page of accounts.repositories()) repositories += page.length;
  return { dids: await pds.plcOperations(), repositories };
}

const OUTCOMES: readonly ConcordEvent['type'][] = [
  'account.created',
  'account.recorded',
  'account.creation-refused',
  'account.creation-abandoned',
];

/** Each has one document, one code of its own and one account; and each intent in the log has one outcome. */
export async function expectWholeOnce(
  platform: Platform,
  engine: Engine,
  members: readonly Member[],
): Promise<void> {
  const users = await platform.db.collection<StoredMember>('users').find().toArray();
  expect(users.map(({ _id }) => _id).sort()).toEqual(members.map(({ user }) => user).sort());
  expect(new Set(users.map(({ code }) => code ?? 'none')).size).toBe(members.length);
  const dids = users.flatMap(({ atproto }) => atproto?.did ?? []);
  expect(new Set(dids).size).toBe(members.length);

  const accounts = await engine.accounts.accounts(dids);
  for (const [index, member] of members.entries()) {
    const stored = users.find(({ _id }) => _id === member.user);
    const found = stored?.atproto === undefined ? undefined : accounts.get(stored.atproto.did);
    const account = found === 'unreadable' ? undefined : found;
    const label = index % 2 === 0 ? member.label : stored?.code;
    expect(account).toMatchObject({ email: member.email, handle: `${label}.at.test` });
    expect(stored?.atproto?.handle).toBe(account?.handle);
    expect(stored?.atprotoPending).toBeUndefined();
  }
  for (const { user } of members) {
    const events = await engine.log.ofUser(user);
    const count = (...types: readonly ConcordEvent['type'][]) =>
      events.filter(({ type }) => types.includes(type)).length;
    expect(count(...OUTCOMES)).toBe(count('account.creation-intended'));
    expect(count('account.created', 'account.recorded')).toBe(1);
    expect(count('code.assigned')).toBe(1);
  }
}
