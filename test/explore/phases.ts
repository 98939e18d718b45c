/** A step of a scenario in its phases: it happens, it is delivered, decided, worked on until nobody waits, and once more. */
import { converge } from '../../src/engine/converge.ts';
import { decide } from '../../src/engine/decide.ts';
import { sweep } from '../../src/engine/sweep.ts';
import { ingest } from '../../src/events/ingest.ts';
import type { Person } from '../mongo/people.ts';
import { hear, TENANTS } from './hearing.ts';
import { forgetNow } from './lives.ts';
import { mostOf } from './passes.ts';
import { type Ending, type Pass, Process } from './process.ts';
import type { Run } from './run.ts';
import type { Entry, Step, Tools } from './scenario.ts';
import { silent } from './world.ts';

/** Something that a process does, and what that means to the run: also when it dies over it. */
export interface Work {
  run(): Promise<Ending<unknown>>;
  settle(ending: Ending<unknown>): void;
}

const LIMITS = {
  removals: { share: 1, count: 10 },
  renames: { share: 1, count: 10 },
  sourceShrink: 1,
};
const MAX_TRIES = 12;
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

function goOn({ progress }: Run, to = progress.phase + 1): undefined {
  progress.phase = to;
  progress.part = 0;
  progress.tries = 0;
  return undefined;
}

async function begin(run: Run, step: Step): Promise<undefined> {
  const { world, progress } = run;
  progress.counted = 0;
  progress.passes = {};
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
    const { log, queue, rejects } = run.mutant?.ingest?.(ports, run) ?? ports;
    return ingest({ log, queue, rejects, clock: run.world.clock }, target, bodies);
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

/** Something that is done again until it succeeds. */
function persist(run: Run, work: (process: Process) => Promise<unknown>, onDone: () => void): Work {
  const { progress, watch, world } = run;
  return {
    run: () => {
      const process = new Process(run);
      return process.run(() => work(process));
    },
    settle: (ending) => {
      progress.tries += 1;
      if (ending.type === 'threw' && !(ending.error instanceof Error && 'retryable' in ending.error))
        watch.violations.push(`a command threw ${String(ending.error)}`);
      const isLast = progress.tries === MAX_TRIES;
      if (ending.type !== 'done') world.advanceTo(world.nowMs + 5_000);
      if (ending.type !== 'done' && isLast) watch.violations.push('a command or a delivery never succeeded');
      if (ending.type !== 'done' && !isLast) return;
      progress.tries = 0;
      onDone();
    },
  };
}

function toolsOf(run: Run, process: Process): Tools {
  const { ports, deps } = process;
  const { world, watch, mutant } = run;
  const outside = { log: ports.log, queue: ports.queue, clock: world.clock, random: deps.random };
  return {
    decide: async (who: Person, type, data) => void (await decide(outside, who, type, data)),
    didOf: (handle) => {
      const found = [...world.accounts.stored.values()].find((account) => account.handle === handle);
      if (found === undefined) throw new Error('There is no such account.');
      return found.did;
    },
    sweep: async () => {
      const { auth0: directory, subjects, runs } = ports;
      const broken = run.brokenStreams;
      const limits = mutant?.limits ?? LIMITS;
      const over = await sweep(
        {
          ...{ ...deps, events: ports.log, subjects, runs, logger: silent, limits },
          keySpaces: TENANTS,
        },
        { ...TENANTS[0], directory, emailTag: undefined },
      );
      const isComplete = over.type === 'over' && over.complete;
      if (over.type === 'over') process.sawAll();
      if (isComplete && run.brokenStreams > broken)
        watch.violations.push('a listing that broke off was taken for complete');
      if (over.type === 'under-way') world.advanceTo(over.until.getTime());
      if (!isComplete) throw Object.assign(new Error('the next sweep has to do it'), { retryable: true });
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
function allowedIn({ schedule, reference, progress, sisters }: Run): number {
  // What a sister found half done is looked at once more when the other has ended.
  const again = (schedule.delivery === 'doubled' ? 1 : 0) + (sisters ? 1 : 0);
  return PASSES_AFTER_FAULT + again + Math.max(0, (reference?.passes[progress.step] ?? 99) - 1);
}

/** The next pass over whoever waits, until nobody does. */
async function restOnce(run: Run, allowed: number): Promise<Work | undefined> {
  const { world, watch, progress } = run;
  if (progress.part === 0) progress.sinceFault = {};
  progress.part = 1;
  const next = await world.stores.queue.nextDueAt();
  // What has been on its way for a while arrives before anything that waits for time.
  const isLater = next === undefined || next.getTime() > world.nowMs;
  if (isLater && world.messages.length > 0) return hearing(run);
  if (next === undefined) {
    const most = mostOf(progress.sinceFault);
    if (progress.struck > 0 && !progress.isOnItsOwn && most > allowed + progress.stalls)
      watch.violations.push(`it took ${most} passes after the last fault`);
    return goOn(run);
  }
  world.advanceTo(next.getTime());
  return {
    run: async () => ({ type: 'done', value: await new Process(run).pass() }),
    settle: (ending) =>
      run.count(ending.type === 'done' ? (ending.value as Pass) : { type: 'died', user: undefined }),
  };
}

/** What the platform has not done until now, one step at a time, with a pause and a rest after each. */
async function unfold(run: Run): Promise<Work | undefined> {
  const { world } = run;
  for (;;) {
    const work = await restOnce(run, Number.POSITIVE_INFINITY);
    if (work !== undefined) return work;
    // `restOnce` has gone on, and comes back here for each step that is left.
    if (run.hasPlatform) run.rests();
    if (run.stepsLeft.length === 0) return undefined;
    goOn(run, PHASES.indexOf(unfold));
    world.advanceTo(world.nowMs + PAUSE_MS);
    run.takeStep();
  }
}

/** The next message that Concord is told, again and again until it has taken it. */
function hearing(run: Run): Work {
  const { world } = run;
  const [message] = world.messages;
  const work = async ({ ports }: Process): Promise<void> => {
    if (message !== undefined) await hear(run, run.mutant?.ingest?.(ports, run) ?? ports, message);
  };
  return persist(run, work, () => {
    world.heard += 1;
    world.messages = world.messages.slice(1);
  });
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

/** The next look at everybody, after something was put on record too late. */
async function mend(run: Run): Promise<Work | undefined> {
  const { world, progress, scenario } = run;
  // Nobody is told of everything in a random history, so everybody is looked at in the end.
  if (scenario.isRandom === true && progress.step === scenario.steps.length - 1) progress.hasStalled = true;
  // Whoever came second is told by nobody what the first one's has become, when a fault kept it in between.
  if (scenario.isRace === true && progress.struck > 0) progress.hasStalled = true;
  if (!progress.hasStalled) return goOn(run, PHASES.indexOf(end));
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

/** A pass that nobody asked for, as a sweep or the next trigger would bring. */
export function lookAt(run: Run, who: Person, onDone: () => void): Work {
  const { world, watch } = run;
  return {
    run: () => {
      const process = new Process(run);
      return process.run(async () => {
        const lease = await process.ports.queue.claimUser(who, world.clock.now(), world.settings.leaseMs);
        if (lease === undefined) return 'held';
        process.user = who.user;
        await converge(process.deps, lease);
        return 'over';
      });
    },
    settle: (ending) => {
      if (ending.type === 'done' && ending.value === 'held')
        watch.violations.push('somebody still holds a lease');
      onDone();
    },
  };
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
