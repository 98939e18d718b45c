/**
 * Stored passwords of accounts. Every method throws UpstreamError when the upstream cannot be reached
 * or answers with a failure: no method returns "missing" for "could not be read".
 */
import type { Did, UserKey } from '../identity.ts';

export interface PasswordVault {
  /** A new random password, in the clear. */
  generate(): string;
  /** What may be stored for this user. */
  seal(password: string, user: UserKey): string;
  /** The password again; reads what was sealed with any key on the ring, and plaintext. */
  open(stored: string, user: UserKey): string;
}

export interface StoredPassword {
  readonly user: UserKey;
  /** Of the account, or of one whose creation was intended. */
  readonly field: 'atproto' | 'atprotoPending';
  readonly stored: string;
}

/** The account that a users document names, with its password as it is stored. */
export interface StoredLogin {
  readonly user: UserKey;
  /** Undefined where there is something in place of a DID that is none. */
  readonly did: Did | undefined;
  readonly stored: string | undefined;
}

export interface StoredPasswordReader {
  /** Every account that a users document names, by user, in pages, after this one. */
  logins(after: UserKey): AsyncIterable<StoredLogin>;
  /** How many there are. */
  countLogins(): Promise<number>;
  /** Every stored password, by user, in pages. */
  all(): AsyncIterable<StoredPassword>;
  /** Up to `limit` passwords whose stored text matches this regular expression. */
  sample(pattern: string, limit: number): Promise<readonly StoredPassword[]>;
}

export interface StoredPasswords extends StoredPasswordReader {
  /** Stores another text for the same password; false, writing nothing, when it is no longer stored as it was read. */
  replace(password: StoredPassword, text: string): Promise<boolean>;
}
