/** The rejects in memory: the same tenant, reason and raw text is kept once and counted. */
import type { Reject, Rejects } from '../../../src/ports/intake.ts';
import { CALLS } from './calls.ts';
import { type Hooks, hooked } from './hooks.ts';
import { type Kept, saveMap } from './kept.ts';

export interface InMemoryRejects extends Rejects, Kept {
  readonly kept: readonly Reject[];
}

export function inMemoryRejects(hooks?: Hooks): InMemoryRejects {
  const kept = new Map<string, Reject>();
  const rejects: InMemoryRejects = {
    get kept() {
      return [...kept.values()];
    },
    save: () => saveMap(kept),
    async add(added) {
      for (const reject of added) {
        const id = JSON.stringify([reject.tenant, reject.reason, reject.raw]);
        const known = kept.get(id);
        kept.set(id, { ...(known ?? reject), count: reject.count + (known?.count ?? 0) });
      }
    },
  };
  return hooked('rejects', rejects, CALLS.rejects, hooks);
}
