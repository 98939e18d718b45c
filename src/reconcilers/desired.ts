/** The desired state of one user, resource by resource. */

import type { TransferFacts } from '../events/fold-transfer.ts';
import type { UserKey } from '../identity.ts';
import type { DesiredAccount } from './account/account-state.ts';
import type { DesiredHandle } from './account/handle.ts';
import type { DesiredDocument } from './document/user-document.ts';
import type { DesiredVerification } from './document/verification.ts';

export interface Desired {
  readonly user: UserKey;
  readonly verification: DesiredVerification;
  readonly document: DesiredDocument;
  readonly handle: DesiredHandle;
  readonly account: DesiredAccount;
  readonly transfer: TransferFacts;
}
