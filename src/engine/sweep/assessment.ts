import type { Facts } from '../../events/facts.ts';
import type { UserKey } from '../../identity.ts';
import type { Auth0User } from '../../ports/auth0.ts';
import type { KnownSubject } from '../../ports/subjects.ts';
import type { ObservedLinkedUser } from '../../reconcilers/other-users.ts';
import type { View } from '../../reconcilers/view.ts';

export interface Assessment {
  readonly user: UserKey;
  readonly auth0: Auth0User;
  readonly facts: Facts;
  readonly view: View;
  /** As the view was planned by. */
  readonly linkedUser: ObservedLinkedUser;
  /** What the read model had before: `same` where it equals what was found, undefined where it has nothing. */
  readonly known: KnownSubject | 'same' | undefined;
}
