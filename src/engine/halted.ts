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
