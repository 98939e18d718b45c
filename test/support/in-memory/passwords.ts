/** Stored passwords in memory, with the same comparison before a write as the real ones. */
import { createVault } from '../../../src/credentials/vault.ts';
import { type Did, parseDid, storedUserKey, type UserKey } from '../../../src/identity.ts';
import type { PasswordVault, StoredPassword, StoredPasswords } from '../../../src/ports/passwords.ts';

export const keyOf = (kid: string, byte: number) => `${kid}:${Buffer.alloc(32, byte).toString('base64')}`;
export const [K1, K2, K3] = [keyOf('k1', 1), keyOf('k2', 2), keyOf('k3', 3)];
export const vaultOf = (...keys: string[]) => createVault({ storage: 'sealed', keys: keys.join(',') });
/** Seals with k1, which another key has replaced. */
export const old = vaultOf(K1);
/** Seals with k2. */
export const ring = vaultOf(K2, K1);
export const plaintext: Pick<PasswordVault, 'seal'> = { seal: (password) => password };

/** The account of `auth0|0` and so on. */
export function didOf(user: UserKey): Did | undefined {
  const digits = user
    .slice(user.indexOf('|') + 1)
    .replaceAll(/\d/g, (digit) => 'abcdefghij'[Number(digit)] ?? 'a');
  return parseDid(`did:plc:${digits.padStart(24, 'z')}`);
}

export interface InMemoryPasswords extends StoredPasswords {
  readonly rows: Map<string, StoredPassword>;
  /** How many were written. */
  writes(): number;
}

export function inMemoryPasswords(passwords: readonly StoredPassword[]): InMemoryPasswords {
  const keyOfRow = ({ user, field }: StoredPassword) => `${user} ${field}`;
  const rows = new Map(passwords.map((password) => [keyOfRow(password), password]));
  let writes = 0;
  return {
    rows,
    writes: () => writes,
    async *all() {
      for (const row of [...rows.values()]) yield row;
    },
    async *logins(after) {
      const users = [...rows.values()].filter(({ user, field }) => field === 'atproto' && user > after);
      for (const { user, stored } of users.sort((a, b) => (a.user < b.user ? -1 : 1)))
        yield { user, did: didOf(user), stored: stored === '' ? undefined : stored };
    },
    countLogins: async () => [...rows.values()].filter(({ field }) => field === 'atproto').length,
    sample: async (pattern, limit) =>
      [...rows.values()].filter(({ stored }) => new RegExp(pattern).test(stored)).slice(0, limit),
    async replace(password, text) {
      const row = rows.get(keyOfRow(password));
      if (row?.stored !== password.stored) return false;
      rows.set(keyOfRow(password), { ...password, stored: text });
      writes += 1;
      return true;
    },
  };
}

/** `canary-0` … as they are stored for their users; every fifth is one of a creation that is under way. */
export function canaries(
  count: number,
  vault: Pick<PasswordVault, 'seal'> = old,
  from = 0,
): StoredPassword[] {
  return Array.from({ length: count }, (_, index) => {
    const user = storedUserKey(`auth0|${from + index}`);
    return {
      user,
      field: index % 5 === 0 ? 'atprotoPending' : 'atproto',
      stored: vault.seal(`canary-${from + index}`, user),
    };
  });
}

export const secrets = (count: number) => Array.from({ length: count }, (_, index) => `canary-${index}`);
