/**
 * Values that only one account can have, an address and a handle, are reserved before an effect takes them: two effects
 * that take one value at the same moment would end in a half-done account that the PDS answers 500 to.
 */

import { UpstreamError } from '../errors.ts';
import type { AccountHandle, UserKey } from '../identity.ts';
import type { UniqueValue } from '../ports/reservations.ts';
import type { Claimant } from '../ports/subjects.ts';
import type { Applied, ApplyContext, Reserved } from './reconciler.ts';

/** Another user who has reserved a value: a creation or a change has begun, and no outcome is known yet. */
export interface ReservingUser {
  readonly type: 'reserved';
  readonly user: UserKey;
  /** When the outcome is known, or the reservation over. */
  readonly until: Date;
  /** As the user's log has it. */
  readonly seen: Claimant;
}

export type TakenBy =
  | ReservingUser
  /** The account of the user has the value by now, and the read model may not show it yet. */
  | { readonly type: 'had'; readonly seen: Claimant };

/** By the value. */
export type TakenValues = ReadonlyMap<string, TakenBy>;

/** Looks up which values other users have reserved. */
export type LookUpTaken = (values: readonly UniqueValue[]) => Promise<TakenValues>;

export function emailValue(email: string): UniqueValue {
  return { kind: 'email', value: email.toLowerCase() };
}

export function handleValue(handle: AccountHandle): UniqueValue {
  return { kind: 'handle', value: handle };
}

/**
 * Carries out an effect with a value reserved. Where another user has reserved it, nothing is done, and the next
 * observation in the same reconciliation shows why. Where the effect may still happen, the reservation stays
 * until it expires.
 */
export async function whileReserved(
  context: ApplyContext,
  value: UniqueValue,
  effect: (reserved: Reserved) => Promise<Exclude<Applied, 'reserved'>>,
): Promise<Applied> {
  const reserved = await context.reserve([value]);
  if (reserved === undefined) return 'reserved';
  try {
    const applied = await effect(reserved);
    if (applied === 'applied') reserved.done();
    else await reserved.release();
    return applied;
  } catch (error) {
    if (error instanceof UpstreamError && error.effect === 'none') await reserved.release();
    throw error;
  }
}
