/** Checks before anything writes passwords: the keys are those of this database, and their storage was chosen. */

import { CredentialsError, UsageError } from '../errors.ts';
import type { PasswordVault, StoredPassword, StoredPasswordReader } from '../ports/passwords.ts';
import { ANY_KEY_ID, envelopePattern, keyIds, plaintextPattern, sealedWith } from './envelope.ts';

type Sampled = Pick<StoredPasswordReader, 'sample'>;

/** One that was damaged, or copied from another user, says nothing about the key. */
const SAMPLES = 5;

/** All checks below, for the start of the engine. */
export async function checkPasswords(
  passwords: Sampled,
  vault: Pick<PasswordVault, 'open'>,
  { storage, keys }: { readonly storage: 'sealed' | 'plaintext' | null; readonly keys?: string | undefined },
): Promise<void> {
  // A storage that was chosen costs no search.
  if (storage === null) await checkStorageChosen(passwords);
  await checkKeys(passwords, vault, keyIds(keys));
}

/**
 * Finds out at start, rather than in the middle of a reconciliation, that the keys are not those of this database.
 *
 * @throws UsageError CREDENTIAL_KEY_MISSING when a stored password names a key that is not on the ring,
 *   CREDENTIAL_KEY_DIFFERS when a key of the ring opens none of those that name it.
 */
export async function checkKeys(
  passwords: Sampled,
  vault: Pick<PasswordVault, 'open'>,
  kids: readonly string[],
): Promise<void> {
  for (const kid of kids) {
    const sealed = await passwords.sample(envelopePattern(kid), SAMPLES);
    if (sealed.length === 0 || sealed.some((password) => opens(vault, password))) continue;
    throw new UsageError(
      `The key ${kid} in CONCORD_CREDENTIAL_KEYS is not the one that stored passwords were sealed with under that id. Put the right one in its place; a new key needs a new id, at the beginning of the list.`,
      'CREDENTIAL_KEY_DIFFERS',
    );
  }
  // Last, because `concord password --reset` skips it: it replaces a password whose key is lost.
  const others = `(?!(?:${kids.join('|')})\\.)${ANY_KEY_ID}`;
  const [stray] = await passwords.sample(envelopePattern(others), 1);
  if (stray === undefined) return;
  throw new UsageError(
    `A stored password was sealed with the key ${sealedWith(stray.stored)}, which is not in CONCORD_CREDENTIAL_KEYS. Put it back at the end of the list; once "concord credentials reseal" has run, nothing needs it any more. If the key is lost, so are the passwords that it sealed: "concord credentials reseal --dry-run" lists their users, and "concord password <user> --reset" sets a new one.`,
    'CREDENTIAL_KEY_MISSING',
  );
}

/**
 * Without a choice new passwords are sealed. On a database with plaintext ones that is a change to the platform, whose
 * code may log in with them, so a person decides.
 *
 * @throws UsageError CREDENTIAL_STORAGE_UNSET when the database holds a plaintext password.
 */
async function checkStorageChosen(passwords: Sampled): Promise<void> {
  const [plaintext] = await passwords.sample(plaintextPattern(), 1);
  if (plaintext === undefined) return;
  throw new UsageError(`${STORAGE_UNSET} ${CHOOSE_STORAGE}`, 'CREDENTIAL_STORAGE_UNSET');
}

export const STORAGE_UNSET =
  'The database holds account passwords in plaintext (users.atproto.password), and credentials.storage is not set.';

/** What sealing means, and both choices. */
export const CHOOSE_STORAGE = [
  'Sealed passwords break platform code that logs in to the PDS with users.atproto.password as it is stored.',
  'To keep plaintext, set credentials.storage: plaintext (or CONCORD_CREDENTIAL_STORAGE=plaintext).',
  `To seal, have the platform code read passwords with openPassword from 'concord/credentials', set credentials.storage: sealed, then run: concord credentials seal`,
].join('\n');

function opens(vault: Pick<PasswordVault, 'open'>, { stored, user }: StoredPassword): boolean {
  try {
    vault.open(stored, user);
    return true;
  } catch (error) {
    if (error instanceof CredentialsError) return false;
    throw error;
  }
}
