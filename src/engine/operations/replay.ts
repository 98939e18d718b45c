/**
 * Rebuilds the read model and the reservations from the event log alone, one user at a time.
 *
 * A user who differs is leased before anything is written, and read again under the lease: so no reconciliation of this
 * user runs between the read and the write, and an older view never replaces a newer one. A user who is leased is being
 * reconciled, and that run writes the view itself. The lease is returned unchanged: replay makes no user due, and leaves
 * due users due.
 *
 * What an open account creation has reserved is reserved again, and reservations that ended are released. It takes no
 * lease, since every process that finds a reservation checks it against the log of its user.
 */
import { isDeepStrictEqual } from 'node:util';
import { LeaseLostError } from '../../errors.ts';
import { isPersonal } from '../../events/blank.ts';
import type { ConcordEvent } from '../../events/event.ts';
import type { Facts } from '../../events/facts.ts';
import { fold } from '../../events/fold.ts';
import type { TenantId, UserKey } from '../../identity.ts';
import type { EventReader, HistoryReader } from '../../ports/event-log.ts';
import type { ReadModel, WorkQueue } from '../../ports/queue.ts';
import type { Reservation, ReservationReader, Reservations } from '../../ports/reservations.ts';
import type { Subject, SubjectReader, SubjectView } from '../../ports/subjects.ts';
import type { Trigger } from '../../ports/trigger.ts';
import { ownerOf } from '../intake/owner.ts';
import { reservedUntil } from '../reconcile/claims/reserved.ts';
import { isReserved, reservationOf, restoreReservation } from '../reconcile/claims/reserving.ts';
import { HeldLease, type HoldingDeps } from '../reconcile/leases/held-lease.ts';
import { withRunningCount } from '../reconcile/repeats.ts';
import type { EngineSettings } from '../reconcile/settings.ts';
import { subjectView, UNSEEN } from '../reconcile/subject-view.ts';

export interface ReplayDeps extends Pick<HoldingDeps, 'clock' | 'logger'> {
  readonly history: HistoryReader;
  readonly events: EventReader;
  readonly subjects: Pick<SubjectReader, 'get'>;
  readonly reservations: ReservationReader;
  readonly settings: Pick<EngineSettings, 'leaseMs' | 'maxLeaseMs' | 'settleMs'>;
  readonly tenants: readonly { readonly id: TenantId; readonly keyPrefix: string }[];
  /** Undefined in a dry run, which has nothing that could write. */
  readonly writer?: ReplayWriter;
}

interface ReplayWriter {
  readonly queue: Pick<WorkQueue, 'claimUser' | 'renew' | 'release'>;
  readonly readModel: ReadModel;
  readonly reservations: Reservations;
}

export interface ReplayReport {
  /** With an event in the log. */
  readonly users: number;
  readonly equal: number;
  readonly rebuilt: number;
  /** Differ and were left: in a dry run. */
  readonly differing: number;
  /** Differ, and are being reconciled, which writes the view. */
  readonly busy: number;
  /** Differ, have no subject, and neither the log nor the configuration has their id in Auth0. */
  readonly withoutTenant: number;
  /** Users with an open account creation whose reservation was missing: it was restored, or is in a dry run left missing. */
  readonly unreserved: number;
  /** Reservations that were over, and were released; in a dry run they are left. */
  readonly reservationsOver: number;
  /** Subjects without events in the log. They are left as they are. */
  readonly withoutEvents: number;
  /** Forgotten, but their events have personal data: a `forget` broke off, or a late entry came in. */
  readonly unerased: readonly UserKey[];
}

type Outcome = 'equal' | 'rebuilt' | 'differing' | 'busy' | 'withoutTenant';

/** How many users are read at once and in memory. */
const USERS_AT_ONCE = 8;

export async function replay(deps: ReplayDeps, onProgress?: (users: number) => void): Promise<ReplayReport> {
  const counts = { equal: 0, rebuilt: 0, differing: 0, busy: 0, withoutTenant: 0 };
  const unerased: UserKey[] = [];
  let unreserved = 0;
  const subjects = await deps.history.countSubjects();
  let known = 0;
  let users = 0;
  const keys = deps.history.users()[Symbol.asyncIterator]();
  const worker = async (): Promise<void> => {
    for (let next = await keys.next(); next.done !== true; next = await keys.next()) {
      const user = next.value;
      // The subject first: its view was in the log before it was written.
      const subject = await deps.subjects.get(user);
      const history = await deps.events.ofUser(user);
      counts[await replayUser(deps, user, subject, history)] += 1;
      const facts = fold(history);
      if (facts.forgotten && (await isUnerased(deps, user))) unerased.push(user);
      if (await wasUnreserved(deps, user, facts)) unreserved += 1;
      if (subject !== undefined) known += 1;
      users += 1;
      onProgress?.(users);
    }
  };
  await Promise.all(Array.from({ length: USERS_AT_ONCE }, worker));
  const withoutEvents = Math.max(0, subjects - known);
  const reservationsOver = await releaseOver(deps);
  return { users, ...counts, unreserved, reservationsOver, withoutEvents, unerased: unerased.sort() };
}

async function isUnerased({ events }: ReplayDeps, user: UserKey): Promise<boolean> {
  for await (const event of events.read({ user })) if (isPersonal(event)) return true;
  return false;
}

