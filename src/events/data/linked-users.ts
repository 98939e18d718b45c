/** The linked user: the same person in another tenant. */
import type { EventId, UserKey } from '../../identity.ts';

export interface LinkedUserEventData {
  /** The linked user, and the handle that this user has; null where there is none. */
  'sister.observed': { readonly user: UserKey | null; readonly handle: string | null };
  /** A reconciliation of `by`, of the linked tenant, found that this user is the same person. Null once `by` is forgotten. */
  'sister.named': { readonly by: UserKey | null };
  /** Auth0 says that the user of this `sister.named` is not the same person, or is deleted. */
  'sister.dismissed': { readonly named: EventId };
}
