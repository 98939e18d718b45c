/** A step of a scenario in its phases: it happens, it is delivered, decided, worked on until nobody waits, and once more. */
import { decide } from '../../../src/engine/intake/decision.ts';
import { ingest } from '../../../src/engine/intake/ingest.ts';
import { sweep } from '../../../src/engine/sweep/sweep.ts';
import type { Person } from '../../mongo/subjects/people.ts';
import { firstTenantsTag } from '../../support/in-memory/world.ts';
import type { Run } from '../search/run.ts';
import { TENANTS } from './hearing.ts';
import { forgetNow } from './lives.ts';
import type { Ending, Process } from './process.ts';
import type { Entry, Step, Tools } from './scenario.ts';
import { restoreAll } from './scenarios/restoring.ts';
import { cancelNow, transferNow } from './transferring.ts';
import { goOn, lookAt, persist, restOnce, type Work } from './work.ts';
import { silent } from './world.ts';

export const LIMITS = {
  removals: { share: 1, count: 10 },
  renames: { share: 1, count: 10 },
  disappearances: { share: 1, count: 10 },
  restores: { share: 1, count: 10 },
  adoptions: { share: 1, count: 10 },
  sourceShrink: 1,
};
/** Between two steps of the platform, long enough for everything to come to rest. */
const PAUSE_MS = 20_000;
/** What a pass may still find after the last fault: one that meets the lease or waits, and one that mends. */
const PASSES_AFTER_FAULT = 2;

type Phase = (run: Run, step: Step) => Promise<Work | undefined> | Work | undefined;

const PHASES: readonly Phase[] = [
  begin,
  deliver,
  act,
  rest,
  redeliver,
  restAgain,
  unfold,
  mend,
  restMended,
  forgets,
  restForgotten,
  end,
];

/** What is to be done next; undefined when there was nothing to do in this phase, and the next one has come. */
export async function worksOf(run: Run): Promise<Work | undefined> {
  const { progress, scenario } = run;
  const step = scenario.steps[progress.step];
  const phase = PHASES[progress.phase];
  if (step === undefined || phase === undefined) throw new Error('The run is over.');
  return phase(run, step);
}

async function begin(run: Run, step: Step): Promise<undefined> {
  const { world, progress } = run;
  progress.counted = 0;
  progress.reconciliations = {};
  progress.sinceFault = {};
  world.earlier = world.directory.listed();
  world.advanceTo(world.nowMs + (step.waitsMs ?? 10_000));
  await step.happens?.(world);
  return goOn(run);
}

function deliver(run: Run): Work | undefined {
  const entries = entriesOf(run, run.progress.step);
  return deliverAll(run, run.schedule.delivery === 'doubled' ? [...entries, ...entries] : entries);
}

/** As Auth0 does: again and again, until the answer is yes. */
function deliverAll(run: Run, entries: readonly Entry[]): Work | undefined {
  for (; run.progress.part < TENANTS.length; run.progress.part += 1) {
    const work = delivery(run, entries, run.progress.part);
    if (work === undefined) continue;
    return persist(run, work, () => {
      run.progress.part += 1;
    });
  }
  return goOn(run);
}

function delivery(run: Run, entries: readonly Entry[], part: number) {
  const target = TENANTS[part];
  if (target === undefined) return undefined;
  const bodies = entries.filter((entry) => entry.who.tenant === target.id).map(bodyOf);
  if (bodies.length === 0) return undefined;
  return ({ ports }: Process): Promise<unknown> => {
    const { log, queue, rejects, ignored } = run.mutant?.ingest?.(ports, run) ?? ports;
    return ingest({ log, queue, rejects, ignored, clock: run.world.clock }, target, bodies);
  };
}

function entriesOf({ scenario, progress }: Run, at: number): Entry[] {
  if (at < 0 || at > progress.step) return [];
  const delivers = scenario.steps[at]?.delivers ?? [];
  return delivers.map((entry, index) => ({ ...entry, id: entry.id ?? `s${at}e${index}` }));
}

function bodyOf({ id, who, code }: Entry): unknown {
  return { log_id: id, data: { type: code, date: '2026-02-28T12:00:00.000Z', user_id: who.userId } };
}

function act(run: Run, { does }: Step): Work | undefined {
  if (does === undefined || run.progress.part > 0) return goOn(run);
  const work = (process: Process): Promise<unknown> => does(toolsOf(run, process));
  return persist(run, work, () => {
    run.progress.part = 1;
  });
}

function toolsOf(run: Run, process: Process): Tools {
  const { ports, deps } = process;
  const { world, watch, mutant } = run;
  const { log, queue, databaseClock } = ports;
  const outside = { log, queue, databaseClock, clock: world.clock, random: deps.random };
  return {
    decide: async (who: Person, type, data) => void (await decide(outside, who, type, data)),
    didOf: (handle) => {
      const found = [...world.accounts.stored.values()].find((account) => account.handle === handle);
      if (found === undefined) throw new Error('There is no such account.');
      return found.did;
    },
    restore: async (who) => {
      const owned = {
        ...who,
        tenant: { ...TENANTS[0], directory: ports.auth0, emailTag: firstTenantsTag(run.areLinked) },
      };
      await restoreAll({ ...deps, events: ports.log, subjects: ports.subjects }, owned);
    },
    transfer: (from, to, asked) => transferNow(run, process, { from, to, asked, isPatient: true }),
    tryTransfer: (from, to, asked) => transferNow(run, process, { from, to, asked, isPatient: false }),
    cancelTransfer: (from, to) => cancelNow(run, process, from, to),
    sweep: async () => {
      const { auth0: directory, subjects, runs } = ports;
      const broken = run.brokenStreams;
      const told = world.log.events.length;
      const limits = mutant?.limits ?? LIMITS;
      const over = await sweep(
        {
          ...{ ...deps, events: ports.log, subjects, runs, logger: silent, limits },
          keySpaces: TENANTS,
        },
        { ...TENANTS[0], directory, emailTag: firstTenantsTag(run.areLinked) },
      );
      const isComplete = over.type === 'over' && over.complete;
      // What is not exact is all that this listing has: it is used, and no user is doubted for it.
      const isUsed = isComplete || (over.type === 'over' && over.inexact !== undefined);
      const doubts = world.log.since(told).filter(({ type }) => type === 'auth0.user-unlisted');
      if (world.directory.isLying() && doubts.length > 0)
        watch.violations.push('W16: a user is concluded absent from a listing that is not exact');
      if (over.type === 'over') process.sawAll();
      if (isComplete && run.brokenStreams > broken)
        watch.violations.push('a listing that broke off was taken for complete');
      if (over.type === 'under-way') world.advanceTo(over.until.getTime());
      if (!isUsed) throw Object.assign(new Error('the next sweep has to do it'), { retryable: true });
    },
  };
}

