/** The documents of a user in MongoDB, with the permanent code. */
import type { Code, Did } from '../../identity.ts';
import type { Decided } from './decisions.ts';

export interface DocumentEventData {
  'verification.recorded': { readonly count: number; readonly recovered?: true };
  /** `when` is the sign-up time that was written; absent in older events. */
  'user-document.created': { readonly when?: string; readonly recovered?: true };
  /**
   * `concord import` found or wrote what the platform kept in older places: the code of `@handles`, and the account that
   * the users document now names. Null for what it says nothing about.
   */
  'user-document.imported': {
    readonly by: string;
    readonly code: Code | null;
    readonly record: Did | null;
  };
  'code.assigned': { readonly code: Code; readonly recovered?: true };
  /** The code that the users document has is the user's from now on. */
  'code.accepted': Decided & { readonly code: Code };
}
