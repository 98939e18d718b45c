/** The desired state of one user, resource by resource. */

import type { Facts } from '../events/facts.ts';
import type { TransferFacts } from '../events/fold-transfer.ts';
import type { Gap } from '../events/gap.ts';
import type { UserKey } from '../identity.ts';
import * as account from './account/account.ts';
import type { DesiredAccount } from './account/account-state.ts';
import * as handle from './account/handle.ts';
import * as userDocument from './document/user-document.ts';
import * as verification from './document/verification.ts';
import type { ObservedLinkedUser } from './other-users.ts';
import type { DesiredPolicy } from './policy.ts';

export interface Desired {
  readonly user: UserKey;
  readonly verification: verification.DesiredVerification;
  readonly document: userDocument.DesiredDocument;
  readonly handle: handle.DesiredHandle;
  readonly account: DesiredAccount;
  readonly transfer: TransferFacts;
}

export interface DesiredSettings {
  /** How long an account creation with unknown outcome is not touched. */
  readonly settleMs: number;
  /** After how long a handle or address that was taken is tried again. */
  readonly refusalRetryMs: number;
  readonly policy: DesiredPolicy;
}

/** From the facts alone. An account is wanted with a handle, so that comes first. */
export function desire(
  user: UserKey,
  facts: Facts,
  { emailTag }: { readonly emailTag: string | undefined },
  handleDomain: string,
  settings: DesiredSettings,
  linkedUser: ObservedLinkedUser,
  gap?: Gap,
): Desired {
  const { settleMs, refusalRetryMs, policy } = settings;
  const { incoming, outgoing, retiring, transferred } = facts;
  const wantedHandle = handle.desired(facts, handleDomain, refusalRetryMs, linkedUser);
  return {
    user,
    verification: verification.desired(facts),
    document: userDocument.desired(facts, user),
    handle: wantedHandle,
    account: account.desired(facts, wantedHandle, {
      blocked: policy.blocked,
      removal: policy.removal,
      removalGraceMs: policy.removalGraceMs,
      remnant: policy.remnant,
      emailTag,
      settleMs,
      refusalRetryMs,
      gap,
    }),
    transfer: { incoming, outgoing, retiring, transferred },
  };
}