function rest(run: Run): Promise<Work | undefined> | Work | undefined {
  if (run.schedule.workers === 1) return restOnce(run, allowedIn(run));
  if (run.progress.part > 0) return goOn(run, PHASES.indexOf(unfold));
  run.progress.part = 1;
  const together = async (): Promise<Ending<void>> => ({ type: 'done', value: await run.together() });
  return { run: together, settle: () => undefined };
}

function redeliver(run: Run): Work | undefined {
  return deliverAll(run, redelivered(run));
}

function redelivered(run: Run): Entry[] {
  if (run.schedule.delivery === 'once') return [];
  return [...entriesOf(run, run.progress.step), ...entriesOf(run, run.progress.step - 1)];
}

/** The same, for the workers to meet it at their work. */
export function* redeliveryOf(run: Run): Iterable<Work> {
  const entries = redelivered(run);
  for (const part of TENANTS.keys()) {
    const work = delivery(run, entries, part);
    let isDone = false;
    while (work !== undefined && !isDone)
      yield persist(run, work, () => {
        isDone = true;
      });
  }
}

function restAgain(run: Run): Promise<Work | undefined> {
  return restOnce(run, allowedIn(run));
}

/** The passes that may follow the last fault and do not wait for time. */
function allowedIn({ schedule, reference, progress, scenario, areLinked }: Run): number {
  // What a user found half done of another one is looked at once more when the other has ended.
  const again = (schedule.delivery === 'doubled' ? 1 : 0) + (areLinked || scenario.people.length > 1 ? 1 : 0);
  // The second lease in a row that is not given back is a failure, and the user is tried again after it.
  const unfinished = progress.struck > 1 ? 1 : 0;
  const usual = Math.max(0, (reference?.reconciliations[progress.step] ?? 99) - 1);
  return PASSES_AFTER_FAULT + again + unfinished + usual;
}

/** What the platform has not done until now, one step at a time, with a pause and a rest after each. */
async function unfold(run: Run): Promise<Work | undefined> {
  const { world } = run;
  for (;;) {
    const work = await restOnce(run, Number.POSITIVE_INFINITY);
    if (work !== undefined) return work;
    // `restOnce` has gone on, and comes back here for each step that is left.
    const { steps } = run.others;
    if (steps !== undefined) run.rests();
    if (steps === undefined || steps.length === 0) return undefined;
    goOn(run, PHASES.indexOf(unfold));
    world.advanceTo(world.nowMs + PAUSE_MS);
    run.others.takeStep();
  }
}

/** A person has a user forgotten who was deleted. */
function forgets(run: Run): Work | undefined {
  const { progress, scenario } = run;
  const { forgets: user } = progress;
  if (user === undefined || progress.step < scenario.steps.length - 1) return goOn(run);
  return persist(
    run,
    (process) => forgetNow(run, process, user),
    () => {
      progress.forgets = undefined;
    },
  );
}

/** Those who wait for a user who was forgotten. */
function restForgotten(run: Run): Promise<Work | undefined> {
  return restOnce(run, Number.POSITIVE_INFINITY);
}

/** The next look at everybody, after something was put on record too late. */
async function mend(run: Run): Promise<Work | undefined> {
  const { world, progress, scenario } = run;
  // Nobody is told of everything in a random history, so everybody is looked at in the end.
  if (scenario.isRandom === true && progress.step === scenario.steps.length - 1) progress.hasStalled = true;
  // Whoever came second is told by nobody what the first one's has become, when a fault kept it in between.
  if (scenario.isRace === true && progress.struck > 0) progress.hasStalled = true;
  if (!progress.hasStalled) return goOn(run, PHASES.indexOf(forgets));
  if (progress.part === 0) {
    progress.struckBeforeMending = progress.struck;
    world.advanceTo(world.nowMs + world.settings.leaseMs + 1);
  }
  for (; progress.part < scenario.people.length; progress.part += 1) {
    const who = scenario.people[progress.part];
    if (who === undefined || (await world.stores.subjects.get(who.user)) === undefined) continue;
    return lookAt(run, who, () => {
      progress.part += 1;
    });
  }
  return goOn(run);
}

async function restMended(run: Run): Promise<Work | undefined> {
  const { progress } = run;
  const work = await restOnce(run, Number.POSITIVE_INFINITY);
  if (work !== undefined) return work;
  // A fault may strike this look too, and hold somebody up again.
  progress.hasStalled = progress.struck > progress.struckBeforeMending;
  return progress.hasStalled ? goOn(run, PHASES.indexOf(mend)) : undefined;
}

function end(run: Run): undefined {
  run.endStep();
  return goOn(run, 0);
}
