/** The leases and positions of long runs in memory. */
import { LeaseLostError } from '../../../src/errors.ts';
import type { RunLease, Runs } from '../../../src/ports/runs.ts';
import { CALLS } from './calls.ts';
import { type Hooks, hooked } from './hooks.ts';
import { type Kept, saveMap } from './kept.ts';

export interface StoredRun {
  readonly lease: { readonly token: string; readonly until: Date } | undefined;
  readonly position: string | undefined;
}

export interface InMemoryRuns extends Runs, Kept {
  /** The runs themselves, for a test to look at. */
  readonly stored: ReadonlyMap<string, StoredRun>;
}

export function inMemoryRuns(hooks?: Hooks): InMemoryRuns {
  const stored = new Map<string, StoredRun>();
  let tokens = 0;
  const isHeld = ({ name, token }: RunLease): boolean => stored.get(name)?.lease?.token === token;
  const runs: InMemoryRuns = {
    stored,
    save: () => saveMap(stored),
    async begin(name, now, leaseMs) {
      const run = stored.get(name);
      if (run?.lease !== undefined && run.lease.until > now) return { heldUntil: run.lease.until };
      tokens += 1;
      const token = `run-${tokens}`;
      const position = run?.position;
      stored.set(name, { lease: { token, until: new Date(now.getTime() + leaseMs) }, position });
      return { name, token, position };
    },
    async keep(lease, now, leaseMs, position) {
      if (!isHeld(lease)) throw new LeaseLostError(`The lease on ${lease.name} is no longer ours`);
      const until = new Date(now.getTime() + leaseMs);
      const kept = position ?? stored.get(lease.name)?.position;
      stored.set(lease.name, { lease: { token: lease.token, until }, position: kept });
    },
    async end(lease, as) {
      if (!isHeld(lease)) return;
      if (as === 'done') stored.delete(lease.name);
      else stored.set(lease.name, { lease: undefined, position: stored.get(lease.name)?.position });
    },
  };
  return hooked('runs', runs, CALLS.runs, hooks);
}
