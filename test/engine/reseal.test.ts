import { describe, expect, it } from 'vitest';
import { createVault, sealedWith } from '../../src/credentials.ts';
import { checkKeys, reseal } from '../../src/engine/reseal.ts';
import { storedUserKey } from '../../src/identity.ts';
import type { StoredPassword, StoredPasswords } from '../../src/ports.ts';

const keyOf = (kid: string, byte: number) => `${kid}:${Buffer.alloc(32, byte).toString('base64')}`;
const [K1, K2, K3] = [keyOf('k1', 1), keyOf('k2', 2), keyOf('k3', 3)];
const vaultOf = (...keys: string[]) => createVault({ storage: 'sealed', keys: keys.join(',') });
const old = vaultOf(K1);
const ring = vaultOf(K2, K1);

interface Rows extends StoredPasswords {
  readonly rows: Map<string, StoredPassword>;
}

/** Passwords in memory, with the same comparison before a write as the real ones. */
function inMemory(passwords: readonly StoredPassword[]): Rows {
  const keyOfRow = ({ user, field }: StoredPassword) => `${user} ${field}`;
  const rows = new Map(passwords.map((password) => [keyOfRow(password), password]));
  return {
    rows,
    async *all() {
      for (const row of [...rows.values()]) yield row;
    },
    sample: async (pattern, limit) =>
      [...rows.values()].filter(({ stored }) => new RegExp(pattern).test(stored)).slice(0, limit),
    async replace(password, text) {
      const row = rows.get(keyOfRow(password));
      if (row?.stored !== password.stored) return false;
      rows.set(keyOfRow(password), { ...password, stored: text });
      return true;
    },
  };
}

/** `canary-0` … as they are sealed for their users. */
function canaries(count: number, vault = old): StoredPassword[] {
  return Array.from({ length: count }, (_, index) => {
    const user = storedUserKey(`auth0|${index}`);
    return {
      user,
      field: index % 5 === 0 ? 'atprotoPending' : 'atproto',
      stored: vault.seal(`canary-${index}`, user),
    };
  });
}

function opened({ rows }: Rows, vault = ring): string[] {
  return [...rows.values()].map(({ stored, user }) => vault.open(stored, user));
}

const secrets = (count: number) => Array.from({ length: count }, (_, index) => `canary-${index}`);
const plain = { sealPlaintext: false };

