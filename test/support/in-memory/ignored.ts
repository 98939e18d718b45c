/** What was ignored, counted in memory. */
import { IGNORE_REASONS } from '../../../src/events/ignored.ts';
import type { Ignored, IgnoredTotals } from '../../../src/ports/intake.ts';
import { CALLS } from './calls.ts';
import { type Hooks, hooked } from './hooks.ts';
import { type Kept, saveMap } from './kept.ts';

export interface InMemoryIgnored extends IgnoredTotals, Kept {
  readonly totals: readonly Ignored[];
}

export function inMemoryIgnored(hooks?: Hooks): InMemoryIgnored {
  const kept = new Map<string, Ignored>();
  const sorted = () => [...kept].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, ignored]) => ignored);
  const ignored: InMemoryIgnored = {
    get totals() {
      return sorted();
    },
    save: () => saveMap(kept),
    read: async (tenants) => sorted().filter(({ tenant }) => tenants.includes(tenant)),
    async add(tenant, counts, at) {
      for (const reason of IGNORE_REASONS) {
        const more = counts[reason] ?? 0;
        if (more === 0) continue;
        const id = `${tenant}:${reason}`;
        const { count = 0, firstAt = at, lastAt = at } = kept.get(id) ?? {};
        kept.set(id, {
          ...{ tenant, reason, count: count + more },
          firstAt: at < firstAt ? at : firstAt,
          lastAt: at > lastAt ? at : lastAt,
        });
      }
    },
  };
  return hooked('ignored', ignored, CALLS.ignored, hooks);
}
