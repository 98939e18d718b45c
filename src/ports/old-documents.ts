/** What an import of the platform's older documents needs to see and to write, as types. */
import type { AccountHandle, Code, Did } from '../identity.ts';

/** The account by the fields of before `atproto`. */
export interface OldAccount {
  /** Undefined when it is missing, or no DID. */
  readonly did: Did | undefined;
  readonly handle: AccountHandle | undefined;
  /** As stored: in plaintext, or sealed. */
  readonly password: string | undefined;
  readonly createdAt: Date | undefined;
}

/** The `users` document of one key, as far as an import reads it. */
export interface OldDocument {
  readonly code: Code | undefined;
  /** There is something in place of a code that is no text. */
  readonly hasUnreadableCode: boolean;
  /** `atproto`; undefined when it names no account. */
  readonly account: OldAccount | undefined;
  /** `atproto_did`, `atproto_handle`, `atproto_password` and `atproto_created_at`; undefined when all of them are empty. */
  readonly old: OldAccount | undefined;
}

/** All that is stored under one key. */
export interface OldUser {
  /** The `_id` as text: a user's key, unless others wrote it. */
  readonly key: string;
  /** False where the `_id` is no text: no key of any user. */
  readonly hasTextKey: boolean;
  readonly document: OldDocument | undefined;
  /** Whether there is a row in `@handles`. */
  readonly hasHandleRow: boolean;
  /** `@handles.code`. */
  readonly legacyCode: Code | undefined;
  readonly hasUnreadableLegacyCode: boolean;
}

/** Values that more than one key has, and which keys. */
export interface SharedValues {
  /** Of `@handles.code`. */
  readonly codes: ReadonlyMap<Code, readonly string[]>;
  /** Accounts that users documents name, in `atproto` or else in the fields of before it. */
  readonly dids: ReadonlyMap<Did, readonly string[]>;
}

export interface OldDocumentReader {
  /** Every key with a `users` document or a row of `@handles`, in pages; each key once. */
  pages(): AsyncIterable<readonly OldUser[]>;
  /** These keys once more. */
  read(keys: readonly string[]): Promise<ReadonlyMap<string, OldUser>>;
  /** Reads whole collections. */
  shared(): Promise<SharedValues>;
  /** Whose users documents have these codes. */
  holdersOfCodes(codes: readonly Code[]): Promise<ReadonlyMap<Code, string>>;
}

/** One write to one `users` document. It applies only where the document still holds what `read` shows. */
export type OldMove =
  | { readonly what: 'code'; readonly read: OldUser; readonly code: Code }
  | {
      readonly what: 'account';
      readonly read: OldUser;
      readonly did: Did;
      readonly handle: AccountHandle | undefined;
      /** In the form to store. */
      readonly password: string | undefined;
      readonly createdAt: Date | undefined;
    }
  | { readonly what: 'password'; readonly read: OldUser; readonly did: Did; readonly password: string };

export interface OldDocumentStore extends OldDocumentReader {
  /** Carries out those that still apply; the others change nothing. Call `read` again to see the result. */
  move(moves: readonly OldMove[]): Promise<void>;
}