describe('sealing again', () => {
  it('seals with the first key what was sealed with another, once', async () => {
    const passwords = inMemory(canaries(20));
    const deps = { passwords, replace: passwords.replace, vault: ring, sealing: 'k2' };
    expect(await reseal(deps, plain)).toEqual({
      ...{ passwords: 20, current: 0, resealed: 20, sealed: 0, plaintext: 0, changed: 0, unopened: [] },
    });
    const after = [...passwords.rows.values()];
    expect(new Set(after.map(({ stored }) => sealedWith(stored)))).toEqual(new Set(['k2']));
    expect(opened(passwords, vaultOf(K2))).toEqual(secrets(20));
    expect(await reseal(deps, plain)).toMatchObject({ current: 20, resealed: 0 });
    expect([...passwords.rows.values()]).toEqual(after);
  });

  it.each([0, 1, 2, 7, 19])('broken off after write %i, and run again, loses nothing', async (writes) => {
    const passwords = inMemory(canaries(20));
    let left = writes;
    const replace: StoredPasswords['replace'] = async (password, text) => {
      if (left === 0) throw new Error('killed');
      left -= 1;
      return passwords.replace(password, text);
    };
    await expect(reseal({ passwords, replace, vault: ring, sealing: 'k2' }, plain)).rejects.toThrow('killed');
    expect(opened(passwords)).toEqual(secrets(20));
    const again = await reseal({ passwords, replace: passwords.replace, vault: ring, sealing: 'k2' }, plain);
    expect(again).toMatchObject({ current: writes, resealed: 20 - writes });
    expect(opened(passwords, vaultOf(K2))).toEqual(secrets(20));
  });

  it('leaves alone what somebody else wrote in the same moment', async () => {
    const passwords = inMemory(canaries(2));
    const theirs = old.seal('theirs', storedUserKey('auth0|1'));
    const replace: StoredPasswords['replace'] = async (password, text) => {
      if (password.user === 'auth0|1') passwords.rows.set('auth0|1 atproto', { ...password, stored: theirs });
      return passwords.replace(password, text);
    };
    expect(await reseal({ passwords, replace, vault: ring, sealing: 'k2' }, plain)).toMatchObject({
      resealed: 1,
      changed: 1,
    });
    expect(opened(passwords)).toEqual(['canary-0', 'theirs']);
  });

  it('seals plaintext only when asked to', async () => {
    const user = storedUserKey('auth0|alice');
    const passwords = inMemory([{ user, field: 'atproto', stored: 'canary' }]);
    const deps = { passwords, replace: passwords.replace, vault: ring, sealing: 'k2' };
    expect(await reseal(deps, plain)).toMatchObject({ plaintext: 1, sealed: 0 });
    expect(await reseal({ passwords, vault: ring, sealing: 'k2' }, { sealPlaintext: true })).toMatchObject({
      sealed: 1,
    });
    expect([...passwords.rows.values()][0]?.stored).toBe('canary');
    expect(await reseal(deps, { sealPlaintext: true })).toMatchObject({ plaintext: 0, sealed: 1 });
    expect(opened(passwords, vaultOf(K2))).toEqual(['canary']);
  });

  it('reports by user what no key opens, goes on, and drops nothing', async () => {
    const user = storedUserKey('auth0|alice');
    const lost: StoredPassword = { user, field: 'atproto', stored: vaultOf(K3).seal('canary', user) };
    const foreign: StoredPassword = {
      user: storedUserKey('auth0|bob'),
      field: 'atproto',
      stored: ring.seal('canary', user),
    };
    const passwords = inMemory([lost, foreign, ...canaries(3)]);
    const report = await reseal({ passwords, replace: passwords.replace, vault: ring, sealing: 'k2' }, plain);
    expect(report).toMatchObject({
      resealed: 3,
      unopened: [
        { user: 'auth0|alice', field: 'atproto', code: 'CREDENTIAL_KEY_MISSING' },
        { user: 'auth0|bob', field: 'atproto', code: 'CREDENTIAL_NOT_OPENED' },
      ],
    });
    expect(JSON.stringify(report)).not.toContain('canary');
    expect([...passwords.rows.values()].slice(0, 2)).toEqual([lost, foreign]);
  });
});

describe('keys at start', () => {
  const check = (passwords: readonly StoredPassword[], ...keys: string[]) =>
    checkKeys(
      inMemory(passwords),
      createVault({ storage: 'plaintext', keys: keys.join(',') }),
      keys.map((key) => key.slice(0, key.indexOf(':'))),
    );
  const alice = storedUserKey('auth0|alice');
  const bob = storedUserKey('auth0|bob');
  const copied: StoredPassword = { user: bob, field: 'atproto', stored: old.seal('canary', alice) };

  it.each<[string, readonly StoredPassword[], readonly string[]]>([
    ['nothing is stored', [], [K1]],
    ['all are sealed with keys of the ring', [...canaries(2), ...canaries(3, ring)], [K2, K1]],
    ['there is plaintext beside them', [{ user: alice, field: 'atproto', stored: 'v1.k9.canary' }], [K1]],
    ['one of many was copied from another user', [copied, ...canaries(2)], [K1]],
    ['there are no keys and nothing is sealed', [{ user: alice, field: 'atproto', stored: 'canary' }], []],
  ])('fit when %s', async (_name, passwords, keys) => {
    await expect(check(passwords, ...keys)).resolves.toBeUndefined();
  });

  it.each<[string, readonly StoredPassword[], readonly string[], string, RegExp]>([
    ['one is missing', canaries(6), [K2], 'CREDENTIAL_KEY_MISSING', /the key k1, .*Put it back/],
    ['all are missing', canaries(1), [], 'CREDENTIAL_KEY_MISSING', /the key k1,/],
    [
      'one has another value',
      canaries(6),
      [K2, keyOf('k1', 9)],
      'CREDENTIAL_KEY_DIFFERS',
      /The key k1 .* is not the one/,
    ],
  ])('stop the start when %s', async (_name, passwords, keys, code, message) => {
    const refusal = check(passwords, ...keys);
    await expect(refusal).rejects.toMatchObject({
      code,
      name: 'UsageError',
      message: expect.stringMatching(message),
    });
    await expect(refusal).rejects.not.toMatchObject({ message: expect.stringContaining('canary') });
  });
});
