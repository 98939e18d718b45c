/**
 * The runs that a safety limit halted, by the log. A halt is open until a person approves it, a later complete sweep
 * of the same tenant closes it, or it is too old to be approved.
 *
 * | after the halt                                          | the halt |
 * |---------------------------------------------------------|----------|
 * | the halted run itself finishes                          | open     |
 * | a sweep that began before the halt finishes             | open     |
 * | a later sweep breaks off, or another tenant is swept    | open     |
 * | a later sweep finishes and is complete                  | closed   |
 * | the same, and its listing was not exact                 | closed where that sweep decided the same anew: renames, disappearances |
 * | the same, and a safety limit halts that one too         | closed; the later run has an open halt of its own |
 */

import type { ConcordEvent } from '../../events/event.ts';
import { type HaltCounts, haltClause } from '../../events/halt-text.ts';
import { isListedToEnd } from '../../events/inexact.ts';
import type { EventId, TenantId } from '../../identity.ts';
import type { EventQuery, EventReader } from '../../ports/event-log.ts';
import { APPROVABLE_FOR_MS, type Halt } from './conclusions.ts';

export interface HaltedRun extends Halt {
  readonly tenant: TenantId;
  readonly at: Date;
  readonly approved: boolean;
  /** The first one. */
  readonly approval: Approval | undefined;
  /** The later sweep that closed the halt; undefined while none has. */
  readonly closed: EndedSweep | undefined;
}

export interface Approval {
  readonly by: string;
  readonly at: Date;
  readonly reason: string | undefined;
}

export interface EndedSweep {
  readonly run: EventId;
  readonly tenant: TenantId;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly isExact: boolean;
}

type Reader = Pick<EventReader, 'read'>;

/**
 * Begins and ends of sweeps that are read at once. The newest of them close nearly every halt; where they are
 * too many to reach back to it, as many from the halt on are read as well.
 */
const MAX_SWEEP_EVENTS = 400;

/** Halted runs that can still be approved, each with all its users or the first `sample` of them. */
export async function haltedRuns(events: Reader, now: Date, sample?: number): Promise<HaltedRun[]> {
  const since = new Date(now.getTime() - APPROVABLE_FOR_MS);
  const halts: Omit<HaltedRun, 'approved' | 'approval' | 'closed'>[] = [];
  const approvals = new Map<string, Approval>();
  const some = sample === undefined ? {} : { usersOfHalts: sample };
  for await (const event of events.read({ types: ['sweep.halted', 'sweep.approved'], since, ...some })) {
    if (event.type === 'sweep.halted') halts.push({ ...event.data, tenant: event.tenant, at: event.at });
    if (event.type !== 'sweep.approved' || approvals.has(event.data.run)) continue;
    const { run, by, reason } = event.data;
    approvals.set(run, { by, at: event.at, reason });
  }
  const sweeps = await sweepsAfter(events, halts);
  return halts.map((halt) => ({
    ...halt,
    ...{ approved: approvals.has(halt.run), approval: approvals.get(halt.run) },
    closed: sweeps.find((sweep) => closes(sweep, halt)),
  }));
}

/** Neither approved nor closed. */
export function isOpen({ approved, closed }: Pick<HaltedRun, 'approved' | 'closed'>): boolean {
  return !approved && closed === undefined;
}

type Moment = Pick<HaltedRun, 'tenant' | 'at' | 'kind'>;

function closes({ tenant, startedAt, isExact }: EndedSweep, halt: Moment): boolean {
  const isDecidedAnew = isExact || halt.kind === 'renames' || halt.kind === 'disappearances';
  return isDecidedAnew && tenant === halt.tenant && startedAt > halt.at;
}

/** Sweeps that read a whole listing, the earliest first: enough to decide for each halt whether one closes it. */
async function sweepsAfter(events: Reader, halts: readonly Moment[]): Promise<readonly EndedSweep[]> {
  const [first] = halts;
  if (first === undefined) return [];
  const newest = await endedSweeps(events, { since: first.at, newestFirst: true });
  const left = halts.find((halt) => !newest.sweeps.some((sweep) => closes(sweep, halt)));
  if (!newest.isCut || left === undefined) return newest.sweeps;
  const earlier = await endedSweeps(events, { since: left.at });
  return [...earlier.sweeps, ...newest.sweeps];
}

/**
 * The end of a sweep does not name its run. Of a tenant one is under way at a time, so an end belongs to the last
 * beginning before it.
 */
async function endedSweeps(
  events: Reader,
  query: Pick<EventQuery, 'since' | 'newestFirst'>,
): Promise<{ readonly sweeps: readonly EndedSweep[]; readonly isCut: boolean }> {
  const found: ConcordEvent[] = [];
  const types = ['sweep.started', 'sweep.finished'] as const;
  for await (const event of events.read({ ...query, types, limit: MAX_SWEEP_EVENTS })) found.push(event);
  const isCut = found.length === MAX_SWEEP_EVENTS;
  if (query.newestFirst === true) found.reverse();
  const begun = new Map<TenantId, ConcordEvent>();
  const sweeps: EndedSweep[] = [];
  for (const event of found) {
    const { type, tenant, at } = event;
    if (type === 'sweep.started') begun.set(tenant, event);
    if (type !== 'sweep.finished') continue;
    const start = begun.get(tenant);
    begun.delete(tenant);
    const { complete: isExact } = event.data;
    if (isListedToEnd(event.data) && start !== undefined)
      sweeps.push({ run: start._id, tenant, startedAt: start.at, finishedAt: at, isExact });
  }
  return { sweeps, isCut };
}

/** What was halted, and the two ways on. */
export function haltSentence(halt: Omit<Halt, 'users'>): string {
  if (halt.kind === 'disappearances')
    return `${whatHalted(halt)} Repair the cause, then run: concord reconcile --all. To treat the users one by one instead: concord approve ${halt.run}`;
  return `${whatHalted(halt)} To approve it: concord approve ${halt.run}. If you do nothing, nothing changes until the next complete sweep checks again.`;
}

export function whatHalted(halt: HaltCounts): string {
  return `${haltClause(halt)}${MEANING[halt.kind]}`;
}

const MEANING: Readonly<Record<HaltCounts['kind'], string>> = {
  removals: '.',
  renames: '.',
  disappearances: ': a dropped collection, a restored backup, or another PDS behind PDS_URL.',
  source: '. No users are treated as deleted.',
};
