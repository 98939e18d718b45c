/**
 * The platform's collections, as the core sees them. Every method throws UpstreamError when the upstream cannot be reached
 * or answers with a failure: no method returns "missing" for "could not be read".
 */
import type { Removable } from '../events/resources.ts';
import type { AccountHandle, Code, Did, EventId, UserKey } from '../identity.ts';

export interface AccountRecord {
  /** Undefined when the document names an account and no readable DID: never a reason to create one. */
  readonly did: Did | undefined;
  readonly handle: AccountHandle | undefined;
  readonly hasPassword: boolean;
}

export interface Documents {
  /** `verifications.count`; undefined when there is no document. */
  readonly verificationCount: number | undefined;
  /** The `users` document; undefined when there is none. */
  readonly user:
    | {
        readonly code: Code | undefined;
        /** There is something in place of a code that is no text. */
        readonly hasUnreadableCode?: true | undefined;
        /** The sign-up time; undefined where there is none that can be read. */
        readonly when: Date | undefined;
        readonly account: AccountRecord | undefined;
        /**
         * Where `atproto` names no account: the one that the platform named in fields of their own (`atproto_did`), which
         * `concord import` moves. Without a DID when that cannot be read.
         */
        readonly oldAccount?: { readonly did: Did | undefined } | undefined;
        /** The sealed password kept beside an account creation that was intended. */
        readonly pending: { readonly intent: EventId; readonly password: string } | undefined;
      }
    | undefined;
  /** The platform handle in `@handles`. */
  readonly handle: string | undefined;
  /** A code in `@handles`, where the platform kept codes before. */
  readonly legacyCode: Code | undefined;
}

/** That there is a document, whose it says it is, and which account it names. */
export interface DocumentOwner {
  readonly collection: 'users' | 'verifications' | '@handles';
  /** The `_id` as text: a UserKey, unless another program wrote it. */
  readonly key: string;
  /** The account of a `users` document, where it names one legibly. */
  readonly did: Did | undefined;
}

export interface DocumentReader {
  /** Reads these users' documents. Every key asked for is in the answer, with what is not there undefined. */
  read(users: readonly UserKey[]): Promise<ReadonlyMap<UserKey, Documents>>;
  /** The indexes that the platform's guarantees rest on, as they are. */
  indexes(): Promise<readonly IndexState[]>;
  /** How many codes of one year (`ac25`) are in use. */
  codesInYear(prefix: string): Promise<number>;
  /** Finds users by code, DID or platform handle, for a person who types one. */
  findUsers(by: {
    readonly code?: string;
    readonly did?: string;
    readonly handle?: string;
  }): Promise<readonly UserKey[]>;
  /** Which of these codes or platform handles there are, in no promised order: asked by an index, and not for long. */
  namesAmong(kind: 'code' | 'handle', names: readonly string[]): Promise<readonly string[]>;
  /** Every document's owner, collection by collection, in pages. A listing that ends is complete. */
  owners(): AsyncIterable<readonly DocumentOwner[]>;
  /** Those of these DIDs that some `users` document names. */
  namedDids(dids: readonly Did[]): Promise<ReadonlySet<Did>>;
}

/** Something that others did to a document, or that nothing has been done for a while. */
export interface DocumentChange {
  /** The owner of the document's `_id`, of any tenant. */
  readonly user: UserKey | undefined;
  /** What of the user's is no longer there. */
  readonly removed: readonly Removable[];
  /** Where to go on after this; undefined while there is nothing to go on from. */
  readonly position: string | undefined;
  /** When it was done, by the server's clock and to the second. */
  readonly at: Date | undefined;
  /** A collection was dropped or renamed: it concerns all users, and names none. */
  readonly isWhole: boolean;
}

export interface ChangedHandle {
  readonly user: UserKey;
  readonly handle: string | undefined;
  /** What the row says of when it was made or changed. */
  readonly at: Date;
}

/** What other programs change in the platform's documents. Triggers only: the reconciliation reads the state. */
export interface DocumentChanges {
  /**
   * Each change after this position, or from now on, as it happens, and about every second that there is
   * none; ends when the signal aborts. Throws UpstreamError: NO_CHANGE_STREAMS where the server has none,
   * POSITION_LOST where it cannot go on from there.
   */
  follow(from: string | undefined, signal: AbortSignal): AsyncIterable<DocumentChange>;
  /** The handles whose rows say that they were made or changed since then, in pages. Rows without a date are not found. */
  handlesSince(since: Date): AsyncIterable<readonly ChangedHandle[]>;
}

