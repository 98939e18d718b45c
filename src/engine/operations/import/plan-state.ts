/** The types that the parts of an import share. */
import type { AccountHandle, Code, Did } from '../../../identity.ts';
import type { PdsAccount, ServiceLocation } from '../../../ports/accounts.ts';
import type { OldUser, SharedValues } from '../../../ports/old-documents.ts';

export type DecisionReason =
  | 'CodesDiffer'
  | 'CodeShared'
  | 'CodeUnreadable'
  | 'AccountsDiffer'
  | 'AccountShared'
  | 'AccountUnreadable'
  | 'AccountMissing'
  | 'DocumentRemoved'
  | 'PasswordsDiffer'
  | 'PasswordUnreadable';

/** Something that an import does not decide. */
export interface Decision {
  readonly key: string;
  readonly reason: DecisionReason;
  /** What was found, why it is left, and what to do. Has no password and no address. */
  readonly message: string;
}

/** What the log has about a user. */
export interface KnownToLog {
  readonly code: Code | undefined;
  /** The account that the users document named in `atproto`. */
  readonly record: Did | undefined;
  /** The user's account, whether a document named it or not. */
  readonly account: Did | undefined;
}

export type Location = ServiceLocation | { readonly type: 'unknown'; readonly code: string };

export interface ImportContext extends SharedValues {
  /** The holders of the codes to be moved, by their users documents. */
  readonly codeHolders: ReadonlyMap<Code, string>;
  /** The named accounts that the PDS has. */
  readonly accounts: ReadonlyMap<Did, PdsAccount>;
  /** Where the other ones are. */
  readonly locations: ReadonlyMap<Did, Location>;
  /** The domains of the PDS, each starting with a dot. */
  readonly domains: readonly string[];
  /** A stored password in the clear. Throws CredentialsError. */
  readonly open: (stored: string, key: string) => string;
}

export interface UserImport {
  readonly user: OldUser;
  /** False for a key that no tenant can have assigned: nothing is done for it. */
  readonly isUser: boolean;
  /** To be moved to `users.code`. */
  readonly code: Code | undefined;
  /** To be moved to `atproto`. */
  readonly account:
    | {
        readonly did: Did;
        readonly handle: AccountHandle | undefined;
        readonly createdAt: Date | undefined;
        readonly hasPassword: boolean;
      }
    | undefined;
  /** The account in `atproto` that gets the password of the old fields. */
  readonly passwordFor: Did | undefined;
  /** The users document already has what the older places have. */
  readonly isRight: boolean;
  /** For the log: what the users document then has from the older places. Undefined where there is nothing to add. */
  readonly tell: { readonly code: Code | null; readonly record: Did | null } | undefined;
  /** What the reconciliation of the user does afterwards without a person. */
  readonly follows: readonly ('document' | 'handle')[];
  /** The account is on another PDS, by its DID. */
  readonly elsewhere: string | undefined;
  /** The account has a handle of no domain of this PDS, and keeps it. */
  readonly foreignHandle: AccountHandle | undefined;
  readonly decisions: readonly Decision[];
}

export type Say = (reason: DecisionReason, message: string) => void;
