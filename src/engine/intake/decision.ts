/**
 * A person's decision is an event in the log and makes the user due; the next reconciliation carries it out.
 * So the decision is recorded before anything happens, and survives a crash.
 */
import { type ConcordEvent, type EventData, type EventType, isDatedByOthers } from '../../events/event.ts';
import type { EventId, TenantId, UserKey } from '../../identity.ts';
import type { Clock, DatabaseClock, Random } from '../../ports/clock.ts';
import { requireClock } from '../../ports/clock-agreement.ts';
import type { EventLog } from '../../ports/event-log.ts';
import type { WorkQueue } from '../../ports/queue.ts';
import type { Trigger } from '../../ports/trigger.ts';

export interface DecideDeps {
  readonly log: Pick<EventLog, 'append' | 'ofUser'>;
  readonly queue: Pick<WorkQueue, 'markDue'>;
  readonly clock: Clock;
  readonly databaseClock: DatabaseClock;
  readonly random: Random;
}

/** What a date in the future or the past would give more, or for longer, than was decided. */
const GRANTS: ReadonlySet<EventType> = new Set<EventType>([
  'removal.granted',
  'restore.granted',
  'adoption.granted',
  'code.accepted',
  'password-reset.granted',
]);

/** Throws UsageError CLOCK_DIFFERS for a grant while our clock differs from the database's. */

export async function decide<T extends EventType>(
  deps: DecideDeps,
  trigger: Omit<Trigger, 'cause'>,
  type: T,
  data: EventData[T],
): Promise<EventId> {
  if (GRANTS.has(type)) await requireClock(deps.databaseClock);
  const cause = await appendTo(deps, trigger, type, data);
  await deps.queue.markDue([{ ...trigger, cause }], deps.clock.now(), 'trigger');
  return cause;
}

/** An event later than all events that the log has of the user. The caller makes the user due. */
export async function appendTo<T extends EventType>(
  deps: Omit<DecideDeps, 'queue' | 'databaseClock'>,
  trigger: Omit<Trigger, 'cause'>,
  type: T,
  data: EventData[T],
  cause: readonly EventId[] = [],
): Promise<EventId> {
  const { log } = deps;
  const event = draft(deps, trigger.user, trigger.tenant, type, data);
  const history = await log.ofUser(trigger.user);
  const newest = Math.max(0, ...history.map((event) => (isDatedByOthers(event) ? 0 : event.at.getTime())));
  const at = new Date(Math.max(event.at.getTime(), newest + 1));
  await log.append([{ ...event, at, cause } as ConcordEvent]);
  return event._id;
}

/** An event that concerns no single user, or whose order among a user's own does not matter. */
export function draft<T extends EventType>(
  { clock, random }: Pick<DecideDeps, 'clock' | 'random'>,
  user: UserKey | null,
  tenant: TenantId,
  type: T,
  data: EventData[T],
): ConcordEvent {
  const now = clock.now();
  return { _id: random.id(), user, tenant, type, at: now, recordedAt: now, cause: [], data } as ConcordEvent;
}
