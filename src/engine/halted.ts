/** The runs that a safety limit halted, by the log. */
import type { TenantId } from '../identity.ts';
import type { EventReader } from '../ports.ts';
import { APPROVABLE_FOR_MS, type Halt } from './sweep-conclusions.ts';

export interface HaltedRun extends Halt {
  readonly tenant: TenantId;
  readonly at: Date;
  readonly approved: boolean;
  /** The first one. */
  readonly approval: Approval | undefined;
}

export interface Approval {
  readonly by: string;
  readonly at: Date;
  readonly reason: string | undefined;
}

/** Those of the time in which they may be approved; of each with all whom it concerns, or the first so many. */
export async function haltedRuns(
  events: Pick<EventReader, 'read'>,
  now: Date,
  sample?: number,
): Promise<HaltedRun[]> {
  const since = new Date(now.getTime() - APPROVABLE_FOR_MS);
  const halts: Omit<HaltedRun, 'approved' | 'approval'>[] = [];
  const approvals = new Map<string, Approval>();
  const some = sample === undefined ? {} : { usersOfHalts: sample };
  for await (const event of events.read({ types: ['sweep.halted', 'sweep.approved'], since, ...some })) {
    if (event.type === 'sweep.halted') halts.push({ ...event.data, tenant: event.tenant, at: event.at });
    if (event.type !== 'sweep.approved' || approvals.has(event.data.run)) continue;
    const { run, by, reason } = event.data;
    approvals.set(run, { by, at: event.at, reason });
  }
  return halts.map((halt) => ({
    ...halt,
    ...{ approved: approvals.has(halt.run), approval: approvals.get(halt.run) },
  }));
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
    case 'disappearances':
      return `${count} of ${of} users lack a document or an account that was there before, and the limit is ${limit}: a dropped collection, a restored backup, or another PDS behind PDS_URL.`;
    case 'source':
      return `Auth0 listed ${count} users where ${of} are known, and the limit is ${limit}. Nobody is taken for gone.`;
  }
}
