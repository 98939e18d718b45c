import { describe, expect, it } from 'vitest';
import { checkPasswords } from '../../src/credentials/check-passwords.ts';
import { createVault } from '../../src/credentials/vault.ts';
import { storedUserKey } from '../../src/identity.ts';
import type { StoredPassword } from '../../src/ports/passwords.ts';
import {
  canaries,
  inMemoryPasswords,
  K1,
  K2,
  keyOf,
  old,
  plaintext,
  ring,
} from '../support/in-memory/passwords.ts';

type Storage = 'sealed' | 'plaintext' | null;

const check = (passwords: readonly StoredPassword[], keys: readonly string[], storage: Storage) =>
  checkPasswords(inMemoryPasswords(passwords), createVault({ storage: 'plaintext', keys: keys.join(',') }), {
    storage,
    keys: keys.join(','),
  });
const alice = storedUserKey('auth0|alice');
const bob = storedUserKey('auth0|bob');
const copied: StoredPassword = { user: bob, field: 'atproto', stored: old.seal('canary', alice) };
const like: StoredPassword = { user: alice, field: 'atproto', stored: 'v1.k9.canary' };

describe('stored passwords let the engine start', () => {
  it.each<[string, readonly StoredPassword[], readonly string[], Storage]>([
    ['nothing is stored', [], [K1], null],
    ['all are sealed with keys of the ring', [...canaries(2), ...canaries(3, ring)], [K2, K1], null],
    ['one of many was copied from another user', [copied, ...canaries(2)], [K1], null],
    ['plaintext is beside them, and sealed was chosen', [...canaries(2), like], [K1], 'sealed'],
    ['plaintext is beside them, and plaintext was chosen', [...canaries(2), like], [K1], 'plaintext'],
    ['there are no keys and nothing is sealed', canaries(2, plaintext), [], 'plaintext'],
  ])('when %s', async (_name, passwords, keys, storage) => {
    await expect(check(passwords, keys, storage)).resolves.toBeUndefined();
  });

  it.each<[string, readonly StoredPassword[], readonly string[], Storage, string, RegExp]>([
    ['a key is missing', canaries(6), [K2], null, 'CREDENTIAL_KEY_MISSING', /the key k1, .*Put it back/],
    ['all are missing', canaries(1), [], 'plaintext', 'CREDENTIAL_KEY_MISSING', /the key k1,/],
    [
      ...(['a key has another value', canaries(6), [K2, keyOf('k1', 9)], null] as const),
      ...(['CREDENTIAL_KEY_DIFFERS', /The key k1 .* is not the one/] as const),
    ],
    [
      ...(['storage was not chosen and one is plaintext', [...canaries(6), like], [K1], null] as const),
      ...(['CREDENTIAL_STORAGE_UNSET', /platform code.*storage: plaintext.*credentials seal/s] as const),
    ],
    [
      ...(['the plaintext one is of a creation under way', canaries(1, plaintext), [K1], null] as const),
      ...(['CREDENTIAL_STORAGE_UNSET', /concord\/credentials/] as const),
    ],
  ])('and do not when %s', async (_name, passwords, keys, storage, code, message) => {
    const refusal = check(passwords, keys, storage);
    await expect(refusal).rejects.toMatchObject({
      ...{ code, name: 'UsageError', message: expect.stringMatching(message) },
    });
    await expect(refusal).rejects.not.toMatchObject({ message: expect.stringContaining('canary') });
  });
});
