import { describe, expect, it } from 'vitest';
import { sealedWith } from '../../src/credentials/envelope.ts';
import { type Rewriting, rewritePasswords } from '../../src/credentials/rewrite-passwords.ts';
import { storedUserKey } from '../../src/identity.ts';
import type { StoredPassword, StoredPasswords } from '../../src/ports/passwords.ts';
import {
  canaries,
  type InMemoryPasswords,
  inMemoryPasswords,
  K2,
  K3,
  old,
  plaintext,
  ring,
  secrets,
  vaultOf,
} from '../support/in-memory/passwords.ts';

const NOTHING = {
  ...{ sealed: 0, resealed: 0, unsealed: 0, current: 0, otherKey: 0, plaintext: 0, changed: 0 },
  ...{ unopened: [], interrupted: false },
};

/** What a run has to do, and what is left of it afterwards. */
const RUNS = [
  { rewriting: 'seal', before: plaintext, does: 'sealed', later: 'current', reads: vaultOf(K2) },
  { rewriting: 'reseal', before: old, does: 'resealed', later: 'current', reads: vaultOf(K2) },
  { rewriting: 'unseal', before: old, does: 'unsealed', later: 'plaintext', reads: vaultOf(K3) },
] as const;

function depsOf(passwords: InMemoryPasswords, replace: StoredPasswords['replace'] = passwords.replace) {
  return { passwords, replace, vault: ring, sealing: 'k2' };
}

function opened({ rows }: InMemoryPasswords, vault: Pick<typeof ring, 'open'> = ring): string[] {
  return [...rows.values()].map(({ stored, user }) => vault.open(stored, user));
}

const kidsOf = ({ rows }: InMemoryPasswords) =>
  new Set([...rows.values()].map(({ stored }) => sealedWith(stored) ?? 'plaintext'));

