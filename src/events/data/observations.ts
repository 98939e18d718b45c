/** What was found, and what was removed by others. */
import type { AccountHandle, Code, Did } from '../../identity.ts';
import type { Removable } from '../resources.ts';

export interface ObservationEventData {
  /**
   * What was found and no other event records: it is older than the log, or others changed it. That an account
   * exists does not prove that it is this user's; that something existed decides that it is not created again.
   */
  'subject.observed': {
    /** Null when the users document has no code, or the one that the log knows. */
    readonly code: Code | null;
    readonly account: {
      readonly did: Did;
      readonly handle: AccountHandle;
      readonly email: string | null;
    } | null;
    /** First sight of the `verifications` document, with its count. Absent when it is missing or known. */
    readonly verification?: number;
    /** First sight of the `users` document. `when` is ISO 8601, null when it has no readable one. */
    readonly document?: { readonly when: string | null };
    /** First sight of the account that the `users` document names. */
    readonly record?: Did;
    /** A sweep found the user in sync. */
    readonly inSync?: true;
  };
  /** Something that was there is missing. A deletion in the change stream also proves that it was there. */
  'resource.removed': { readonly what: Removable; readonly seenBy: 'change-stream' | 'read' };
}
