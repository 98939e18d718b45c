/**
 * Seals stored passwords with the first key of the ring, one by one and only where the text is still the
 * one that was read: so it may break off anywhere, be run again, and run beside an engine at work.
 */
import { CredentialsError, type CredentialsErrorCode, envelopePattern, sealedWith } from '../credentials.ts';
import { UsageError } from '../errors.ts';
import type { UserKey } from '../identity.ts';
import type { PasswordVault, StoredPassword, StoredPasswordReader, StoredPasswords } from '../ports.ts';

export interface ResealDeps {
  readonly passwords: Pick<StoredPasswordReader, 'all'>;
  /** Undefined in a dry run, which holds nothing that could write. */
  readonly replace?: StoredPasswords['replace'];
  /** Seals. */
  readonly vault: Pick<PasswordVault, 'seal' | 'open'>;
  /** The id of the key that it seals with. */
  readonly sealing: string;
}

interface UnopenedPassword {
  readonly user: UserKey;
  readonly field: StoredPassword['field'];
  readonly code: CredentialsErrorCode;
}

/** In a dry run: what would have been done. */
export interface ResealReport {
  readonly passwords: number;
  /** Sealed with the first key before. */
  readonly current: number;
  /** Were sealed with another key. */
  readonly resealed: number;
  /** Were plaintext, and are sealed now. */
  readonly sealed: number;
  /** Plaintext, and left so. */
  readonly plaintext: number;
  /** Written by somebody else in the same moment: another run looks at them again. */
  readonly changed: number;
  /** What no key on the ring opens. They are left as they are. */
  readonly unopened: readonly UnopenedPassword[];
}

type Outcome = 'current' | 'resealed' | 'sealed' | 'plaintext' | 'changed';

export async function reseal(
  deps: ResealDeps,
  options: { readonly sealPlaintext: boolean },
  onProgress?: (passwords: number) => void,
): Promise<ResealReport> {
  const counts = { current: 0, resealed: 0, sealed: 0, plaintext: 0, changed: 0 };
  const unopened: UnopenedPassword[] = [];
  let passwords = 0;
  for await (const password of deps.passwords.all()) {
    try {
      counts[await resealOne(deps, password, options.sealPlaintext)] += 1;
    } catch (error) {
      if (!(error instanceof CredentialsError)) throw error;
      unopened.push({ user: password.user, field: password.field, code: error.code });
    }
    passwords += 1;
    onProgress?.(passwords);
  }
  return { passwords, ...counts, unopened };
}

async function resealOne(
  { vault, sealing, replace }: ResealDeps,
  password: StoredPassword,
  sealPlaintext: boolean,
): Promise<Outcome> {
  const { user, stored } = password;
  const key = sealedWith(stored);
  // Also what is sealed with the first key is opened: that it names the key does not mean that it fits.
  const opened = vault.open(stored, user);
  if (key === sealing) return 'current';
  if (key === undefined && !sealPlaintext) return 'plaintext';
  const outcome = key === undefined ? 'sealed' : 'resealed';
  if (replace === undefined) return outcome;
  const text = vault.seal(opened, user);
  if (sealedWith(text) !== sealing || vault.open(text, user) !== opened) {
    throw new Error('a password that was sealed again does not open');
  }
  return (await replace(password, text)) ? outcome : 'changed';
}

/** One that was damaged, or copied from another user, says nothing about the key. */
const SAMPLES = 5;

/**
 * Finds out at start, rather than in the middle of a pass, that the keys are not those of this database.
 *
 * @throws UsageError CREDENTIAL_KEY_MISSING when a stored password names a key that is not on the ring,
 *   CREDENTIAL_KEY_DIFFERS when a key of the ring opens none of those that name it.
 */
export async function checkKeys(
  passwords: Pick<StoredPasswordReader, 'sample'>,
  vault: Pick<PasswordVault, 'open'>,
  kids: readonly string[],
): Promise<void> {
  const others = `(?!(?:${kids.join('|')})\\.)[A-Za-z0-9_-]{1,32}`;
  const [stray] = await passwords.sample(envelopePattern(others), 1);
  if (stray !== undefined) {
    const kid = sealedWith(stray.stored);
    throw new UsageError(
      `A stored password was sealed with the key ${kid}, which is not in CONCORD_CREDENTIAL_KEYS. Put it back at the end of the list; once "concord credentials reseal" has run, nothing needs it any more. If it is lost, so is what it sealed: "concord credentials reseal --dry-run" names the users; remove the passwords from their documents.`,
      'CREDENTIAL_KEY_MISSING',
    );
  }
  for (const kid of kids) {
    const sealed = await passwords.sample(envelopePattern(kid), SAMPLES);
    if (sealed.length === 0 || sealed.some((password) => opens(vault, password))) continue;
    throw new UsageError(
      `The key ${kid} in CONCORD_CREDENTIAL_KEYS is not the one that stored passwords were sealed with under that id. Put the right one in its place; a new key needs a new id, at the beginning of the list.`,
      'CREDENTIAL_KEY_DIFFERS',
    );
  }
}

function opens(vault: Pick<PasswordVault, 'open'>, { stored, user }: StoredPassword): boolean {
  try {
    vault.open(stored, user);
    return true;
  } catch (error) {
    if (error instanceof CredentialsError) return false;
    throw error;
  }
}
