/** What is seen of a user's linked user. */
import type { UserKey } from '../identity.ts';

/** The linked user: the same person in the linked tenant. */
export interface LinkedUser {
  readonly user: UserKey;
  /** The linked user's own row in `@handles`. */
  readonly platformHandle: string | undefined;
  /** That handle is for the linked user's own account, existing or future. Undefined until it is observed. */
  readonly carries: boolean | undefined;
}

/** `unknown` where the linked tenant could not be read: then there may be a linked user. */
export type ObservedLinkedUser = LinkedUser | 'none' | 'unknown';
