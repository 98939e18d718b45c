/** What was desired, seen and planned of one user. */

import type { ConditionDraft } from '../events/condition.ts';
import type { Resource } from '../events/resources.ts';
import type { Did } from '../identity.ts';
import type { PdsAccount } from '../ports/accounts.ts';
import type { Documents } from '../ports/documents.ts';
import type { Claimant } from '../ports/subjects.ts';
import type { AccountAction } from './account/account-state.ts';
import type { EmailAction } from './account/email.ts';
import type { HandleAction } from './account/handle.ts';
import type { Failure } from './attempt.ts';
import type { Desired } from './desired.ts';
import type { DocumentAction } from './document/user-document.ts';
import type { VerificationAction } from './document/verification.ts';
import type { IndependentAction, SeenIndependent } from './independent.ts';
import type { TransferAction } from './transfer/state.ts';

export type Action =
  | VerificationAction
  | DocumentAction
  | AccountAction
  | EmailAction
  | HandleAction
  | TransferAction
  | IndependentAction;

export type SharingAction = Exclude<Action, IndependentAction>;

export interface View {
  readonly desired: Desired;
  /** Undefined when the documents could not be read. */
  readonly documents: Documents | undefined;
  /** The account on the PDS, if it could be read and exists. */
  readonly account: PdsAccount | undefined;
  /** The account that the document or the log names and the PDS does not have. */
  readonly missingAccount: Did | undefined;
  /** The PDS that the account moved to, by its DID; undefined if it did not move, or that was not read. */
  readonly movedTo: string | undefined;
  /** In the order in which they are applied. */
  readonly actions: readonly Action[];
  readonly conditions: readonly ConditionDraft[];
  readonly failures: readonly Failure[];
  readonly retryAt: Date | undefined;
  /** Other users that the plan depended on, as the read model had them. */
  readonly others: readonly Claimant[];
  /** Something was removed by others, and nothing is done for the user until a person decides. */
  readonly isHeld: boolean;
  /** What was desired and observed of each independent resource. */
  readonly independent: ReadonlyMap<Resource, SeenIndependent>;
}
