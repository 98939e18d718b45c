/** From what a person types to one user: an Auth0 id, @handle, code, email or DID. */
import type { AssessedTenant } from '../engine/assess.ts';
import { type Candidates, candidates, type FoundUser, suggestions } from '../engine/find-user.ts';
import { UsageError } from '../errors.ts';
import type { DocumentReader } from '../ports.ts';
import { visible } from '../terminal/visible.ts';

/** Throws UsageError USER_NOT_FOUND or USER_AMBIGUOUS. An id is taken as it is: Auth0 says whether it exists. */
export async function findUser(
  text: string,
  tenants: readonly AssessedTenant[],
  documents: DocumentReader,
): Promise<FoundUser> {
  return oneOf(text, await candidates(text.trim(), tenants, documents), documents);
}

/** The only one of these. Throws as above. */
export async function oneOf(
  text: string,
  { found, unasked }: Candidates,
  documents: Pick<DocumentReader, 'namesAmong'>,
): Promise<FoundUser> {
  if (unasked[0] !== undefined) throw unasked[0].error;
  const [first, ...others] = found;
  if (first === undefined) {
    const names = await suggestions(text.trim(), documents);
    const meant = names.length === 0 ? '' : `Did you mean ${names.map(visible).join(' or ')}? `;
    const hint = 'Give an Auth0 id (auth0|…), @handle, code, email or DID.';
    throw new UsageError(`No user is known as ${visible(text)}. ${meant}${hint}`, 'USER_NOT_FOUND');
  }
  if (others.length > 0) {
    const keys = found.map(({ user }) => visible(user)).join(', ');
    throw new UsageError(
      `${visible(text)} is more than one user: ${keys}. Give the id of one.`,
      'USER_AMBIGUOUS',
    );
  }
  return first;
}
