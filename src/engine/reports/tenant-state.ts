/** The status of each tenant's sources and sweeps, by the log and by the stored positions. */
import type { ConcordEvent, EventData, EventOf } from '../../events/event.ts';
import { type Gap, openGapsIn } from '../../events/gap.ts';
import { isListedToEnd } from '../../events/inexact.ts';
import type { TenantId } from '../../identity.ts';
import type { EventReader } from '../../ports/event-log.ts';
import type { PositionReader } from '../../ports/runs.ts';
import { parsePosition, positionName } from '../intake/log-position.ts';
import { deliveriesName, parseDeliveries, patienceMs, type SilenceSettings } from '../intake/silence.ts';
import { type HaltedRun, haltedRuns, isOpen } from '../sweep/halted-runs.ts';
import { readPosition, type SweepPosition } from '../sweep/sweep-position.ts';

export interface BegunSweep {
  readonly at: Date;
  readonly heldUntil: Date | undefined;
  /** How far it had come when that was last stored; undefined while it has not been. */
  readonly kept: Pick<SweepPosition, 'users' | 'drifted' | 'resumes'> | undefined;
  /** How many users the last complete one covered; undefined when none ever was. */
  readonly usual: number | undefined;
}

export interface SweepState {
  /** The last one that ended; undefined when none ever did. */
  readonly last: ({ readonly endedAt: Date } & EventData['sweep.finished']) | undefined;
  /** When one last covered all users. */
  readonly completeAt: Date | undefined;
  /** When one last covered all listed users, also by a listing that was not exact. */
  readonly listedAt: Date | undefined;
  /** One has begun and not ended; `heldUntil` is in the past when no process runs it any more. */
  readonly begun: BegunSweep | undefined;
  /** What a safety limit halted and is open (halted-runs.ts); of each kind the newest. */
  readonly halts: readonly ({ readonly at: Date } & Omit<EventData['sweep.halted'], 'users'>)[];
}

export interface TenantState {
  readonly id: TenantId;
  readonly gaps: readonly Gap[];
  /** How far the log has been read, and when it last was; undefined when it never was. */
  readonly log: { readonly until: Date; readonly readAt: Date | undefined } | undefined;
  /** When the log stream last delivered, and for how long it may be silent; undefined when it never did. */
  readonly stream: { readonly deliveredAt: Date; readonly patienceMs: number } | undefined;
  readonly sweep: SweepState;
}

/** Whether the log stream has not delivered for longer than is usual. */
export function isSilent(
  { deliveredAt, patienceMs }: NonNullable<TenantState['stream']>,
  now: Date,
): boolean {
  return now.getTime() - deliveredAt.getTime() > patienceMs;
}

/** Whether a process runs the sweep that has begun. */
export function isRunning({ heldUntil }: BegunSweep, now: Date): boolean {
  return heldUntil !== undefined && heldUntil > now;
}

export interface TenantStateDeps {
  readonly events: Pick<EventReader, 'read'>;
  readonly positions: PositionReader;
  readonly silence: SilenceSettings;
}

/** Enough to find the last of each tenant: they are swept one after another, and equally often. */
const SWEEPS_PER_TENANT = 20;

type SweepEvent = EventOf<'sweep.started'> | EventOf<'sweep.finished'>;

export async function tenantStates(
  deps: TenantStateDeps,
  tenants: readonly TenantId[],
  now: Date,
): Promise<readonly TenantState[]> {
  const limit = Math.max(50, tenants.length * SWEEPS_PER_TENANT);
  const [told, started, finished, halted] = await Promise.all([
    gather(deps.events.read({ types: ['gap.opened', 'gap.closed'] })),
    gather(deps.events.read({ types: ['sweep.started'], newestFirst: true, limit })),
    gather(deps.events.read({ types: ['sweep.finished'], newestFirst: true, limit })),
    haltedRuns(deps.events, now, 1),
  ]);
  const open = halted.filter(isOpen);
  const swept = [...started, ...finished].filter(isSweep);
  return Promise.all(
    tenants.map(async (id) => {
      const own = swept.filter(({ tenant }) => tenant === id);
      const halts = open.filter(({ tenant }) => tenant === id);
      const [log, stream, sweep] = await Promise.all([
        logOf(deps, id),
        streamOf(deps, id),
        sweepOf(deps, id, own, halts),
      ]);
      return { id, gaps: openGapsIn(told, id), log, stream, sweep };
    }),
  );
}

async function gather(events: AsyncIterable<ConcordEvent>): Promise<readonly ConcordEvent[]> {
  const gathered: ConcordEvent[] = [];
  for await (const event of events) gathered.push(event);
  return gathered;
}

function isSweep(event: ConcordEvent): event is SweepEvent {
  return event.type === 'sweep.started' || event.type === 'sweep.finished';
}

async function logOf({ positions }: TenantStateDeps, id: TenantId): Promise<TenantState['log']> {
  const kept = await positions.read(positionName(id));
  if (kept?.position === undefined) return undefined;
  return { until: parsePosition(kept.position).until, readAt: kept.at };
}

async function streamOf(
  { positions, silence }: TenantStateDeps,
  id: TenantId,
): Promise<TenantState['stream']> {
  const deliveries = parseDeliveries((await positions.read(deliveriesName(id)))?.position);
  if (deliveries === undefined) return undefined;
  return { deliveredAt: deliveries.last, patienceMs: patienceMs(deliveries, silence) };
}

/** Newest first, all of one tenant. */
async function sweepOf(
  { positions }: TenantStateDeps,
  id: TenantId,
  own: readonly SweepEvent[],
  open: readonly HaltedRun[],
): Promise<SweepState> {
  const ends = own.filter((event): event is EventOf<'sweep.finished'> => event.type === 'sweep.finished');
  const begins = own.filter((event) => event.type === 'sweep.started');
  const last = ends[0];
  const newest = begins[0];
  const isUnderWay = newest !== undefined && (last === undefined || newest.at > last.at);
  const lease = isUnderWay ? await positions.read(`sweep:${id}`) : undefined;
  // The position of an earlier run is there until this one stores its own.
  const kept = readPosition(lease?.position);
  const complete = ends.find(({ data }) => data.complete);
  return {
    last: last === undefined ? undefined : { ...last.data, endedAt: last.at },
    completeAt: complete?.at,
    listedAt: ends.find(({ data }) => isListedToEnd(data))?.at,
    begun: isUnderWay
      ? {
          at: newest.at,
          heldUntil: lease?.heldUntil,
          kept: kept?.run === newest._id ? kept : undefined,
          usual: complete?.data.users,
        }
      : undefined,
    halts: newestOfEachKind(open),
  };
}

/** Of halts in the order of time. */
function newestOfEachKind(open: readonly HaltedRun[]): SweepState['halts'] {
  const halts = new Map<string, SweepState['halts'][number]>();
  for (const { run, kind, limit, count, of, at } of open)
    halts.set(kind, { run, kind, limit, count, of, at });
  return [...halts.values()];
}
