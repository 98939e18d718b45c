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
  /** What is found, why it is left, and what to do. Holds no password and no address. */
  readonly message: string;
}

/** What the log knows of a user. */
export interface KnownToLog {
  readonly code: Code | undefined;
  /** The account that the users document named in `atproto`. */
  readonly record: Did | undefined;
  /** The user's account, whether a document named it or not. */
  readonly account: Did | undefined;
}

export type Location = ServiceLocation | { readonly type: 'unknown'; readonly code: string };

export interface ImportContext extends SharedValues {
  /** Whose users documents have the codes that are to be moved. */
  readonly codeHolders: ReadonlyMap<Code, string>;
  /** Of the named accounts, those that the PDS has. */
  readonly accounts: ReadonlyMap<Did, PdsAccount>;
  /** Where the others live. */
  readonly locations: ReadonlyMap<Did, Location>;
  /** The domains of the PDS, each starting with a dot. */
  readonly domains: readonly string[];
  /** A stored password in the clear. Throws CredentialsError. */
  readonly open: (stored: string, key: string) => string;
}

export interface UserImport {
  readonly user: OldUser;
  /** False for a key that no tenant can have given: nothing is done for it. */
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
  /** The users document has what the older places say already. */
  readonly isRight: boolean;
  /** For the log: what the older places say and the users document then has. Undefined where the log knows it, or for nothing. */
  readonly tell: { readonly code: Code | null; readonly record: Did | null } | undefined;
  /** What the reconciliation of the user does by itself afterwards. */
  readonly follows: readonly ('document' | 'handle')[];
  /** The account lives on another PDS, as its DID says. */
  readonly elsewhere: string | undefined;
  /** The account carries a handle of no domain of this PDS, and stays with it. */
  readonly foreignHandle: AccountHandle | undefined;
  readonly decisions: readonly Decision[];
}

export type Say = (reason: DecisionReason, message: string) => void;
