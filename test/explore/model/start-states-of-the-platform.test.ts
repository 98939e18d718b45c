/** Whatever others have removed or written before Concord looks: it is left as it is, or asked about, in two passes. */
import { expect, it } from 'vitest';
import type { ConcordEvent } from '../../../src/events/event.ts';
import { type Did, eventId } from '../../../src/identity.ts';
import { alice, code, handle } from '../../mongo/subjects/people.ts';
import { report } from '../search/report.ts';
import { Run } from '../search/run.ts';
import { plain } from '../search/schedule.ts';
import type { Scenario } from './scenario.ts';
import type { World } from './world.ts';

const AUTH0 = ['verified', 'unverified', 'blocked', 'gone', 'back'] as const;
const REMOVED = ['nothing', 'verification', 'document', 'record', 'code', 'account'] as const;
/** How Concord knows what was there: by a first sight, and of a user whom it has never seen not at all. */
const KNOWN = ['seen', 'never seen'] as const;
/** That of the document: ours, an older one, or another than was seen. */
const CODES = ['ac26nobeb', 'ac3abcde', 'AC23Bebac', 'another'] as const;
const PASSWORDS = ['plaintext', 'sealed', 'none'] as const;

interface Start {
  readonly auth0: (typeof AUTH0)[number];
  readonly removed: (typeof REMOVED)[number];
  readonly known: (typeof KNOWN)[number];
  readonly code: (typeof CODES)[number];
  readonly password: (typeof PASSWORDS)[number];
}

function isReachable({ auth0, known, code: written }: Start): boolean {
  // Nobody is back who was never known, and another code than was seen needs one that was.
  return known === 'seen' || (auth0 !== 'back' && written !== 'another');
}

const starts: readonly Start[] = AUTH0.flatMap((auth0) =>
  REMOVED.flatMap((removed) =>
    KNOWN.flatMap((known) =>
      CODES.flatMap((written) =>
        PASSWORDS.map((password) => ({ auth0, removed, known, code: written, password })),
      ),
    ),
  ),
).filter(isReachable);

const SEEN_CODE = code('ac26nobeb');

async function lay(world: World, start: Start): Promise<void> {
  const { documents, accounts } = world;
  await world.signUp(alice, {
    emailVerified: start.auth0 !== 'unverified',
    blocked: start.auth0 === 'blocked',
  });
  const written = start.code === 'another' ? code('ac26zuzuz') : code(start.code);
  const carried = start.code === 'another' ? SEEN_CODE : written;
  const did = accounts.put({
    handle: handle(carried.toLowerCase()),
    email: 'alice@example.com',
    password: 'mine',
  });
  world.known.add(did);
  documents.verifications.set(alice.user, 2);
  const secret = { plaintext: 'mine', sealed: `${alice.user}/mine`, none: undefined }[start.password];
  const password = secret === undefined ? {} : { password: secret };
  const account = { did, handle: handle(carried.toLowerCase()), ...password };
  documents.users.set(alice.user, { code: written, when: world.clock.now(), account });
  if (start.known === 'seen') await world.log.append(firstSight(world, did, carried));
  await remove(world, start.removed, did);
  if (start.auth0 === 'gone' || start.auth0 === 'back') world.directory.remove(alice.userId);
  if (start.auth0 === 'back') await world.signUp(alice);
}

/** As a sweep tells it that found the user in sync, after a read of Auth0. */
function firstSight(world: World, did: Did, seen: typeof SEEN_CODE): ConcordEvent[] {
  const at = world.clock.now();
  const { userId } = alice;
  const user = { userId, email: 'alice@example.com', emailVerified: true, blocked: false };
  const account = { did, handle: handle(seen.toLowerCase()), email: 'alice@example.com' };
  const found = { code: seen, account, verification: 2, document: { when: at.toISOString() }, record: did };
  const common = { user: alice.user, tenant: alice.tenant, recordedAt: at, cause: [] };
  const createdAt = '2026-03-01T11:59:58.000Z';
  return [
    { ...common, _id: eventId('read'), at, type: 'auth0.user-observed', data: { ...user, createdAt } },
    {
      ...common,
      _id: eventId('seen'),
      at: new Date(at.getTime() + 1),
      type: 'subject.observed',
      data: found,
    },
  ];
}

async function remove(world: World, what: Start['removed'], did: Did): Promise<void> {
  const { users, verifications } = world.documents;
  const document = users.get(alice.user) ?? {};
  const { code: _code, ...withoutCode } = document;
  const { account: _account, ...withoutRecord } = document;
  if (what === 'verification') verifications.delete(alice.user);
  if (what === 'document') users.delete(alice.user);
  if (what === 'code') users.set(alice.user, withoutCode);
  if (what === 'record') users.set(alice.user, withoutRecord);
  if (what === 'account') await world.accounts.deleteAccount(did);
}

function scenarioOf(start: Start): Scenario {
  const entry = start.auth0 === 'gone' ? 'sdu' : 's';
  const delivers = [{ who: alice, code: entry }];
  return {
    name: JSON.stringify(start),
    people: [alice],
    steps: [{ happens: (world) => lay(world, start), delivers }],
  };
}

/** What has to be said of what was removed; undefined where it says nothing, as of a user for whom nothing is done. */
function wanted({ auth0, removed, known, code: written }: Start): string | undefined {
  if (auth0 === 'blocked' || auth0 === 'gone' || auth0 === 'back') return undefined;
  // The document names an account that is not there, whoever has seen it before.
  if (removed === 'account') return 'AccountMissing';
  if (known === 'never seen' || removed === 'nothing') return undefined;
  if (removed !== 'code') return 'DocumentRemoved';
  return written === 'another' ? undefined : 'HasCode';
}

it('brings nothing back, and asks where something is missing', { timeout: 300_000 }, async () => {
  const wrong: string[] = [];
  let asked = 0;
  for (const start of starts) {
    const { states, violations, reconciliations } = await new Run(plain(scenarioOf(start))).go([]);
    const [state = ''] = states;
    const where = JSON.stringify(start);
    for (const flaw of violations) wrong.push(`${where}: ${flaw}`);
    if ((reconciliations[0] ?? 0) > 2) wrong.push(`${where}: ${reconciliations[0]} passes`);
    const reason = wanted(start);
    if (state.includes('DocumentRemoved') || state.includes('AccountMissing')) asked += 1;
    if (reason !== undefined && !state.includes(reason)) wrong.push(`${where}: ends as ${state}`);
  }
  report(
    `R4: ${starts.length} more, with what others have removed and written; ${asked} of them ask for a decision`,
  );
  expect(starts.length).toBeGreaterThanOrEqual(150);
  expect(wrong).toEqual([]);
});