describe.each(RUNS)('$rewriting', ({ rewriting, before, does, later, reads }) => {
  it('rewrites every password that is stored otherwise, also pending ones, and once', async () => {
    const passwords = inMemoryPasswords(canaries(20, before));
    expect(await rewritePasswords(depsOf(passwords), rewriting)).toEqual({
      ...{ passwords: 20, ...NOTHING, [does]: 20 },
    });
    expect(kidsOf(passwords)).toEqual(new Set([rewriting === 'unseal' ? 'plaintext' : 'k2']));
    expect(opened(passwords, reads)).toEqual(secrets(20));
    const after = [...passwords.rows.values()];
    expect(await rewritePasswords(depsOf(passwords), rewriting)).toEqual({
      ...{ passwords: 20, ...NOTHING, [later]: 20 },
    });
    expect([...passwords.rows.values()]).toEqual(after);
    expect(passwords.writes()).toBe(20);
  });

  it.each([0, 1, 2, 7, 19])(
    'killed after write %i, and run again, goes on and loses nothing',
    async (writes) => {
      const passwords = inMemoryPasswords(canaries(20, before));
      let left = writes;
      const killed: StoredPasswords['replace'] = async (password, text) => {
        if (left === 0) throw new Error('killed');
        left -= 1;
        return passwords.replace(password, text);
      };
      await expect(rewritePasswords(depsOf(passwords, killed), rewriting)).rejects.toThrow('killed');
      expect(passwords.writes()).toBe(writes);
      expect(opened(passwords)).toEqual(secrets(20));
      expect(await rewritePasswords(depsOf(passwords), rewriting)).toMatchObject({
        ...{ [does]: 20 - writes, [later]: writes },
      });
      expect(opened(passwords, reads)).toEqual(secrets(20));
      expect(passwords.writes()).toBe(20);
    },
  );

  it('interrupted, writes nothing more, and says so; run again, it does the rest', async () => {
    const passwords = inMemoryPasswords(canaries(100, before));
    const stopped = new AbortController();
    const onProgress = (seen: number) => {
      if (seen === 10) stopped.abort();
    };
    const first = await rewritePasswords(depsOf(passwords), rewriting, {
      onProgress,
      signal: stopped.signal,
    });
    expect(first).toMatchObject({ interrupted: true, [does]: first.passwords });
    expect(first.passwords).toBeGreaterThanOrEqual(10);
    expect(first.passwords).toBeLessThan(100);
    expect(passwords.writes()).toBe(first.passwords);
    const second = await rewritePasswords(depsOf(passwords), rewriting);
    expect(second).toMatchObject({ interrupted: false, passwords: 100, [does]: 100 - first.passwords });
    expect(opened(passwords, reads)).toEqual(secrets(100));
  });

  it('never overwrites what another process stored at the same moment', async () => {
    const passwords = inMemoryPasswords(canaries(2, before));
    const theirs = old.seal('theirs', storedUserKey('auth0|1'));
    const replace: StoredPasswords['replace'] = async (password, text) => {
      if (password.user === 'auth0|1') passwords.rows.set('auth0|1 atproto', { ...password, stored: theirs });
      return passwords.replace(password, text);
    };
    expect(await rewritePasswords(depsOf(passwords, replace), rewriting)).toMatchObject({
      ...{ [does]: 1, changed: 1 },
    });
    expect(opened(passwords)).toEqual(['canary-0', 'theirs']);
  });

  it('in a dry run counts the same and writes nothing', async () => {
    const passwords = inMemoryPasswords(canaries(7, before));
    const { replace: _none, ...readers } = depsOf(passwords);
    expect(await rewritePasswords(readers, rewriting)).toEqual({ passwords: 7, ...NOTHING, [does]: 7 });
    expect(passwords.writes()).toBe(0);
  });

  it('names the users of passwords that no key opens, leaves these, and goes on', async () => {
    const user = storedUserKey('auth0|alice');
    const lost: StoredPassword = { user, field: 'atproto', stored: vaultOf(K3).seal('canary', user) };
    const foreign: StoredPassword = {
      ...{ user: storedUserKey('auth0|bob'), field: 'atproto' },
      stored: ring.seal('canary', user),
    };
    const passwords = inMemoryPasswords([lost, foreign, ...canaries(3, before)]);
    const report = await rewritePasswords(depsOf(passwords), rewriting);
    expect(report).toMatchObject({
      [does]: 3,
      unopened: [
        { user: 'auth0|alice', field: 'atproto', code: 'CREDENTIAL_KEY_MISSING' },
        { user: 'auth0|bob', field: 'atproto', code: 'CREDENTIAL_NOT_OPENED' },
      ],
    });
    expect(JSON.stringify(report)).not.toContain('canary');
    expect([...passwords.rows.values()].slice(0, 2)).toEqual([lost, foreign]);
  });
});

describe('on a mixture', () => {
  const mixture = () => [...canaries(3, plaintext), ...canaries(4, old, 3), ...canaries(5, ring, 7)];

  it.each<[Rewriting, object]>([
    ['seal', { sealed: 3, otherKey: 4, current: 5 }],
    ['reseal', { plaintext: 3, resealed: 4, current: 5 }],
    ['unseal', { plaintext: 3, unsealed: 9 }],
  ])('%s changes its own part only', async (rewriting, counts) => {
    const passwords = inMemoryPasswords(mixture());
    expect(await rewritePasswords(depsOf(passwords), rewriting)).toEqual({
      ...{ passwords: 12, ...NOTHING, ...counts },
    });
    expect(opened(passwords)).toEqual(secrets(12));
  });

  it('a password that would read as a sealed one is not stored in plaintext', async () => {
    const user = storedUserKey('auth0|alice');
    // A sealed text that was taken for a password and sealed once more.
    const twice = ring.seal(vaultOf(K3).seal('canary', user), user);
    const passwords = inMemoryPasswords([{ user, field: 'atproto', stored: twice }, ...canaries(2)]);
    expect(await rewritePasswords(depsOf(passwords), 'unseal')).toMatchObject({
      ...{ unsealed: 2, unopened: [{ user, field: 'atproto', code: 'CREDENTIAL_KEY_MISSING' }] },
    });
    expect([...passwords.rows.values()][0]?.stored).toBe(twice);
  });
});
