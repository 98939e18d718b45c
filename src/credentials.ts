/**
 * Account passwords at rest.
 *
 * A sealed password is `v1.<key id>.<iv>.<tag>.<ciphertext>`, the last three in base64url, by
 * AES-256-GCM. The user, the field and the version are authenticated with it, so that a sealed
 * password copied to another user's document does not open there. Whatever has not that shape is
 * plaintext, which the platform may have written before Concord came.
 *
 * A new initialisation vector of 96 random bits is drawn for each sealing; NIST SP 800-38D allows
 * 2^32 of them for one key, far beyond the number of accounts on one PDS.
 */
import { createCipheriv, createDecipheriv, randomBytes, randomInt } from 'node:crypto';
import { UsageError } from './errors.ts';
import type { UserKey } from './identity.ts';
import type { PasswordVault } from './ports.ts';

const VERSION = 'v1';
/** The field that a sealed password stands for, wherever it is kept until then. */
const FIELD = 'users.atproto.password';
const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Long enough for a tag to be read in full by a person, and without the characters that separate an envelope. */
const KEY_ID = /^[A-Za-z0-9_-]{1,32}$/;
const KEY_TEXT = /^[A-Za-z0-9+/]{43}=$/;
const ENVELOPE = new RegExp(envelopePattern('[A-Za-z0-9_-]{1,32}'));

/** 62 characters, 32 times: 190 bits, and under the PDS's limit of 256 characters. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const PASSWORD_LENGTH = 32;

export type CredentialsErrorCode = 'CREDENTIAL_KEY_MISSING' | 'CREDENTIAL_NOT_OPENED';

/** A stored password cannot be opened with the keys at hand. Names the key and never the password. */
export class CredentialsError extends Error {
  override readonly name = 'CredentialsError';
  /** The same keys will not open it later either. */
  readonly retryable = false;
  readonly code: CredentialsErrorCode;

  constructor(message: string, code: CredentialsErrorCode) {
    super(message);
    this.code = code;
  }
}

export interface KeyRing {
  /** The id of the key that seals. */
  readonly sealing: string;
  readonly keys: ReadonlyMap<string, Buffer>;
}

/**
 * Reads `kid:base64,kid2:base64`: the first key seals and all of them open.
 *
 * @throws UsageError CREDENTIAL_KEYS_INVALID, which says where in the list, and quotes no key.
 */
export function parseKeyRing(text: string): KeyRing {
  const keys = new Map<string, Buffer>();
  for (const [index, part] of text.split(',').entries()) {
    const entry = part.trim();
    const colon = entry.indexOf(':');
    const kid = entry.slice(0, Math.max(colon, 0));
    const encoded = entry.slice(colon + 1);
    const at = `key ${index + 1} of the list`;
    if (!KEY_ID.test(kid))
      throw invalidKeys(`${at} must begin with an id of letters, digits, - or _ and a colon`);
    if (!KEY_TEXT.test(encoded))
      throw invalidKeys(`${at} must be ${KEY_BYTES} bytes in base64 after its colon`);
    if (keys.has(kid)) throw invalidKeys(`${at} has the id of an earlier one`);
    keys.set(kid, Buffer.from(encoded, 'base64'));
  }
  const [sealing] = keys.keys();
  if (sealing === undefined) throw invalidKeys('must hold at least one key');
  return { sealing, keys };
}

function invalidKeys(message: string): UsageError {
  return new UsageError(message, 'CREDENTIAL_KEYS_INVALID');
}

/** A fresh key ring of one key, as CONCORD_CREDENTIAL_KEYS wants it. */
export function generateKey(kid = 'k1'): string {
  return `${kid}:${randomBytes(KEY_BYTES).toString('base64')}`;
}

export interface VaultOptions {
  readonly storage: 'sealed' | 'plaintext';
  /** `kid:base64,…`. Needed to seal, and in plaintext mode to open what was sealed before. */
  readonly keys?: string | undefined;
}

/**
 * `open` may be given anything that is stored; it throws CredentialsError for a sealed password whose
 * key is not on the ring, that was changed, or that belongs to another user.
 */
export function createVault({ storage, keys }: VaultOptions): PasswordVault {
  const ring = keys === undefined || keys === '' ? undefined : parseKeyRing(keys);
  if (storage === 'sealed' && ring === undefined)
    throw invalidKeys('CONCORD_CREDENTIAL_KEYS: a key is needed to seal');
  return {
    generate: generatePassword,
    seal: (password, user) =>
      storage === 'plaintext' || ring === undefined ? password : seal(ring, password, user),
    open: (stored, user) => open(ring, stored, user),
  };
}

/** What matches a password that was sealed with a key whose id matches `kid`. */
export function envelopePattern(kid: string): string {
  return `^${VERSION}\\.(${kid})\\.([A-Za-z0-9_-]{16})\\.([A-Za-z0-9_-]{22})\\.([A-Za-z0-9_-]*)$`;
}

/** The id of the key that a stored password was sealed with; undefined for plaintext. */
export function sealedWith(stored: string): string | undefined {
  return ENVELOPE.exec(stored)?.[1];
}

/** The ids of the keys in `kid:base64,…`, the one that seals first. None when there are no keys. */
export function keyIds(keys: string | undefined): readonly string[] {
  return keys === undefined || keys === '' ? [] : [...parseKeyRing(keys).keys.keys()];
}

/** Whether a stored password is sealed, by its shape. */
export function isSealed(stored: string): boolean {
  return ENVELOPE.test(stored);
}

function generatePassword(): string {
  return Array.from({ length: PASSWORD_LENGTH }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('');
}

function associatedData(user: UserKey): Buffer {
  return Buffer.from(JSON.stringify([user, FIELD, VERSION]));
}

function seal(ring: KeyRing, password: string, user: UserKey): string {
  const key = keyOf(ring, ring.sealing);
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(associatedData(user));
  const sealed = Buffer.concat([cipher.update(password, 'utf8'), cipher.final()]);
  const parts = [iv, cipher.getAuthTag(), sealed].map((part) => part.toString('base64url'));
  return [VERSION, ring.sealing, ...parts].join('.');
}

function open(ring: KeyRing | undefined, stored: string, user: UserKey): string {
  const [, kid, iv, tag, sealed] = ENVELOPE.exec(stored) ?? [];
  if (kid === undefined || iv === undefined || tag === undefined || sealed === undefined) return stored;
  const decipher = createDecipheriv(CIPHER, keyOf(ring, kid), Buffer.from(iv, 'base64url'), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(associatedData(user));
  decipher.setAuthTag(Buffer.from(tag, 'base64url'));
  try {
    return Buffer.concat([decipher.update(Buffer.from(sealed, 'base64url')), decipher.final()]).toString(
      'utf8',
    );
  } catch {
    throw new CredentialsError(
      `A stored password does not open with key ${kid}: the key has another value now, or the password was changed or belongs to another user`,
      'CREDENTIAL_NOT_OPENED',
    );
  }
}

function keyOf(ring: KeyRing | undefined, kid: string): Buffer {
  const key = ring?.keys.get(kid);
  if (key === undefined) {
    throw new CredentialsError(
      `A stored password was sealed with key ${kid}, which is not in CONCORD_CREDENTIAL_KEYS: put it back at the end of the list`,
      'CREDENTIAL_KEY_MISSING',
    );
  }
  return key;
}
