/** What happened in stretches of time, told from events one by one. */
import { partOf } from '../../../src/events/causes.ts';
import type { ConcordEvent } from '../../../src/events/event.ts';
import type { Activity, ActivityReader } from '../../../src/ports/event-log.ts';

export function inMemoryActivity(events: () => readonly ConcordEvent[]): ActivityReader {
  return {
    async activity(from, until, stretchMs) {
      const found = new Map<number, Activity>();
      for (const event of events()) {
        if (event.at < from || event.at >= until) continue;
        const at = new Date(Math.floor(event.at.getTime() / stretchMs) * stretchMs);
        const none = { at, heard: 0, effects: 0, failed: 0, converged: 0, latencies: new Map() };
        const seen = counted(found.get(at.getTime()) ?? none, event);
        if (seen.heard + seen.effects + seen.failed + seen.converged > 0) found.set(at.getTime(), seen);
      }
      return [...found.values()].sort((a, b) => a.at.getTime() - b.at.getTime());
    },
  };
}

function counted(seen: Activity, event: ConcordEvent): Activity {
  if (event.type === 'converge.failed') return { ...seen, failed: seen.failed + 1 };
  if (event.type === 'converged') {
    const ms = 1.1 ** (Math.floor(Math.log(Math.max(1, event.data.latencyMs)) / Math.log(1.1)) + 0.5);
    const latencies = new Map(seen.latencies).set(ms, (seen.latencies.get(ms) ?? 0) + 1);
    return { ...seen, converged: seen.converged + 1, latencies };
  }
  const part = partOf(event.type);
  if (part === 'heard') return { ...seen, heard: seen.heard + 1 };
  return part === 'effect' ? { ...seen, effects: seen.effects + 1 } : seen;
}
