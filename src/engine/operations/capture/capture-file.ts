/** The form of a capture, which is read again by later versions. */

import type { ConditionDraft } from '../../../events/condition.ts';
import type { ConcordEvent } from '../../../events/event.ts';
import type { AccountHandle, Auth0UserId, Did, TenantId, UserKey } from '../../../identity.ts';
import type {
  AccountReader,
  DidDirectory,
  HandleHolder,
  InactiveListing,
  PdsAccount,
  ServiceLocation,
} from '../../../ports/accounts.ts';
import type { Auth0User, Directory } from '../../../ports/auth0.ts';
import type { Documents } from '../../../ports/documents.ts';
import type { HeldValue } from '../../../ports/reservations.ts';
import type { Claimant, Successor } from '../../../ports/subjects.ts';
import type { EngineSettings } from '../../reconcile/settings.ts';

export const CAPTURE_VERSION = 1;

/** A call that failed: the next one like it fails again. */
export interface FailedCall {
  readonly call:
    | keyof AccountReader
    | keyof Directory
    | keyof DidDirectory
    | 'handleDomain'
    | 'aheadMs'
    | 'read'
    | 'holdersOfEmail'
    | 'holdersOfHandle'
    | 'holdersOfDid'
    | 'get'
    | 'holdersOf'
    | 'listing'
    | 'knownSuccessors'
    | 'successorsInAuth0'
    | 'find'
    | 'events';
  /** Of the linked tenant, and not of the user's own. */
  readonly isSisters: boolean;
  readonly code: string;
}

/** Every answer that an observation got. */
export interface Seen {
  readonly users: readonly { readonly tenant: TenantId; readonly user: Auth0User }[];
  /** Users in Auth0, of any tenant, that the plan depended on. Absent in captures of older versions. */
  readonly people?: readonly { readonly key: UserKey; readonly user: Auth0User }[];
  readonly documents: readonly { readonly user: UserKey; readonly documents: Documents }[];
  readonly accounts: readonly (PdsAccount & { readonly inviteCode: string | undefined })[];
  readonly holders: readonly { readonly handle: AccountHandle; readonly holder: HandleHolder }[];
  readonly emailHolders: readonly { readonly email: string; readonly claimants: readonly Claimant[] }[];
  /** By address or handle, the inactive accounts that the index has under it. */
  readonly inactive: readonly { readonly name: string; readonly dids: readonly Did[] }[];
  /** Users who have one of these accounts. */
  readonly owners: readonly Claimant[];
  readonly listing: InactiveListing | undefined;
  readonly carriers: readonly { readonly handle: AccountHandle; readonly claimants: readonly Claimant[] }[];
  /** Absent where no user was read, and in captures from before there were any. */
  readonly successors?: { readonly known: readonly Successor[]; readonly inAuth0: readonly Successor[] };
  /** Absent in captures of versions that did not read the DID directory. */
  readonly locations?: readonly { readonly did: Did; readonly location: ServiceLocation }[];
  /** Absent in captures from before there were reservations. */
  readonly reserved?: readonly HeldValue[];
  /** Undefined where the PDS could not be read. */
  readonly domain: string | undefined;
  /** Present where the plan would end something, and so depended on it. */
  readonly clockAheadMs?: number;
  readonly failed: readonly FailedCall[];
}

/** The result of the observation, in the words that must be the same when it is repeated. */
export interface CapturedPlan {
  readonly actions: readonly { readonly resource: string; readonly type: string }[];
  readonly conditions: readonly Pick<ConditionDraft, 'type' | 'status' | 'reason' | 'held'>[];
  readonly failures: readonly { readonly resource: string; readonly code: string }[];
}

interface CapturedTenant {
  readonly id: TenantId;
  readonly keyPrefix: string;
  readonly emailTag: string | undefined;
}

export interface Capture {
  readonly format: 'concord-capture';
  readonly version: typeof CAPTURE_VERSION;
  readonly concord: string;
  readonly node: string;
  readonly at: Date;
  readonly settings: Pick<EngineSettings, 'settleMs' | 'refusalRetryMs' | 'policy'>;
  readonly user: UserKey;
  readonly userId: Auth0UserId;
  readonly tenant: CapturedTenant;
  readonly sister: CapturedTenant | undefined;
  readonly events: readonly ConcordEvent[];
  readonly seen: Seen;
  /** Undefined where Auth0 or the documents could not be read, so that there is no plan. */
  readonly plan: CapturedPlan | undefined;
}
