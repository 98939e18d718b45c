/**
 * A bug report of anybody, at any moment of any history: loaded as a fixture it gives the same plan, and nothing in
 * it names anybody of the original.
 */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { peopleOf } from '../../../src/engine/intake/people.ts';
import { capture, planOf } from '../../../src/engine/operations/capture/capture.ts';
import type { Capture } from '../../../src/engine/operations/capture/capture-file.ts';
import { successorSearch } from '../../../src/engine/reconcile/claims/successors.ts';
import type { AssessDeps, AssessedTenant } from '../../../src/engine/reconcile/read-side.ts';
import { otherTenant, type Person, tenant } from '../../mongo/subjects/people.ts';
import { loadCapture } from '../../support/captured.ts';
import { inMemoryDatabaseClock } from '../../support/in-memory/database-clock.ts';
import { inMemoryClients } from '../../support/in-memory/independent.ts';
import { firstTenantsTag, SECOND_TENANTS_TAG } from '../../support/in-memory/world.ts';
import { histories, scenarioOf } from '../model/histories.ts';
import type { Scenario } from '../model/scenario.ts';
import { scenarios } from '../model/scenarios/scenarios.ts';
import type { World } from '../model/world.ts';
import { FAULT_KINDS, faultsOf } from './faults.ts';
import { report } from './report.ts';
import { Run } from './run.ts';
import { plain, type Schedule } from './schedule.ts';

const RUNS = 15;
const SEED = 20_260_302;
/** A process that dies after one of these leaves the most to be told. */
const TELLING = new Set([
  'createAccount',
  'recordAccount',
  'changeHandle',
  'changeEmail',
  'deleteAccount',
  'setPassword',
]);
/** Names that are words of nobody's language but the tests'. */
const NAMES = /alice|alix|\bbob\b|stranger|shared|example\.com|at\.test|\bmain\b|\bsecond\b|password-\d/i;

function tenantOf({ world, areLinked }: Run, who: Person): AssessedTenant {
  const { auth0, secondAuth0 } = world.stores;
  const first = { id: tenant, keyPrefix: '', directory: auth0, emailTag: firstTenantsTag(areLinked) };
  const prefix = { id: otherTenant, keyPrefix: `${otherTenant}-` };
  const second = { ...prefix, directory: secondAuth0, emailTag: SECOND_TENANTS_TAG };
  const [own, other] = who.tenant === tenant ? [first, second] : [second, first];
  return { ...own, linkedTenant: areLinked ? other : undefined };
}

function depsOf({ stores, settings }: World): AssessDeps {
  const { documents, accounts, dids, inactive, subjects, reservations, log } = stores;
  const { auth0, secondAuth0 } = stores;
  const people = peopleOf([
    { keyPrefix: '', directory: auth0 },
    { keyPrefix: `${otherTenant}-`, directory: secondAuth0 },
  ]);
  const handleDomain = async (): Promise<string> => (await accounts.handleDomains())[0] ?? '';
  const successors = successorSearch(subjects, [
    { id: tenant, keyPrefix: '', directory: auth0 },
    { id: otherTenant, keyPrefix: `${otherTenant}-`, directory: secondAuth0 },
  ]);
  const read = { documents, accounts, dids, inactive, subjects, reservations, people, successors };
  const { clients } = inMemoryClients();
  return { ...read, events: log, handleDomain, settings, clients, databaseClock: inMemoryDatabaseClock() };
}

/** Everything that names somebody or something of somebody's. */
function namesIn({ log, documents, accounts, directory, otherDirectory, queue }: World): Set<string> {
  const names = new Set<string | undefined>();
  for (const { _id, user, data } of log.events) {
    names.add(_id).add(user ?? undefined);
    if ('inviteHash' in data) names.add(data.inviteHash);
  }
  for (const [user, { code, account, pending }] of documents.users)
    names
      .add(user)
      .add(code)
      .add(account?.did)
      .add(account?.handle)
      .add(account?.password)
      .add(pending?.password);
  for (const [user, handle] of documents.handles) names.add(user).add(handle);
  for (const { did, handle, email, password, inviteCode } of accounts.stored.values())
    names.add(did).add(handle).add(email).add(password).add(inviteCode);
  for (const origin of accounts.movedDids.values()) names.add(origin);
  for (const { userId, email } of [...directory.listed(), ...otherDirectory.listed()])
    names.add(userId).add(email);
  for (const user of queue.stored.keys()) names.add(user);
  // `al` and `hidden` are parts of other words; what is made of them is searched for.
  return new Set(
    [...names].filter((name) => name !== undefined && name.length > 4 && name !== 'hidden'),
  ) as Set<string>;
}