export interface DocumentStore extends DocumentReader {
  /** Inserts a `verifications` document. One that is there already is left as it is. */
  createVerification(user: UserKey, count: number): Promise<'created' | 'exists'>;
  /** Raises the count of a `verifications` document that is there; never lowers it. `enough`: it was as high. Repeatable. */
  raiseVerification(user: UserKey, atLeast: number): Promise<'raised' | 'enough' | 'missing'>;
  /** Inserts a `users` document. Not applied when the user or the code is there already. */
  createUser(user: UserKey, code: Code, when: Date): Promise<'created' | 'user-exists' | 'code-taken'>;
  /** Sets the code of a `users` document that has none. */
  assignCode(user: UserKey, code: Code): Promise<'assigned' | 'has-code' | 'code-taken'>;
  /** Keeps the sealed password of an account that is about to be created. Replaces an older one. */
  keepPendingPassword(user: UserKey, intent: EventId, sealedPassword: string): Promise<void>;
  /**
   * Writes `users.atproto` and drops the pending password. A document that names the account already keeps every field
   * that is not given here, and its `createdAt`. Refused as `other` when the document names another DID, holds another
   * password, or names a handle that is neither this one nor among `over`, those that it may be written over: a write
   * that comes late does not undo what has been set on the PDS since.
   */
  recordAccount(
    user: UserKey,
    account: {
      readonly did: Did;
      readonly handle: AccountHandle;
      readonly password?: string;
      /** Written where the document names no account yet. */
      readonly createdAt: Date;
    },
    over: readonly AccountHandle[],
  ): Promise<'recorded' | 'other'>;
  /** The password, as stored, of a document that names this DID. */
  storedPassword(user: UserKey, did: Did): Promise<string | undefined>;
  /**
   * Stores a new password in a document that names this DID and still holds `over`; undefined for none. Throws
   * UpstreamError DOCUMENT_CHANGED, writing nothing, for any other document.
   */
  replacePassword(user: UserKey, did: Did, over: string | undefined, password: string): Promise<void>;
  /** Password, as stored, and sign-up time in `users.atproto` of a document that names this DID. */
  storedRecord(user: UserKey, did: Did): Promise<StoredRecord | undefined>;
  /**
   * Writes `users.atproto` over that of the account `over`, in one step. Refused as `other` for a document that names
   * neither account.
   */
  replaceAccount(
    user: UserKey,
    over: Did,
    account: Parameters<DocumentStore['recordAccount']>[1],
  ): Promise<'recorded' | 'other'>;
  /** Removes this code from a `users` document. `other`: the document has another code, which is left. Repeatable. */
  removeCode(user: UserKey, code: Code): Promise<'removed' | 'missing' | 'other'>;
  /** The row of `@handles` with this handle, all but its key, as extended JSON. */
  handleRow(user: UserKey, handle: string): Promise<string | undefined>;
  /** Removes the row if it is this one, to the last field. */
  removeHandleRow(user: UserKey, row: string): Promise<'removed' | 'missing' | 'other'>;
  /**
   * Inserts a row for this user. `exists` when the user has a row with this handle already; `taken` when the user has
   * another row, or another user the handle.
   */
  insertHandleRow(user: UserKey, row: string): Promise<'inserted' | 'exists' | 'taken'>;
  /** Drops `users.atproto` of a document that names this DID, whose account is gone. `not-named`: it does not. Repeatable. */
  dropAccount(user: UserKey, did: Did): Promise<'dropped' | 'not-named'>;
  /**
   * Updates `users.atproto.handle` of a document that names this DID, where that names no handle or one of `over`.
   * Repeatable. Throws UpstreamError DOCUMENT_CHANGED when the document has gone on.
   */
  recordAccountHandle(
    user: UserKey,
    did: Did,
    handle: AccountHandle,
    over: readonly AccountHandle[],
    at: Date,
  ): Promise<void>;
  /** Creates an index. Refused by the server when an unfit one is in the way. */
  createIndex(wanted: WantedIndex): Promise<void>;
}

export interface StoredRecord {
  readonly password: string | undefined;
  readonly createdAt: Date | undefined;
}

export interface WantedIndex {
  readonly collection: 'users' | '@handles';
  readonly field: string;
  readonly sparse: boolean;
  /** What the platform's own `createIndex` calls it: newer servers refuse the same index under another name. */
  readonly name: string;
}

export interface IndexState {
  readonly collection: 'users' | '@handles';
  readonly name: string;
  /** Field and direction, in order. */
  readonly key: readonly (readonly [field: string, direction: number | string])[];
  readonly unique: boolean;
  readonly partial: boolean;
}

// ── Accounts on the PDS ──
