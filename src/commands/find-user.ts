/** From what a person types to one user: an Auth0 id, @handle, code, email or DID. */
import type { AssessedTenant } from '../engine/assess.ts';
import { nearNames } from '../engine/near-names.ts';
import { type Owned, ownerOf } from '../engine/owner.ts';
import { UpstreamError, UsageError } from '../errors.ts';
import { parseCode, parseDid, userKey } from '../identity.ts';
import type { DocumentReader } from '../ports.ts';
import { visible } from '../terminal/visible.ts';

export type FoundUser = Owned<AssessedTenant>;

/** Throws UsageError USER_NOT_FOUND or USER_AMBIGUOUS. An id is taken as it is: Auth0 says whether it exists. */
export async function findUser(
  text: string,
  tenants: readonly AssessedTenant[],
  documents: DocumentReader,
): Promise<FoundUser> {
  const found = await candidates(text.trim(), tenants, documents);
  const [first, ...others] = found;
  if (first === undefined) {
    const meant = await suggestion(text.trim(), documents);
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

const MOST_SUGGESTED = 3;

/** Of handles and codes only, which are ours to ask for: whose address is nearly this one is nobody's business. */
async function suggestion(text: string, documents: DocumentReader): Promise<string> {
  const isHandle = text.startsWith('@');
  const name = isHandle ? text.slice(1) : text;
  if (name.includes('@') || name.includes('|') || parseDid(name) !== undefined) return '';
  const near = nearNames(name);
  const found = await Promise.all([
    documents.namesAmong('handle', near),
    isHandle ? [] : documents.namesAmong('code', near),
  ]).catch((error: unknown) => {
    // That nobody has this name is known; what may have been meant is not worth another error.
    if (error instanceof UpstreamError) return [[], []];
    throw error;
  });
  const [handles = [], codes = []] = found;
  const names = [...handles.map((handle) => `@${handle}`), ...codes].slice(0, MOST_SUGGESTED);
  return names.length === 0 ? '' : `Did you mean ${names.map(visible).join(' or ')}? `;
}

async function candidates(
  text: string,
  tenants: readonly AssessedTenant[],
  documents: DocumentReader,
): Promise<FoundUser[]> {
  const owned = (keys: readonly string[]) => keys.flatMap((key) => ownerOf(key, tenants) ?? []);
  const find = async (by: Parameters<DocumentReader['findUsers']>[0]) => owned(await documents.findUsers(by));
  if (text.startsWith('@')) return find({ handle: text.slice(1) });
  if (parseDid(text) !== undefined) return find({ did: text });
  if (text.includes('|')) return owned([text]);
  if (text.includes('@')) return byEmail(text, tenants);
  return parseCode(text) === undefined ? find({ handle: text }) : find({ code: text });
}

async function byEmail(email: string, tenants: readonly AssessedTenant[]): Promise<FoundUser[]> {
  const found = await Promise.all(
    tenants.map(async (tenant) => {
      const users = await tenant.directory.usersByEmail(email);
      return users.map(({ userId }) => ({ user: userKey(tenant.keyPrefix, userId), userId, tenant }));
    }),
  );
  return found.flat();
}
