/** What the definitions of several event types have in common. */
import { BLANKED_HANDLE, type Did } from '../../identity.ts';
import type { ConditionDraft } from '../condition.ts';
import type { Decided } from '../data/decisions.ts';
import type { Mention } from '../definition.ts';
import type { Pseudonyms } from '../pseudonyms.ts';

/** Blank means an address, a handle, a raw payload, and every text that people or we wrote and that may hold one. */
export const NOTHING = '';

export const NONE: readonly Mention[] = [];
/** One reason is given for all users of a decision, and may name one of them. */
export const REASON: readonly Mention[] = [{ field: 'reason', names: 'text', blank: { reason: NOTHING } }];
export const TO: readonly Mention[] = [{ field: 'to', names: 'key' }];
export const FROM: readonly Mention[] = [{ field: 'from', names: 'key' }];
/** Of an account that is the other user's now. */
export const EVIDENCE: readonly Mention[] = [{ field: 'evidence', names: 'text' }];

/** Nothing in it is personal, or names anything. */
export function asItIs<Data>(data: Data): Data {
  return data;
}

export function noSummary(): string {
  return '';
}

export function changesNoFacts(): void {}

export function didOf({ did }: { readonly did: Did }): string {
  return did;
}

export function pseudonymisedDid({ did }: { readonly did: Did }, as: Pseudonyms): { readonly did: Did } {
  return { did: as.did(did) };
}

export function withoutAccountHandle<Data extends { readonly handle: string }>(data: Data): Data {
  return { ...data, handle: BLANKED_HANDLE };
}

/** The reason is blank where the user was forgotten. */
export function byWhom({ by, reason = '' }: Decided): string {
  return reason === '' ? `by ${by}` : `by ${by}: ${reason}`;
}

/** The reason of a decision describes the user, so it is blanked. Who decided is kept, for accountability. */
export function unreasoned<Data extends Decided>(data: Data): Data {
  return data.reason === undefined ? data : { ...data, reason: NOTHING };
}

/** The messages of conditions name handles, other users, and the reason of a pause. */
export function unsaid(condition: ConditionDraft): ConditionDraft {
  return { ...condition, message: NOTHING };
}
