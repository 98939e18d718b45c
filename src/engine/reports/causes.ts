/** Reads what a chain of causes needs, and that a reader of one user's events has not read. */
import type { ConcordEvent } from '../../events/event.ts';
import type { HistoryPages } from '../../ports/event-log.ts';

/** All that these follow from and that is not among them, step by step, so that each step is asked for once. */
export async function causesOf(
  pages: Pick<HistoryPages, 'find'>,
  events: readonly ConcordEvent[],
): Promise<ConcordEvent[]> {
  const asked = new Set(events.map(({ _id }) => _id));
  const causes: ConcordEvent[] = [];
  let edge = events;
  for (;;) {
    const ids = [...new Set(edge.flatMap(({ cause }) => cause))].filter((id) => !asked.has(id));
    if (ids.length === 0) return causes;
    for (const id of ids) asked.add(id);
    edge = await pages.find(ids);
    causes.push(...edge);
  }
}