async function wasUnreserved(deps: ReplayDeps, user: UserKey, { intent }: Facts): Promise<boolean> {
  if (intent === undefined) return false;
  if (deps.writer === undefined) return !(await isReserved(deps.reservations, user, intent));
  const { clock, settings, events, writer } = deps;
  const reservation = reservationOf(user, intent.event, clock.now(), settings);
  return restoreReservation(
    { clock, settings, events, reservations: writer.reservations },
    intent,
    reservation,
  );
}

async function releaseOver({ reservations, events, settings, clock, writer }: ReplayDeps): Promise<number> {
  let over = 0;
  for await (const page of reservations.all()) {
    for (const [user, own] of byUser(page)) {
      const history = await events.ofUser(user);
      const facts = fold(history);
      const ended = own.filter(
        (one) => reservedUntil(one, undefined, history, facts, settings.settleMs, clock.now()) === undefined,
      );
      over += ended.length;
      const intents = ended.map(({ intent }) => intent);
      if (intents.length > 0) await writer?.reservations.release(user, intents);
    }
  }
  return over;
}

function byUser(page: readonly Reservation[]): ReadonlyMap<UserKey, readonly Reservation[]> {
  const found = new Map<UserKey, Reservation[]>();
  for (const one of page) found.set(one.user, [...(found.get(one.user) ?? []), one]);
  return found;
}

async function replayUser(
  deps: ReplayDeps,
  user: UserKey,
  subject: Subject | undefined,
  history: readonly ConcordEvent[],
): Promise<Outcome> {
  if (shows(subject, viewOf(history, subject)) || wasNoUser(user, subject, history, deps.tenants))
    return 'equal';
  const trigger = subject ?? ownerIn(user, history, deps.tenants);
  if (trigger === undefined) return 'withoutTenant';
  return deps.writer === undefined ? 'differing' : rebuild(deps, deps.writer, trigger);
}

/**
 * The owner of a user without a subject, by the user's own events. A key alone is not enough: where one tenant has no
 * prefix, and another is not configured here, the key of the other looks like one of the first.
 */
function ownerIn(
  user: UserKey,
  history: readonly ConcordEvent[],
  tenants: ReplayDeps['tenants'],
): Trigger | undefined {
  const tenant = history[0]?.tenant;
  if (tenant === undefined) return undefined;
  const read = history.find(
    (event) => event.type === 'auth0.user-observed' || event.type === 'auth0.user-absent',
  );
  const own = tenants.filter(({ id }) => id === tenant);
  const userId = read === undefined ? ownerOf(user, own)?.userId : read.data.userId;
  return userId === undefined ? undefined : { user, userId, tenant };
}

/** One that `doctor --fix` removed: its events were written before keys were checked against the form of user ids (W14). */
function wasNoUser(
  user: UserKey,
  subject: Subject | undefined,
  history: readonly ConcordEvent[],
  tenants: ReplayDeps['tenants'],
): boolean {
  if (subject !== undefined) return false;
  const own = tenants.filter(({ id, keyPrefix }) => id === history[0]?.tenant && user.startsWith(keyPrefix));
  return own.length > 0 && ownerOf(user, own) === undefined;
}

async function rebuild(
  { events, clock, logger, settings }: ReplayDeps,
  { queue, readModel }: ReplayWriter,
  { user, userId, tenant }: Trigger,
): Promise<Outcome> {
  const lease = await queue.claimUser({ user, userId, tenant }, clock.now(), settings.leaseMs);
  if (lease === undefined) return 'busy';
  const held = new HeldLease({ queue, clock, logger, settings }, lease);
  try {
    await held.during(async () => {
      const view = viewOf(await events.ofUser(user), lease.shown);
      await held.ensure();
      await readModel.show(held.current, view);
    });
    return 'rebuilt';
  } catch (error) {
    if (error instanceof LeaseLostError) return 'busy';
    throw error;
  } finally {
    await queue.release(lease);
  }
}

/**
 * Undefined for a user who was never reconciled or swept, and for an id that is not a user's. The running count of failures
 * is in the read model alone: what it showed before is kept.
 */
export function viewOf(
  history: readonly ConcordEvent[],
  before?: SubjectView | undefined,
): SubjectView | undefined {
  const facts = withRunningCount(fold(history), before);
  if (facts.invalidSince !== undefined) return undefined;
  const isSeen = facts.conditions.length > 0 || facts.forgotten || facts.seenInSync;
  return isSeen ? subjectView(facts) : undefined;
}

function shows(subject: Subject | undefined, view: SubjectView | undefined): boolean {
  return isDeepStrictEqual(shown(subject ?? UNSEEN), shown(view ?? UNSEEN));
}

/** The fields of a view and no others, each of them present. */
function shown(view: SubjectView): SubjectView {
  return {
    sights: view.sights,
    mark: view.mark,
    email: view.email,
    emailVerified: view.emailVerified,
    verifiedEmail: view.verifiedEmail,
    linked: view.linked,
    unusable: view.unusable,
    code: view.code,
    did: view.did,
    accountHandle: view.accountHandle,
    accountEmail: view.accountEmail,
    platformHandle: view.platformHandle,
    sister: view.sister,
    conditions: view.conditions,
    sync: view.sync,
    health: view.health,
    attempts: view.attempts,
    quarantined: view.quarantined,
    failure: view.failure,
  };
}
