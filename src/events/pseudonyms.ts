/** Other names for everything in an event that names a person, as a bug report has them. */
import type { AccountHandle, Auth0UserId, Code, Did, EventId, TenantId, UserKey } from '../identity.ts';
import type { ConditionDraft } from './condition.ts';
import type { Decided } from './data/decisions.ts';

/** One word, as Concord and Auth0 write it. Any other text may contain anything. */
const WORD = /^[A-Za-z][A-Za-z0-9_.-]{0,39}$/;

/** Always the same for the same name. */
export interface Pseudonyms {
  tenant(id: TenantId): TenantId;
  userId(id: Auth0UserId): Auth0UserId;
  user(key: UserKey): UserKey;
  event(id: EventId): EventId;
  email(email: string): string;
  platformHandle(handle: string): string;
  handle(handle: AccountHandle): AccountHandle;
  code(code: Code): Code;
  did(did: Did): Did;
  inviteHash(hash: string): string;
  /** Whatever people or we wrote. */
  text(text: string): string;
}

export function word(text: string): string {
  return WORD.test(text) ? text : 'other';
}

export function pseudonymisedDecision({ by, reason }: Decided, as: Pseudonyms): Decided {
  return { by: as.text(by), ...(reason === undefined ? {} : { reason: as.text(reason) }) };
}

/** Messages name handles and other users; two that differ must stay different, since `since` depends on it. */
export function pseudonymisedConditions(
  conditions: readonly ConditionDraft[],
  as: Pseudonyms,
): ConditionDraft[] {
  return conditions.map(({ type, status, reason, message, held, waitsFor }) => ({
    ...{ type, status, reason: word(reason), message: as.text(message), held },
    ...(waitsFor === undefined ? {} : { waitsFor: as.user(waitsFor) }),
  }));
}
