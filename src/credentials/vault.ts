/** Account passwords at rest: how new ones are made and stored. `envelope.ts` has the format of a sealed one. */
import { randomBytes, randomInt } from 'node:crypto';
import type { PasswordVault } from '../ports/passwords.ts';
import { invalidKeys, KEY_BYTES, keyRing, open, seal } from './envelope.ts';

/** 62 characters, 32 times: 190 bits, and under the PDS's limit of 256 characters. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const PASSWORD_LENGTH = 32;

/** A new key ring of one key, in the format of CONCORD_CREDENTIAL_KEYS. */
export function generateKey(kid = 'k1'): string {
  return `${kid}:${randomBytes(KEY_BYTES).toString('base64')}`;
}

export interface VaultOptions {
  /** Null when it was not chosen: sealed, which the engine refuses on a database that holds plaintext passwords. */
  readonly storage: 'sealed' | 'plaintext' | null;
  /** `kid:base64,…`. Needed to seal, and in plaintext mode to open what was sealed before. */
  readonly keys?: string | undefined;
}

/**
 * `open` may be given anything that is stored; it throws CredentialsError for a sealed password whose
 * key is not on the ring, that was changed, or that belongs to another user.
 */
export function createVault(options: VaultOptions): PasswordVault {
  const { storage } = options;
  let read: { readonly keys: string | undefined; readonly ring: ReturnType<typeof keyRing> } | undefined;
  // The keys can be rotated, so they are read at each use.
  const ring = () => {
    const { keys } = options;
    if (read === undefined || read.keys !== keys) read = { keys, ring: keyRing(keys) };
    return read.ring;
  };
  if (storage !== 'plaintext' && ring() === undefined)
    throw invalidKeys('CONCORD_CREDENTIAL_KEYS: a key is needed to seal');
  return {
    generate: generatePassword,
    seal: (password, user) => {
      const sealing = storage === 'plaintext' ? undefined : ring();
      return sealing === undefined ? password : seal(sealing, password, user);
    },
    open: (stored, user) => open(ring(), stored, user),
  };
}

function generatePassword(): string {
  return Array.from({ length: PASSWORD_LENGTH }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('');
}
