import { describe, expect, test } from 'vitest';
import { parseKeyRing, plaintextPattern, sealedWith } from '../../src/credentials/envelope.ts';
import { createVault, generateKey } from '../../src/credentials/vault.ts';
import { CredentialsError } from '../../src/errors.ts';
import { storedUserKey } from '../../src/identity.ts';

const alice = storedUserKey('auth0|alice');
const bob = storedUserKey('auth0|bob');
const keyOf = (kid: string, byte: number) => `${kid}:${Buffer.alloc(32, byte).toString('base64')}`;
const K1 = keyOf('k1', 1);
const K2 = keyOf('k2', 2);
const PASSWORD = 'canary-correct-horse';

/** The error that opening throws, which never quotes what it could not open. */
function refusal(open: () => string): CredentialsError {
  try {
    open();
  } catch (error) {
    if (!(error instanceof CredentialsError)) throw error;
    expect(JSON.stringify([error.message, error.stack])).not.toContain('canary');
    return error;
  }
  throw new Error('it opened');
}

describe('a sealed vault', () => {
  const vault = createVault({ storage: 'sealed', keys: K1 });

  test('opens what it sealed', () => {
    const sealed = vault.seal(PASSWORD, alice);
    expect(sealed).toMatch(/^v1\.k1\.[\w-]{16}\.[\w-]{22}\.[\w-]+$/);
    expect(sealed).not.toContain(PASSWORD);
    expect(sealedWith(sealed)).toBe('k1');
    expect(vault.open(sealed, alice)).toBe(PASSWORD);
  });

  test('seals the same password differently each time', () => {
    expect(vault.seal(PASSWORD, alice)).not.toBe(vault.seal(PASSWORD, alice));
  });

  test("does not open another user's", () => {
    const sealed = vault.seal(PASSWORD, alice);
    expect(refusal(() => vault.open(sealed, bob))).toMatchObject({
      code: 'CREDENTIAL_NOT_OPENED',
      retryable: false,
    });
  });

  test.each([2, 3, 4])('does not open when part %i of the envelope was changed', (part) => {
    const parts = vault.seal(PASSWORD, alice).split('.');
    const bytes = Buffer.from(parts[part] ?? '', 'base64url');
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    parts[part] = bytes.toString('base64url');
    expect(refusal(() => vault.open(parts.join('.'), alice)).code).toBe('CREDENTIAL_NOT_OPENED');
  });

  test('does not open with another key of the same id', () => {
    const sealed = vault.seal(PASSWORD, alice);
    const other = createVault({ storage: 'sealed', keys: keyOf('k1', 9) });
    expect(refusal(() => other.open(sealed, alice)).code).toBe('CREDENTIAL_NOT_OPENED');
  });

  test('names the key that is missing', () => {
    const sealed = createVault({ storage: 'sealed', keys: K2 }).seal(PASSWORD, alice);
    const error = refusal(() => vault.open(sealed, alice));
    expect(error.code).toBe('CREDENTIAL_KEY_MISSING');
    expect(error.message).toContain('k2');
  });

  test.each([PASSWORD, '', 'v1.k1.short', 'v1.k1.a.b.c', 'päss wörd'])(
    'gives plaintext back as it is: %j',
    (text) => {
      expect(vault.open(text, alice)).toBe(text);
      expect(sealedWith(text)).toBeUndefined();
      expect(new RegExp(plaintextPattern()).test(text)).toBe(text !== '');
    },
  );

  test('a sealed text does not match the pattern of plaintext', () => {
    expect(new RegExp(plaintextPattern()).test(vault.seal(PASSWORD, alice))).toBe(false);
  });

  test('seals texts of any characters and none', () => {
    for (const text of ['', 'päss wörd 🔑', 'v1.k1.a.b.c'])
      expect(vault.open(vault.seal(text, alice), alice)).toBe(text);
  });
});

