/**
 * Work that every process of a fleet comes to at the same time, and that one of them does: the others wait until it is
 * done, and take over when its process has died. So a tick of the schedule is one run, however many processes there are,
 * also where their clocks differ: they agree on the tick by the time that it was scheduled for.
 */
import type { Logger } from '../logger.ts';
import type { Clock } from '../ports/clock.ts';
import type { HeldRun, Occasion, RunLease, Runs } from '../ports/runs.ts';

export interface TurnDeps {
  readonly runs: Runs;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How long after its last renewal a process counts as dead. */
export const TURN_LEASE_MS = 60_000;
/** How often a lease is renewed: early enough that one failed renewal does no harm. */
const RENEW_MS = TURN_LEASE_MS / 4;
/** How often a process that waits checks whether the work is done. */
const LOOK_MS = 2_000;

/**
 * What is enough for a process that starts: a run that is under way, or else one of its own. `afterMiss`: only a run that
 * begins from now on, because the current one may have passed what was missed.
 */
export async function occasionNow(
  { runs, clock }: TurnDeps,
  name: string,
  afterMiss: boolean,
): Promise<Occasion> {
  const { ended, isUnderWay } = await runs.state(name, clock.now());
  return { endedAbove: afterMiss && isUnderWay ? ended + 1 : ended };
}

/** Repeats `attempt` while another process does the work. */
export async function inTurn<T>(
  { clock }: Pick<TurnDeps, 'clock'>,
  signal: AbortSignal,
  attempt: () => Promise<{ readonly result: T } | HeldRun>,
): Promise<T | 'stopped'> {
  while (!signal.aborted) {
    const taken = await attempt();
    if ('result' in taken) return taken.result;
    const restMs = taken.heldUntil.getTime() - clock.now().getTime() + 1;
    await clock.delay(Math.min(Math.max(restMs, 1), LOOK_MS), signal);
  }
  return 'stopped';
}

/** Returns whether this process did the work. The work is taken up by another process when it fails or is stopped. */
export async function onceForAll(
  deps: TurnDeps,
  name: string,
  occasion: Occasion,
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<boolean> {
  const { runs, clock } = deps;
  const lease = await inTurn(deps, signal, async () => {
    const result = await runs.beginOnce(name, occasion, clock.now(), TURN_LEASE_MS);
    return result === 'done' || 'token' in result ? { result } : result;
  });
  if (lease === 'stopped' || lease === 'done') return false;
  const over = new AbortController();
  const renewing = renew(deps, lease, over.signal);
  let isDone = false;
  try {
    await work();
    isDone = !signal.aborted;
  } finally {
    over.abort();
    await renewing;
    await release(deps, lease, isDone ? 'done' : 'broken-off');
  }
  return true;
}

/** Until the work is over. A lease that is lost meanwhile is not fatal: twice the same is no harm, only a cost. */
async function renew({ runs, clock, logger }: TurnDeps, lease: RunLease, signal: AbortSignal): Promise<void> {
  for (;;) {
    await clock.delay(RENEW_MS, signal);
    if (signal.aborted) return;
    await runs
      .keep(lease, clock.now(), TURN_LEASE_MS)
      .catch((err: unknown) => logger.warn({ err, run: lease.name }, 'a lease could not be renewed'));
  }
}

async function release(
  { runs, logger }: TurnDeps,
  lease: RunLease,
  as: 'done' | 'broken-off',
): Promise<void> {
  await runs
    .end(lease, as)
    .catch((err: unknown) =>
      logger.warn({ err, run: lease.name }, 'a lease could not be released; it expires'),
    );
}
