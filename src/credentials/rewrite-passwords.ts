/**
 * Rewrites stored passwords: seals plaintext, seals with the first key what another key sealed, or stores plaintext.
 * Each password is one conditional write, which applies only while the text is still the one that was read. So a run
 * can end anywhere and be started again, and can work beside a running engine.
 */

import { inStep } from '../concurrency/map-ordered.ts';
import { CredentialsError, type CredentialsErrorCode } from '../errors.ts';
import type { UserKey } from '../identity.ts';
import type {
  PasswordVault,
  StoredPassword,
  StoredPasswordReader,
  StoredPasswords,
} from '../ports/passwords.ts';
import { sealedWith } from './envelope.ts';

export type Rewriting = 'seal' | 'reseal' | 'unseal';

export interface RewriteDeps {
  readonly passwords: Pick<StoredPasswordReader, 'all'>;
  /** Undefined in a dry run, which holds nothing that could write. */
  readonly replace?: StoredPasswords['replace'];
  /** Its `seal` seals, whatever the configuration stores. */
  readonly vault: Pick<PasswordVault, 'seal' | 'open'>;
  /** The id of the key that it seals with. */
  readonly sealing: string;
}

export interface RewriteOptions {
  readonly onProgress?: (passwords: number) => void;
  /** No further password is read after it aborts. */
  readonly signal?: AbortSignal;
}

interface UnopenedPassword {
  readonly user: UserKey;
  readonly field: StoredPassword['field'];
  readonly code: CredentialsErrorCode;
}

/** How many passwords, by what was done with them; in a dry run, by what would be done. */
export interface RewriteReport {
  readonly passwords: number;
  /** Plaintext before, sealed with the first key now. */
  readonly sealed: number;
  /** Sealed with another key before, with the first key now. */
  readonly resealed: number;
  /** Sealed before, plaintext now. */
  readonly unsealed: number;
  /** Left: sealed with the first key. */
  readonly current: number;
  /** Left: sealed with another key that is on the ring. */
  readonly otherKey: number;
  /** Left: plaintext. */
  readonly plaintext: number;
  /** Left, because another process wrote them at the same moment: another run reads them again. */
  readonly changed: number;
  /** Left, because no key on the ring opens them. */
  readonly unopened: readonly UnopenedPassword[];
  /** The run was stopped before it had read every password. */
  readonly interrupted: boolean;
}

type Outcome = Exclude<keyof RewriteReport, 'passwords' | 'unopened' | 'interrupted'>;

/** Writes wait for a majority of the servers, so several at once. */
const AT_ONCE = 4;

const LEFT = { first: 'current', other: 'otherKey', none: 'plaintext' } as const;
const REWRITTEN: Readonly<Record<Rewriting, Partial<Record<keyof typeof LEFT, Outcome>>>> = {
  seal: { none: 'sealed' },
  reseal: { other: 'resealed' },
  unseal: { first: 'unsealed', other: 'unsealed' },
};

export async function rewritePasswords(
  deps: RewriteDeps,
  rewriting: Rewriting,
  { onProgress, signal }: RewriteOptions = {},
): Promise<RewriteReport> {
  const counts: Record<Outcome, number> = {
    ...{ sealed: 0, resealed: 0, unsealed: 0, current: 0, otherKey: 0, plaintext: 0, changed: 0 },
  };
  const unopened: UnopenedPassword[] = [];
  let passwords = 0;
  const outcomes = inStep(
    untilAborted(deps.passwords.all(), signal),
    (password) => rewriteOne(deps, password, rewriting),
    AT_ONCE,
  );
  for await (const outcome of outcomes) {
    if (typeof outcome === 'string') counts[outcome] += 1;
    else unopened.push(outcome);
    passwords += 1;
    onProgress?.(passwords);
  }
  return { passwords, ...counts, unopened, interrupted: signal?.aborted === true };
}

async function* untilAborted<T>(items: AsyncIterable<T>, signal: AbortSignal | undefined): AsyncIterable<T> {
  for await (const item of items) {
    if (signal?.aborted === true) return;
    yield item;
  }
}

async function rewriteOne(
  deps: RewriteDeps,
  password: StoredPassword,
  rewriting: Rewriting,
): Promise<Outcome | UnopenedPassword> {
  const { user, field, stored } = password;
  const kid = sealedWith(stored);
  const state = kid === undefined ? 'none' : kid === deps.sealing ? 'first' : 'other';
  const outcome = REWRITTEN[rewriting][state];
  try {
    // Also what is left as it is: that a password names a key does not mean that the key opens it.
    const opened = deps.vault.open(stored, user);
    if (outcome === undefined) return LEFT[state];
    const text = rewriting === 'unseal' ? opened : deps.vault.seal(opened, user);
    if (deps.vault.open(text, user) !== opened) throw new Error('a rewritten password reads differently');
    if (deps.replace === undefined) return outcome;
    return (await deps.replace(password, text)) ? outcome : 'changed';
  } catch (error) {
    if (!(error instanceof CredentialsError)) throw error;
    return { user, field, code: error.code };
  }
}
