/** Wherever a user is found, in whatever half-made state, two passes are enough or a person is asked. */
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import type { ConcordEvent, EventData, EventType } from '../../../src/events/event.ts';
import { type Did, eventId } from '../../../src/identity.ts';
import { alice, aliceDid, code, handle } from '../../mongo/subjects/people.ts';

import { report } from '../search/report.ts';
import { Run } from '../search/run.ts';
import { plain } from '../search/schedule.ts';
import type { Scenario } from './scenario.ts';
import type { World } from './world.ts';

const AUTH0 = ['unverified', 'verified', 'blocked', 'gone'] as const;
const DOCUMENT = [
  'none',
  'without a code',
  'with a code',
  'with an account',
  'with an account, no password',
] as const;
const PDS = ['none', 'active', 'deactivated', 'no-repo', 'another’s'] as const;
const INTENT = ['none', 'open'] as const;
const COUNT = [undefined, 0, 1] as const;

interface Start {
  readonly auth0: (typeof AUTH0)[number];
  readonly document: (typeof DOCUMENT)[number];
  readonly pds: (typeof PDS)[number];
  readonly intent: (typeof INTENT)[number];
  readonly count: (typeof COUNT)[number];
}

const MY_CODE = code('ac26nobeb');

/** Only what a broken pass, the platform, or another client of the PDS can leave behind. */
function isReachable({ document, pds, intent }: Start): boolean {
  const hasCode = document.startsWith('with a') || document === 'with a code';
  // The intent is written after the sealed password is on a document with a code.
  if (intent === 'open' && (!hasCode || document.endsWith('no password'))) return false;
  const isNamed = document.startsWith('with an account');
  if (pds === 'another’s') return !isNamed;
  return isNamed || intent === 'open' || pds === 'none' || pds === 'active';
}

const starts: readonly Start[] = AUTH0.flatMap((auth0) =>
  DOCUMENT.flatMap((document) =>
    PDS.flatMap((pds) =>
      INTENT.flatMap((intent) => COUNT.map((count) => ({ auth0, document, pds, intent, count }))),
    ),
  ),
).filter(isReachable);

async function lay(world: World, start: Start): Promise<void> {
  const { documents } = world;
  world.choose(alice, 'alice');
  await world.change(alice, {
    emailVerified: start.auth0 !== 'unverified',
    blocked: start.auth0 === 'blocked',
  });
  if (start.auth0 === 'gone') world.directory.remove(alice.userId);
  if (start.count !== undefined) documents.verifications.set(alice.user, start.count);
  const did = layAccount(world, start);
  const isNamed = start.document.startsWith('with an account');
  if (start.document !== 'none') {
    const named = { did: did ?? aliceDid, handle: handle('alice') };
    const secret = start.document.endsWith('no password') ? {} : { password: `${alice.user}/mine` };
    documents.users.set(alice.user, {
      ...(start.document === 'without a code' ? {} : { code: MY_CODE }),
      ...(isNamed ? { account: { ...named, ...secret } } : {}),
    });
  }
  if (start.intent === 'none') return;
  await documents.keepPendingPassword(alice.user, eventId('intent'), `${alice.user}/mine`);
  const inviteHash = createHash('sha256').update('left').digest('hex');
  const data = { handle: handle('alice'), email: 'alice@example.com', inviteHash };
  const heard = event(world, 'auth0.log-received', { logId: 'heard', code: 'ss', hint: null, raw: '' });
  const planned = event(world, 'actions.intended', {
    actions: [{ resource: 'account', type: 'create-account' }],
  });
  const intended = { ...event(world, 'account.creation-intended', data), cause: [eventId('planned')] };
  await world.log.append([
    { ...heard, _id: eventId('heard') },
    { ...planned, _id: eventId('planned'), cause: [eventId('heard')] },
    intended,
  ]);
}

function layAccount(world: World, { pds }: Start): Did | undefined {
  if (pds === 'none') return undefined;
  const another = pds === 'another’s';
  const did = world.accounts.put({
    handle: handle('alice'),
    email: another ? 'another@example.com' : 'alice@example.com',
    password: 'mine',
    inviteCode: another ? 'another' : 'left',
    status: pds === 'deactivated' ? 'deactivated' : 'active',
    hasRepo: pds !== 'no-repo',
  });
  world.known.add(did);
  return did;
}

function event<T extends EventType>(world: World, type: T, data: EventData[T]): ConcordEvent {
  const now = world.clock.now();
  const made = { ...alice, _id: eventId('intent'), type, at: now, recordedAt: now, cause: [], data };
  return made as unknown as ConcordEvent;
}

function scenarioOf(start: Start): Scenario {
  const deletion = start.auth0 === 'gone' ? 'sdu' : 'ss';
  const delivers = [{ who: alice, code: deletion }];
  return {
    name: JSON.stringify(start),
    people: [alice],
    steps: [{ happens: (world) => lay(world, start), delivers }],
  };
}

const EMPTY: Start = { auth0: 'verified', document: 'none', pds: 'none', intent: 'none', count: undefined };

it('converges from every start in two passes, or asks a person', { timeout: 300_000 }, async () => {
  const fromEmpty = (await new Run(plain(scenarioOf(EMPTY))).go([])).states[0];
  const wrong: string[] = [];
  let held = 0;
  for (const start of starts) {
    const { states, violations, reconciliations, trace } = await new Run(plain(scenarioOf(start))).go([]);
    const [state = ''] = states;
    const isHeld = state.includes(' held');
    if (isHeld) held += 1;
    const where = JSON.stringify(start);
    for (const flaw of violations) wrong.push(`${where}: ${flaw}`);
    // Passes that only wait for time come on top: a creation is given time to settle, once.
    const wait = start.intent === 'open' ? 1 : 0;
    if ((reconciliations[0] ?? 0) > 2 + wait)
      wrong.push(`${where}: ${reconciliations[0]} passes, ${trace.length} calls`);
    const comparable = start.auth0 === 'verified' && !isHeld && start.pds !== 'another’s';
    if (comparable && state !== fromEmpty) wrong.push(`${where}: ends as ${state}`);
  }
  report(
    `R4: ${starts.length} reachable start states, ${held} end with a person to be asked, the others converge`,
  );
  expect(starts.length).toBeGreaterThanOrEqual(150);
  expect(wrong).toEqual([]);
});
