/** The runs that a safety limit halted, by the log. */
import type { TenantId } from '../identity.ts';
import type { EventReader } from '../ports.ts';
import { APPROVABLE_FOR_MS, type Halt } from './sweep-conclusions.ts';

export interface HaltedRun extends Halt {
  readonly tenant: TenantId;
  readonly at: Date;
  readonly approved: boolean;
}

/** Those of the time in which they may be approved. */
export async function haltedRuns(events: Pick<EventReader, 'read'>, now: Date): Promise<HaltedRun[]> {
  const since = new Date(now.getTime() - APPROVABLE_FOR_MS);
  const halts: HaltedRun[] = [];
  const approved = new Set<string>();
  for await (const event of events.read({ types: ['sweep.halted', 'sweep.approved'], since })) {
    if (event.type === 'sweep.approved') approved.add(event.data.run);
    if (event.type === 'sweep.halted')
      halts.push({ ...event.data, tenant: event.tenant, at: event.at, approved: false });
  }
  return halts.map((halt) => ({ ...halt, approved: approved.has(halt.run) }));
}

/** What was halted, and the two ways on. */
export function haltSentence(halt: Omit<Halt, 'users'>): string {
  return `${whatHalted(halt)} concord approve ${halt.run} lets it; leaving it leaves everything as it is.`;
}

export function whatHalted({
  kind,
  limit,
  count,
  of,
}: Pick<Halt, 'kind' | 'limit' | 'count' | 'of'>): string {
  switch (kind) {
    case 'removals':
      return `${count} accounts of ${of} users are to be removed, and the limit is ${limit}.`;
    case 'renames':
      return `${count} accounts of ${of} users are to be renamed, and the limit is ${limit}.`;
    case 'source':
      return `Auth0 listed ${count} users where ${of} are known, and the limit is ${limit}. Nobody is taken for gone.`;
  }
}