/** What is wrong with the report of this user. */
async function flawsOf(run: Run, who: Person): Promise<{ flaws: string[]; captured: Capture }> {
  const { world } = run;
  const asked = { user: who.user, userId: who.userId, tenant: tenantOf(run, who), concord: '0', node: '0' };
  const captured = await capture(depsOf(world), asked, world.clock.now());
  const text = JSON.stringify(captured);
  const flaws = [...namesIn(world)].filter((name) => text.includes(name)).map((name) => `${name} is in it`);
  const named = NAMES.exec(text);
  if (named !== null) flaws.push(`${named[0]} is in it`);
  const loaded = await loadCapture(text);
  const again = await loaded.look().then(planOf, () => undefined);
  if (JSON.stringify(again) !== JSON.stringify(captured.plan))
    flaws.push(`${JSON.stringify(captured.plan)} became ${JSON.stringify(again)}`);
  return { flaws, captured };
}

/** Reports everybody whenever nobody is at work. */
async function follow(schedule: Schedule, count: (captured: Capture) => void): Promise<string[]> {
  const run = new Run(schedule);
  run.aim(schedule.faults);
  for (let work = await run.next(); work !== undefined; work = await run.next()) {
    await run.does(work);
    for (const who of run.scenario.people) {
      const { flaws, captured } = await flawsOf(run, who);
      count(captured);
      if (flaws.length > 0) return flaws.map((flaw) => `${run.scenario.name}, ${who.user}: ${flaw}`);
    }
  }
  return [];
}

it('gives the same plan and names nobody, whatever happened', { timeout: 600_000 }, async () => {
  const seen = { reports: 0, planned: 0, actions: new Set<string>(), reasons: new Set<string>() };
  const count = ({ plan }: Capture): void => {
    seen.reports += 1;
    if (plan === undefined) return;
    if (plan.actions.length > 0) seen.planned += 1;
    for (const { type } of plan.actions) seen.actions.add(type);
    for (const { reason } of plan.conditions) seen.reasons.add(reason);
  };
  const flaws: string[] = [];
  for (const scenario of scenarios) {
    flaws.push(...(await follow(plain(scenario), count)));
    const { trace } = await new Run(plain(scenario)).go([]);
    for (const [at, { method }] of trace.entries())
      if (TELLING.has(method))
        flaws.push(...(await follow({ ...plain(scenario), faults: [{ at, kind: 'crash-after' }] }, count)));
  }
  expect(flaws).toEqual([]);

  const faults = fc.array(
    fc.record({
      place: fc.double({ min: 0, max: 0.999, noNaN: true }),
      kind: fc.constantFrom(...FAULT_KINDS),
    }),
    { minLength: 1, maxLength: 3 },
  );
  const property = fc.asyncProperty(histories, faults, async (drawn, wanted) => {
    const scenario: Scenario = scenarioOf(drawn, 'a drawn history');
    const { trace } = await new Run(plain(scenario)).go([]);
    const chosen = new Map(
      wanted.flatMap(({ place, kind }) => {
        const at = Math.floor(place * trace.length);
        const point = trace[at];
        return point !== undefined && faultsOf(point, 'all').includes(kind) ? [[at, kind] as const] : [];
      }),
    );
    const inOrder = [...chosen].sort(([a], [b]) => a - b).map(([at, kind]) => ({ at, kind }));
    expect(await follow({ ...plain(scenario), faults: inOrder }, count)).toEqual([]);
  });
  await fc.assert(property, { numRuns: RUNS, seed: SEED });
  report(
    `bug reports: ${seen.reports} of people in ${scenarios.length} scenarios and ${RUNS} drawn histories give the same plan, ` +
      `${seen.planned} of them with actions of ${seen.actions.size} types, ${seen.reasons.size} reasons`,
  );
  expect(seen.actions.size).toBeGreaterThan(11);
});
