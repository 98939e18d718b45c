/** The reservations of one user during a reconciliation: made, restored from the log, and released. */
import { UpstreamError } from '../../../errors.ts';
import type { ConcordEvent } from '../../../events/event.ts';
import type { Facts, OpenIntent } from '../../../events/facts.ts';
import { BLANKED_HANDLE, type EventId, type UserKey } from '../../../identity.ts';
import type { Logger } from '../../../logger.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { EventReader } from '../../../ports/event-log.ts';
import type {
  HeldValue,
  Reservation,
  ReservationReader,
  Reservations,
  UniqueValue,
} from '../../../ports/reservations.ts';
import type { Reserved } from '../../../reconcilers/reconciler.ts';
import { emailValue, handleValue } from '../../../reconcilers/reservation.ts';
import type { EngineSettings } from '../settings.ts';
import { judge, reservedUntil } from './reserved.ts';

export interface ReservingDeps {
  readonly reservations: Reservations;
  readonly events: Pick<EventReader, 'ofUser'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: Pick<EngineSettings, 'leaseMs' | 'settleMs'>;
}

export class Reserving {
  readonly #deps: ReservingDeps;
  readonly #user: UserKey;
  /** Released when the reconciliation has ended. */
  readonly #over = new Set<EventId>();
  readonly #refused = new Set<string>();
  #hasReleased = false;

  constructor(deps: ReservingDeps, user: UserKey) {
    this.#deps = deps;
    this.#user = user;
  }

  /**
   * Reserves what the log says is reserved, also when the reservations were lost. What a broken-off reconciliation left
   * behind ends, unless its effect may still happen.
   */
  async begin(history: readonly ConcordEvent[], facts: Facts): Promise<void> {
    const { reservations, clock, settings } = this.#deps;
    const { intent, isUnfinished, openActions } = facts;
    // A reconciliation that repeats an open intent logs no other.
    if (isUnfinished || openActions.length > 0) {
      const now = clock.now();
      for (const own of await reservations.ofUser(this.#user)) {
        const until = reservedUntil(own, undefined, history, facts, settings.settleMs, now);
        if (until === undefined) this.#over.add(own.intent);
      }
    }
    if (intent === undefined) return;
    this.#over.add(intent.event);
    await restoreReservation(this.#deps, intent, this.#reservation(intent.event));
  }

  /** Undefined where another user has one of the values. Throws UpstreamError VALUE_RESERVED when that happens again. */
  async reserve(values: readonly UniqueValue[], intent: EventId): Promise<Reserved | undefined> {
    const reservation = this.#reservation(intent);
    const held = await reserveFree(this.#deps, values, reservation);
    if (held.length === 0) return this.#reserved(reservation);
    // The next observation sees who has it, and the plan changes; the same choice again would be an endless loop.
    if (held.some(({ value }) => this.#refused.has(value))) {
      throw new UpstreamError('another user has reserved a value for this user', {
        ...{ upstream: 'mongodb', code: 'VALUE_RESERVED', retryable: true },
      });
    }
    for (const { value } of held) this.#refused.add(value);
    return undefined;
  }

  /** Whether others who wait for a reserved value need not wait any longer. */
  frees(facts: Facts): boolean {
    return this.#hasReleased || this.#ended(facts).length > 0;
  }

  /** After the read model shows the user: a value released earlier would be visible nowhere for a moment. */
  async end(facts: Facts): Promise<void> {
    const ended = this.#ended(facts);
    if (ended.length > 0) await this.#release(ended);
  }

  #ended({ intent }: Facts): readonly EventId[] {
    return [...this.#over].filter((one) => one !== intent?.event);
  }

  #reservation(intent: EventId): Reservation {
    return reservationOf(this.#user, intent, this.#deps.clock.now(), this.#deps.settings);
  }

  #reserved({ intent, until }: Reservation): Reserved {
    const { clock, settings } = this.#deps;
    return {
      intent,
      ensure: () => {
        if (clock.now().getTime() < until.getTime() - settings.settleMs) return;
        const code = 'RESERVATION_EXPIRED';
        throw new UpstreamError('the steps before the call took so long that others may have its values', {
          ...{ upstream: 'mongodb', code, retryable: true },
        });
      },
      done: () => void this.#over.add(intent),
      release: async () => {
        this.#hasReleased = true;
        await this.#release([intent]);
      },
    };
  }

  /** A failed release is not worth failing the action for: the reservation expires soon. */
  async #release(intents: readonly EventId[]): Promise<void> {
    const { reservations, logger } = this.#deps;
    try {
      await reservations.release(this.#user, intents);
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      logger.warn({ user: this.#user, code: error.code, err: error }, 'a reservation was not released');
    }
  }
}

/** The effect begins under the lease, and happens within `settleMs`. */
export function reservationOf(
  user: UserKey,
  intent: EventId,
  at: Date,
  { leaseMs, settleMs }: ReservingDeps['settings'],
): Reservation {
  return { user, intent, at, until: new Date(at.getTime() + leaseMs + settleMs) };
}

/** Whether all values of an open intent are reserved for its user. */
export async function isReserved(
  reservations: Pick<ReservationReader, 'find'>,
  user: UserKey,
  intent: Pick<OpenIntent, 'email' | 'handle'>,
): Promise<boolean> {
  const values = valuesOf(intent);
  return (await reservations.find(values)).filter(({ by }) => by.user === user).length === values.length;
}

/** Reserves the values of an open intent, unless another user has one by now. Returns whether it was missing. */
export async function restoreReservation(
  deps: FreeDeps,
  intent: Pick<OpenIntent, 'email' | 'handle'>,
  reservation: Reservation,
): Promise<boolean> {
  if (await isReserved(deps.reservations, reservation.user, intent)) return false;
  return (await reserveFree(deps, valuesOf(intent), reservation)).length === 0;
}

type FreeDeps = Pick<ReservingDeps, 'reservations' | 'events' | 'clock' | 'settings'>;

/** Also takes values whose reservations have ended. Returns those that others have; then none is reserved. */
async function reserveFree(
  deps: FreeDeps,
  values: readonly UniqueValue[],
  reservation: Reservation,
): Promise<readonly HeldValue[]> {
  const held = await deps.reservations.reserve(values, reservation);
  if (held.length === 0) return held;
  const judged = await judge(deps, held, deps.clock.now());
  const taken = judged.flatMap(([one, by]) => (by === 'free' ? [] : one));
  const over = held.map(({ by }) => by.intent);
  return taken.length > 0 ? taken : deps.reservations.reserve(values, reservation, over);
}

/** Blank values are of a forgotten user. */
function valuesOf({ email, handle }: Pick<OpenIntent, 'email' | 'handle'>): readonly UniqueValue[] {
  return [
    ...(email === '' ? [] : [emailValue(email)]),
    ...(handle === BLANKED_HANDLE ? [] : [handleValue(handle)]),
  ];
}
