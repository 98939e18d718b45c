/**
 * What verification, user document, account, email and handle have in common: they share two documents and one account, so
 * one observation serves all five, and each plans from it.
 */
import { type ConditionDraft, FAILURE_REASONS } from '../events/condition.ts';
import type { Gap } from '../events/gap.ts';
import type { UserKey } from '../identity.ts';
import type { AccountReader, DidDirectory, InactiveAccountReader } from '../ports/accounts.ts';
import type { People } from '../ports/auth0.ts';
import type { DocumentReader } from '../ports/documents.ts';
import type { SubjectReader, Successor } from '../ports/subjects.ts';
import type { ActualAccount } from './account/account-state.ts';
import type { Holder } from './account/handle.ts';
import type { ManagedAccount } from './account/managed-account.ts';
import type { Failure } from './attempt.ts';
import type { Desired } from './desired.ts';
import type { ActualDocument } from './document/user-document.ts';
import type { TransferSeen } from './other-users.ts';
import { type Plan, unknown } from './reconciler.ts';
import type { LookUpTaken } from './reservation.ts';
import type { TransferResource } from './transfer/state.ts';
import type { SharingAction } from './view.ts';

export interface SuccessorSearch {
  /** As far as reconciliations have seen. */
  known(user: UserKey, emails: readonly string[]): Promise<readonly Successor[]>;
  /** From Auth0 now, over all tenants. Throws UpstreamError when one of them cannot be read. */
  inAuth0(user: UserKey, emails: readonly string[]): Promise<readonly Successor[]>;
}

/** What one user is observed by. The methods of the last part throw UpstreamError. */
export interface SharedReaders {
  readonly documents: DocumentReader;
  readonly accounts: AccountReader;
  readonly inactive: InactiveAccountReader;
  readonly subjects: Pick<SubjectReader, 'holdersOfEmail' | 'holdersOfHandle' | 'holdersOfDid' | 'get'>;
  readonly people: People;
  readonly successors: SuccessorSearch;
  readonly dids: DidDirectory;
  /** The domain of handles, such as `.at.test`; reads it from the PDS, which may be unreachable. */
  readonly handleDomain: () => Promise<string>;
  /** Reserved by other users. */
  readonly lookUpTaken: LookUpTaken;
  /** The first gap in the log entries of the tenant that is open. */
  readonly openGap: () => Promise<Gap | undefined>;
  /** Undefined for a user that is part of no transfer. */
  readonly transfer: () => Promise<TransferSeen | undefined>;
}

/** The one observation. */
export interface SharedActual {
  readonly document: ActualDocument;
  /** Undefined where it could not be read. */
  readonly account: ActualAccount | undefined;
  /** Undefined where it could not be read, and where it decides nothing. */
  readonly holder: Holder | undefined;
  /** Why the account or the holder could not be read. */
  readonly failure: Failure | undefined;
  readonly transfer: TransferSeen | undefined;
}

export type TransferPlans = { readonly [R in TransferResource]?: Plan<SharingAction> };

/** What the plans go by. */
export interface SharedSeen {
  readonly desired: Desired;
  readonly document: ActualDocument;
  /** Undefined where it could not be read. */
  readonly account: SeenAccount | undefined;
  readonly failure: Failure | undefined;
  /** In the place of the plans of these resources while a transfer is open. */
  readonly transfers: TransferPlans;
  readonly now: Date;
}

export interface SeenAccount {
  readonly actual: ActualAccount;
  readonly managed: ManagedAccount;
  readonly holder: Holder | undefined;
}

/** Pure. `isOnHold`: the plan of a resource before this one holds the user. */
export type PlanShared = (seen: SharedSeen, isOnHold: boolean) => Plan<SharingAction>;

/** The plan of a resource that rests on the account: where that could not be read, nothing is decided. */
export function ofAccount(
  type: 'account' | 'email' | 'handle',
  plan: (account: SeenAccount, seen: SharedSeen, isOnHold: boolean) => Plan<SharingAction>,
): PlanShared {
  return (seen, isOnHold) =>
    seen.account === undefined ? unseen(type, seen.failure) : plan(seen.account, seen, isOnHold);
}

export function unseen(type: ConditionDraft['type'], failure: Failure | undefined): Plan<never> {
  const message = `It could not be read (${failure?.code ?? 'not observed'}), so nothing was decided.`;
  return { actions: [], condition: unknown({ type, reason: FAILURE_REASONS.notObserved, message }) };
}
