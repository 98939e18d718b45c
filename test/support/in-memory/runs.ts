/** The leases and positions of long runs in memory. */
import { LeaseLostError } from '../../../src/errors.ts';
import { MAX_TICK_SKEW_MS, type Occasion, type RunLease, type Runs } from '../../../src/ports/runs.ts';
import { CALLS } from './calls.ts';
import { type Hooks, hooked } from './hooks.ts';
import { type Kept, saveMap } from './kept.ts';

export interface StoredRun {
  readonly lease: { readonly token: string; readonly until: Date } | undefined;
  readonly position: string | undefined;
  readonly ended: number;
  readonly tick: Date | undefined;
}

const NEVER: StoredRun = { lease: undefined, position: undefined, ended: 0, tick: undefined };

export interface InMemoryRuns extends Runs, Kept {
  /** The runs themselves, for a test to look at. */
  readonly stored: ReadonlyMap<string, StoredRun>;
}

export function inMemoryRuns(hooks?: Hooks): InMemoryRuns {
  const stored = new Map<string, StoredRun>();
  let tokens = 0;
  const isHeld = ({ name, token }: RunLease): boolean => stored.get(name)?.lease?.token === token;
  const of = (name: string): StoredRun => stored.get(name) ?? NEVER;
  const take = (name: string, now: Date, leaseMs: number) => {
    const run = of(name);
    if (run.lease !== undefined && run.lease.until > now) return { heldUntil: run.lease.until };
    tokens += 1;
    const token = `run-${tokens}`;
    stored.set(name, { ...run, lease: { token, until: new Date(now.getTime() + leaseMs) } });
    return { name, token, position: run.position };
  };
  const runs: InMemoryRuns = {
    stored,
    save: () => saveMap(stored),
    begin: async (name, now, leaseMs) => take(name, now, leaseMs),
    async beginOnce(name, occasion, now, leaseMs) {
      if (isDone(of(name), occasion)) return 'done';
      const taken = take(name, now, leaseMs);
      return 'token' in taken && 'tick' in occasion ? { ...taken, tick: occasion.tick } : taken;
    },
    async keep(lease, now, leaseMs, position) {
      if (!isHeld(lease)) throw new LeaseLostError(`The lease on ${lease.name} is no longer ours`);
      const until = new Date(now.getTime() + leaseMs);
      const run = of(lease.name);
      stored.set(lease.name, {
        ...run,
        lease: { token: lease.token, until },
        position: position ?? run.position,
      });
    },
    async end(lease, as) {
      if (!isHeld(lease)) return;
      const run = { ...of(lease.name), lease: undefined };
      stored.set(
        lease.name,
        as === 'broken-off'
          ? run
          : { ...run, position: undefined, ended: run.ended + 1, tick: lease.tick ?? run.tick },
      );
    },
    async state(name, now) {
      const { ended, lease } = of(name);
      return { ended, isUnderWay: lease !== undefined && lease.until > now };
    },
  };
  return hooked('runs', runs, CALLS.runs, hooks);
}

function isDone({ ended, tick }: StoredRun, occasion: Occasion): boolean {
  if ('endedAbove' in occasion) return ended > occasion.endedAbove;
  const aheadMs = tick === undefined ? Number.NaN : tick.getTime() - occasion.tick.getTime();
  return aheadMs >= 0 && aheadMs <= MAX_TICK_SKEW_MS;
}
