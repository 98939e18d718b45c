/** From what a person types to one user: an Auth0 id, @handle, code, email, DID or stored key. */

import { refuseUntouchable } from '../../engine/intake/owner.ts';
import type { AssessedTenant } from '../../engine/reconcile/read-side.ts';
import {
  type Candidates,
  candidates,
  type FoundUser,
  KEY_PREFIX,
  type KnownKeys,
  suggestions,
} from '../../engine/reports/find-user.ts';
import { UsageError } from '../../errors.ts';
import type { DocumentReader } from '../../ports/documents.ts';
import { visible } from '../../terminal/visible.ts';

type Known = KnownKeys & { readonly documents: Pick<DocumentReader, 'namesAmong'> };

/** Throws UsageError USER_NOT_FOUND or USER_AMBIGUOUS. An id is returned unchecked: Auth0 says whether it exists. */
export async function findUser(
  text: string,
  tenants: readonly AssessedTenant[],
  known: Known,
): Promise<FoundUser> {
  return oneOf(text, await candidates(text, tenants, known), known);
}

/** The only one of these. Throws as above. */
export async function oneOf(
  text: string,
  { found, unasked }: Candidates,
  known: Pick<Known, 'documents'>,
): Promise<FoundUser> {
  if (unasked[0] !== undefined) throw unasked[0].error;
  const [first, ...others] = found;
  if (first === undefined) {
    const names = await suggestions(text.trim(), known.documents);
    const meant = names.length === 0 ? '' : `Did you mean ${names.map(visible).join(' or ')}? `;
    const hint = 'Give an Auth0 id (auth0|…), @handle, code, email or DID.';
    throw new UsageError(`No user matches ${visible(text)}. ${meant}${hint}`, 'USER_NOT_FOUND');
  }
  if (others.length > 0) {
    const keys = found.map(({ user }) => visible(user)).join(', ');
    throw new UsageError(
      `${visible(text)} matches more than one user: ${keys}. Give the id of one, or ${KEY_PREFIX} and the key.`,
      'USER_AMBIGUOUS',
    );
  }
  return first;
}

/**
 * The same, for a command that reads upstreams or changes something. Throws UsageError USER_EXCLUDED for a user that the
 * configuration excludes, and NOT_A_USER for a key that is no user's and that Concord knows only from documents.
 */
export async function findUserToTouch(
  text: string,
  tenants: readonly AssessedTenant[],
  known: Known,
): Promise<FoundUser> {
  const found = await findUser(text, tenants, known);
  await refuseUntouchable(found, known.subjects);
  return found;
}