test('storage that was not chosen seals, and needs a key', () => {
  const vault = createVault({ storage: null, keys: K1 });
  expect(sealedWith(vault.seal(PASSWORD, alice))).toBe('k1');
  expect(() => createVault({ storage: null })).toThrow('CONCORD_CREDENTIAL_KEYS');
});

test('a key is rotated by putting a new one in front', () => {
  const sealed = createVault({ storage: 'sealed', keys: K1 }).seal(PASSWORD, alice);
  const rotated = createVault({ storage: 'sealed', keys: `${K2},${K1}` });
  expect(rotated.open(sealed, alice)).toBe(PASSWORD);
  expect(rotated.seal(PASSWORD, alice)).toMatch(/^v1\.k2\./);
});

describe('a plaintext vault', () => {
  test('keeps passwords as they are, and needs no key', () => {
    const vault = createVault({ storage: 'plaintext' });
    expect(vault.seal(PASSWORD, alice)).toBe(PASSWORD);
    expect(vault.open(PASSWORD, alice)).toBe(PASSWORD);
  });

  test('opens what was sealed before, while it still has the key', () => {
    const sealed = createVault({ storage: 'sealed', keys: K1 }).seal(PASSWORD, alice);
    expect(createVault({ storage: 'plaintext', keys: K1 }).open(sealed, alice)).toBe(PASSWORD);
    const without = createVault({ storage: 'plaintext' });
    expect(refusal(() => without.open(sealed, alice)).code).toBe('CREDENTIAL_KEY_MISSING');
  });
});

describe('keys', () => {
  test('a generated one is a ring of one', () => {
    const text = generateKey();
    expect(text).toMatch(/^k1:[A-Za-z0-9+/]{43}=$/);
    expect(text).not.toBe(generateKey());
    expect(parseKeyRing(text).sealing).toBe('k1');
    expect(parseKeyRing(generateKey('2025-11')).sealing).toBe('2025-11');
  });

  test('may be written with spaces between them', () => {
    expect([...parseKeyRing(`${K1}, ${K2}`).keys.keys()]).toEqual(['k1', 'k2']);
  });

  test.each([
    { reason: 'there is none', keys: '', message: 'key 1 of the list must begin with an id' },
    { reason: 'it has no id', keys: K1.slice(3), message: 'key 1 of the list must begin with an id' },
    {
      reason: 'an id with a dot would end early in the envelope',
      keys: keyOf('k.1', 1),
      message: 'must begin with an id',
    },
    {
      reason: 'it is too short',
      keys: `${K1},k2:${Buffer.from('canary').toString('base64')}`,
      message: 'key 2 of the list must be 32 bytes',
    },
    {
      reason: 'two have one id',
      keys: `${K1},${keyOf('k1', 2)}`,
      message: 'key 2 of the list has the id of an earlier one',
    },
    {
      reason: 'the list ends in a comma',
      keys: `${K1},`,
      message: 'key 2 of the list must begin with an id',
    },
  ])('are refused, without being quoted, when $reason', ({ keys, message }) => {
    expect(() => parseKeyRing(keys)).toThrow(message);
    expect(() => parseKeyRing(keys)).not.toThrow(/[A-Za-z0-9+/]{20}/);
  });

  test('a sealed vault needs one', () => {
    expect(() => createVault({ storage: 'sealed' })).toThrow('CONCORD_CREDENTIAL_KEYS');
    expect(() => createVault({ storage: 'sealed', keys: '' })).toThrow('CONCORD_CREDENTIAL_KEYS');
  });
});

test('a generated password has 32 of 62 characters, every one of them used', () => {
  const vault = createVault({ storage: 'plaintext' });
  const passwords = Array.from({ length: 200 }, () => vault.generate());
  expect(passwords.every((password) => /^[A-Za-z0-9]{32}$/.test(password))).toBe(true);
  expect(new Set(passwords).size).toBe(200);
  expect(new Set(passwords.join('')).size).toBe(62);
});
