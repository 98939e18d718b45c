import type { Facts } from '../../events/facts.ts';
import type { UserKey } from '../../identity.ts';
import type { Auth0User } from '../../ports/auth0.ts';
import type { KnownSubject } from '../../ports/subjects.ts';
import type { View } from '../reconcile/observe.ts';

export interface Assessment {
  readonly user: UserKey;
  readonly auth0: Auth0User;
  readonly facts: Facts;
  readonly view: View;
  /** What the read model knew before: `same` where that is what is there, undefined where it knows nothing. */
  readonly known: KnownSubject | 'same' | undefined;
}
