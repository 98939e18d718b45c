/** Decisions of a person, which the next reconciliation applies. */
import type { Did, EventId } from '../../identity.ts';
import type { Removable } from '../resources.ts';

/** Who decided something, and why. */
export interface Decided {
  /** A name as the person gave it. */
  readonly by: string;
  /** Absent where none was given, as in all that was written before it could be. */
  readonly reason?: string;
}

export interface DecisionEventData {
  'adoption.granted': Decided & { readonly did: Did; readonly evidence: readonly string[] };
  /** A grant that was not carried out is void. */
  'adoption.withdrawn': Decided & { readonly did: Did };
  /** Within the safety limit, or approved by a person: this user's account may be removed. */
  'removal.granted': Decided & { readonly run: EventId };
  /** What was removed may be created again. `account` names the lost account that a new one replaces. */
  'restore.granted': Decided & { readonly what: readonly Removable[]; readonly account?: Did };
  'user.paused': { readonly by: string; readonly reason: string; readonly until: string | null };
  'user.resumed': Decided;
  /** Failures, refusals and quarantine are forgotten, and everything is tried once more. */
  'user.retried': Decided;
  /** A person requests a reconciliation now. It decides nothing, and resets nothing. */
  'reconcile.requested': { readonly by: string; readonly reason: string };
  'user.forgotten': { readonly by: string };
}
