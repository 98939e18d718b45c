/** What a process does in a run, from which the phases of a step are made. */
import { reconcile } from '../../../src/engine/reconcile/reconcile.ts';
import type { Person } from '../../mongo/subjects/people.ts';
import { mostOf } from '../judge/reconciliation-counts.ts';
import type { Run } from '../search/run.ts';
import { hear } from './hearing.ts';
import { type Ending, Process, type Reconciliation } from './process.ts';

/** Something that a process does, and what that means to the run: also when it dies over it. */
export interface Work {
  run(): Promise<Ending<unknown>>;
  settle(ending: Ending<unknown>): void;
}

const MAX_TRIES = 12;

/** To the next phase, or to another one. */
export function goOn({ progress }: Run, to = progress.phase + 1): undefined {
  progress.phase = to;
  progress.part = 0;
  progress.tries = 0;
  return undefined;
}

/** Something that is done again until it succeeds. */
export function persist(run: Run, work: (process: Process) => Promise<unknown>, onDone: () => void): Work {
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

/** The next pass over whoever waits, until nobody does. */
export async function restOnce(run: Run, allowed: number): Promise<Work | undefined> {
  const { world, watch, progress } = run;
  if (progress.part === 0) progress.sinceFault = {};
  progress.part = 1;
  const next = await world.stores.queue.nextDueAt();
  // What has been on its way for a while arrives before anything that waits for time.
  const isLater = next === undefined || next.getTime() > world.nowMs;
  if (isLater && world.messages.length > 0) return hearing(run);
  // What comes when nobody is due comes all the same.
  if (next === undefined && world.late.length > 0) {
    world.advanceTo(Math.max(...world.late.map(({ atMs }) => atMs)));
    return restOnce(run, allowed);
  }
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
      run.count(
        ending.type === 'done' ? (ending.value as Reconciliation) : { type: 'died', user: undefined },
      ),
  };
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
        await reconcile(process.deps, lease);
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
