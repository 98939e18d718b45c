import type { TenantId } from '../../identity.ts';
import type { Directory } from '../../ports/auth0.ts';
import type { EventReader } from '../../ports/event-log.ts';
import type { SubjectReader } from '../../ports/subjects.ts';
import type { LinkedTenant } from './linked-user.ts';
import type { ObserveDeps, TenantPolicy } from './observe.ts';

export interface AssessDeps extends ObserveDeps {
  readonly events: EventReader;
  readonly subjects: Pick<
    SubjectReader,
    | 'holdersOfEmail'
    | 'holdersOfHandle'
    | 'holdersOfDid'
    | 'get'
    | 'marksOf'
    | 'known'
    | 'sistersOf'
    | 'verifiedIn'
    | 'read'
    | 'carriersOf'
  >;
}
export interface AssessedTenant extends TenantPolicy {
  readonly id: TenantId;
  readonly keyPrefix: string;
  readonly directory: Directory;
  /** The tenant whose users may be the same people. */
  readonly linkedTenant?: LinkedTenant | undefined;
}
