/**
 * A sealed password is `v1.<key id>.<iv>.<tag>.<ciphertext>`, the last three in base64url, by AES-256-GCM. The user,
 * the field and the version are authenticated with it, so a sealed password that is copied to another user's document
 * does not open there. A text of any other shape is plaintext, which the platform may have written before.
 *
 * This module loads node:crypto and the errors only: the package exports it to the platform's own code, by
 * `open-password.ts`.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { CredentialsError, UsageError } from '../errors.ts';

const VERSION = 'v1';
/** The field that a sealed password belongs to, also while it is kept in another one. */
const FIELD = 'users.atproto.password';
const CIPHER = 'aes-256-gcm';
export const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Long enough for a tag to be read in full by a person, and without the characters that separate an envelope. */
const KEY_ID = /^[A-Za-z0-9_-]{1,32}$/;
const KEY_TEXT = /^[A-Za-z0-9+/]{43}=$/;
const ENVELOPE_BODY = '\\.([A-Za-z0-9_-]{16})\\.([A-Za-z0-9_-]{22})\\.([A-Za-z0-9_-]*)$';
export const ANY_KEY_ID = '[A-Za-z0-9_-]{1,32}';
const ENVELOPE = new RegExp(envelopePattern(ANY_KEY_ID));

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

export function invalidKeys(message: string): UsageError {
  return new UsageError(message, 'CREDENTIAL_KEYS_INVALID');
}

/** What matches a password that was sealed with a key whose id matches `kid`. */
export function envelopePattern(kid: string): string {
  return `^${VERSION}\\.(${kid})${ENVELOPE_BODY}`;
}

/** What matches every stored text that is not sealed with any key, in JavaScript and in MongoDB alike. */
export function plaintextPattern(): string {
  return `^(?!${envelopePattern(ANY_KEY_ID).slice(1)})[\\s\\S]`;
}

/** The id of the key that a stored password was sealed with; undefined for plaintext. */
export function sealedWith(stored: string): string | undefined {
  return ENVELOPE.exec(stored)?.[1];
}

/** The ids of the keys in `kid:base64,…`, the one that seals first. None when there are no keys. */
export function keyIds(keys: string | undefined): readonly string[] {
  return [...(keyRing(keys)?.keys.keys() ?? [])];
}

/** Undefined when there are no keys. */
export function keyRing(keys: string | undefined): KeyRing | undefined {
  return keys === undefined || keys === '' ? undefined : parseKeyRing(keys);
}

/** A new initialisation vector each time; NIST SP 800-38D allows 2^32 of 96 random bits for one key. */
export function seal(ring: KeyRing, password: string, user: string): string {
  const key = keyOf(ring, ring.sealing);
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(associatedData(user));
  const sealed = Buffer.concat([cipher.update(password, 'utf8'), cipher.final()]);
  const parts = [iv, cipher.getAuthTag(), sealed].map((part) => part.toString('base64url'));
  return [VERSION, ring.sealing, ...parts].join('.');
}

/**
 * Gives plaintext back as it is.
 *
 * @throws CredentialsError for a sealed password whose key is not on the ring, that was changed, or that belongs to
 *   another user.
 */
export function open(ring: KeyRing | undefined, stored: string, user: string): string {
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

function associatedData(user: string): Buffer {
  return Buffer.from(JSON.stringify([user, FIELD, VERSION]));
}
