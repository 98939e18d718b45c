/** What a person sees before an account is given to a user. */
import type { Facts } from '../events/facts.ts';
import type { UserKey } from '../identity.ts';
import type { AccountReader, DidDirectory, PdsAccount } from '../ports/accounts.ts';
import type { DocumentReader } from '../ports/documents.ts';
import type { SubjectReader } from '../ports/subjects.ts';
import type { View } from './view.ts';

export interface AdoptionReaders {
  readonly documents: Pick<DocumentReader, 'findUsers'>;
  readonly subjects: Pick<SubjectReader, 'holdersOfDid'>;
  readonly accounts: Pick<AccountReader, 'account' | 'holderOf'>;
  readonly dids: DidDirectory;
}

/** The user, as observed now. */
export interface Adopter {
  readonly user: UserKey;
  readonly facts: Facts;
  readonly view: View;
}

export interface Evidence {
  readonly says: 'for' | 'against';
  readonly what: string;
}

export interface Proposal {
  readonly account: PdsAccount;
  readonly evidence: readonly Evidence[];
  /** The reason of the user's account condition now. */
  readonly reason: string;
  /** The document's password for the account stays: `kept`. Where there is none, a new one is set: `new`. */
  readonly password: AdoptedPassword;
}

export type AdoptedPassword = 'kept' | 'new';

/** What an adoption does to the password of the account, as a sentence. */
export function passwordSentence(password: AdoptedPassword): string {
  return password === 'kept'
    ? 'The account keeps the password that is stored in the users document; one login tests it.'
    : 'The account gets a new password, which replaces the one it has on the PDS.';
}
