/** What makes a user due. */
import type { Auth0UserId, EventId, TenantId, UserKey } from '../identity.ts';

export interface Trigger {
  readonly user: UserKey;
  readonly tenant: TenantId;
  readonly userId: Auth0UserId;
  /** The event that made the user due, where there is one. */
  readonly cause?: EventId;
  /** It reports nothing that Concord acts on, such as a login. Default: false. */
  readonly isRoutine?: boolean;
}

/** Fresh triggers go before the safety net. */
export type DuePriority = 'trigger' | 'sweep';
