/**
 * The effect of other users' reservations. The log of the user who has one decides, so that a lost reservation loses
 * nothing:
 *
 * | the log of that user                                        | the value is              |
 * |-------------------------------------------------------------|---------------------------|
 * | its account has the value                                   | that account's            |
 * | an account creation with it is open                         | reserved                  |
 * |   the same for longer than `settleMs`, of a deleted user    | free                      |
 * | has the intent of the reservation, and it is not open       | free                      |
 * | has no such intent                                          | reserved until it expires |
 */
import type { ConcordEvent } from '../../../events/event.ts';
import type { Facts } from '../../../events/facts.ts';
import { fold } from '../../../events/fold.ts';
import type { TenantId, UserKey } from '../../../identity.ts';
import type { EventReader } from '../../../ports/event-log.ts';
import type { HeldValue, Reservation, ReservationReader, UniqueValue } from '../../../ports/reservations.ts';
import type { TakenBy, TakenValues } from '../../../reconcilers/reservation.ts';
import { subjectView } from '../subject-view.ts';

export interface ReservedDeps {
  readonly reservations: Pick<ReservationReader, 'find'>;
  readonly events: Pick<EventReader, 'ofUser'>;
  readonly settings: { readonly settleMs: number };
}

/** When a creation is checked again that may not settle by itself: its end wakes the users who wait for it. */
const AGAIN_MS = 600_000;

/** The values that other users have reserved and are not about to release. */
export async function takenByOthers(
  deps: ReservedDeps,
  user: UserKey,
  values: readonly UniqueValue[],
  now: Date,
): Promise<TakenValues> {
  if (values.length === 0) return NOTHING_TAKEN;
  const held = (await deps.reservations.find(values)).filter(({ by }) => by.user !== user);
  if (held.length === 0) return NOTHING_TAKEN;
  const judged = await judge(deps, held, now);
  return new Map(judged.flatMap(([{ value }, taken]) => (taken === 'free' ? [] : [[value, taken]])));
}

const NOTHING_TAKEN: TakenValues = new Map();

export async function judge(
  { events, settings }: Pick<ReservedDeps, 'events' | 'settings'>,
  held: readonly HeldValue[],
  now: Date,
): Promise<readonly (readonly [HeldValue, TakenBy | 'free'])[]> {
  const users = [...new Set(held.map(({ by }) => by.user))];
  const read = await Promise.all(users.map((user) => events.ofUser(user)));
  const histories = new Map(users.map((user, at) => [user, read[at] ?? []]));
  return held.map((one) => [one, takenBy(one, histories.get(one.by.user) ?? [], settings.settleMs, now)]);
}

function takenBy(
  { value, by }: HeldValue,
  history: readonly ConcordEvent[],
  settleMs: number,
  now: Date,
): TakenBy | 'free' {
  const facts = fold(history);
  const tenant = history[0]?.tenant;
  const seen = { user: by.user, tenant: tenant ?? NO_TENANT, ...subjectView(facts) };
  const isHad = seen.accountEmail === value || seen.accountHandle === value;
  if (isHad && !isGone(facts)) return { type: 'had', seen };
  const until = reservedUntil(by, value, history, facts, settleMs, now);
  return until === undefined ? 'free' : { type: 'reserved', user: by.user, until, seen };
}

/** Of a user without events, only the reservation is known. */
const NO_TENANT = '' as TenantId;

/** Undefined for a reservation that has ended. Without a value, only the reservation itself is checked. */
export function reservedUntil(
  by: Reservation,
  value: string | undefined,
  history: readonly ConcordEvent[],
  facts: Facts,
  settleMs: number,
  now: Date,
): Date | undefined {
  const { intent } = facts;
  const isOpen =
    intent !== undefined && (intent.event === by.intent || intent.email === value || intent.handle === value);
  if (isOpen) {
    const settled = new Date(intent.at.getTime() + settleMs);
    if (now < settled) return settled;
    return isGone(facts) ? undefined : new Date(now.getTime() + AGAIN_MS);
  }
  if (now >= by.until || history.some(({ _id }) => _id === by.intent)) return undefined;
  return by.until;
}

function isGone({ absentSince, forgotten }: Facts): boolean {
  return absentSince !== undefined || forgotten;
}
