/**
 * `import { openPassword } from 'concord/credentials'`: for the platform's own code, which logs in to the PDS with
 * `users.atproto.password`. It loads Node's crypto and no dependency.
 */
import { keyRing, open } from './envelope.ts';

/**
 * The password that a users document holds, in plaintext.
 *
 * A stored password has one of two shapes: `v1.<key id>.<iv>.<tag>.<ciphertext>` is sealed by Concord with AES-256-GCM
 * for one user; any other text is plaintext and is returned as it is. So code that calls this works before, during and
 * after `concord credentials seal` and `concord credentials unseal`.
 *
 * @example
 * const { atproto } = await users.findOne({ _id: userKey });
 * const password = openPassword(atproto.password, userKey, process.env.CONCORD_CREDENTIAL_KEYS);
 * await agent.login({ identifier: atproto.did, password });
 *
 * @param stored `users.atproto.password`.
 * @param userKey The `_id` of the same document. A sealed password opens with the key of its own user only.
 * @param keys What Concord has in CONCORD_CREDENTIAL_KEYS: `kid:base64,kid2:base64`. Not needed for plaintext.
 * @throws An Error with a `code`, whose message holds no password and no key:
 *   `NO_PASSWORD`: the document holds none (`concord password <user> --reset` sets a new one);
 *   `CREDENTIAL_KEY_MISSING`: it is sealed with a key that is not in `keys`;
 *   `CREDENTIAL_NOT_OPENED`: the key has another value, or the text was changed or belongs to another user;
 *   `CREDENTIAL_KEYS_INVALID`: `keys` is not a list of keys.
 */
export function openPassword(stored: string, userKey: string, keys?: string): string {
  if (typeof stored !== 'string' || stored === '') {
    throw Object.assign(new Error('The users document holds no account password'), { code: 'NO_PASSWORD' });
  }
  return open(keyRing(keys), stored, userKey);
}
