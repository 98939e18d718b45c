/** The creation of an account: a call that cannot be repeated, so that its intent and each of its endings are events. */
import type { AccountHandle, Did, EventId } from '../../identity.ts';

export type RefusalReason =
  /** Someone holds it, hidden or not. */
  | 'taken'
  /** The PDS does not allow it: too short, reserved, a slur, a disposable email domain. */
  | 'not-allowed';

export interface AccountCreationEventData {
  'account.creation-intended': {
    readonly handle: AccountHandle;
    readonly email: string;
    /** SHA-256 of the single-use invite code: the account that used that code is ours. */
    readonly inviteHash: string;
  };
  'account.creation-refused': {
    readonly intent: EventId;
    readonly field: 'handle' | 'email';
    readonly value: string;
    readonly reason: RefusalReason;
  };
  /** The call did not answer, or with a failure: the account may have been created all the same. */
  'account.creation-failed': { readonly intent: EventId; readonly code: string };
  'account.creation-abandoned': {
    readonly intent: EventId;
    readonly reason: 'not-applied' | 'no-account-came-of-it';
  };
  /** After a creation that failed, the inactive accounts of the PDS were listed: so many. */
  'inactive-accounts.listed': { readonly accounts: number };
  'account.created': {
    readonly did: Did;
    readonly handle: AccountHandle;
    readonly email: string;
    readonly recovered?: true;
    /** The account of an open intent was found, and the users document does not name it yet. */
    readonly documented?: false;
  };
}
