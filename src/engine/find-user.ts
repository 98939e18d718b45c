/** From what a person types to users: an Auth0 id, @handle, code, email or DID, to the letter. */
import { UpstreamError } from '../errors.ts';
import { looksLikeCode, parseDid, userKey } from '../identity.ts';
import type { DocumentReader } from '../ports.ts';
import type { AssessedTenant } from './assess.ts';
import { nearNames } from './near-names.ts';
import { type Owned, ownerOf } from './owner.ts';

export type FoundUser = Owned<AssessedTenant>;

export interface Candidates {
  readonly found: readonly FoundUser[];
  /** The tenants that could not be asked, so that there may be more. */
  readonly unasked: readonly { readonly tenant: AssessedTenant; readonly error: UpstreamError }[];
}

export function isEmail(text: string): boolean {
  return text.includes('@', 1) && !text.includes('|');
}

/** An id is taken as it is: Auth0 says whether it exists, and so it does of an email. */
export async function candidates(
  text: string,
  tenants: readonly AssessedTenant[],
  documents: Pick<DocumentReader, 'findUsers'>,
): Promise<Candidates> {
  const owned = (keys: readonly string[]): Candidates => ({
    found: keys.flatMap((key) => ownerOf(key, tenants) ?? []),
    unasked: [],
  });
  const find = async (by: Parameters<DocumentReader['findUsers']>[0]) => owned(await documents.findUsers(by));
  if (text.startsWith('@')) return find({ handle: text.slice(1) });
  if (parseDid(text) !== undefined) return find({ did: text });
  if (text.includes('|')) return owned([text]);
  if (isEmail(text)) return byEmail(text, tenants);
  if (!looksLikeCode(text)) return find({ handle: text });
  const byCode = await find({ code: text });
  return byCode.found.length > 0 ? byCode : find({ handle: text });
}

async function byEmail(email: string, tenants: readonly AssessedTenant[]): Promise<Candidates> {
  const found: FoundUser[] = [];
  const unasked: { readonly tenant: AssessedTenant; readonly error: UpstreamError }[] = [];
  await Promise.all(
    tenants.map(async (tenant) => {
      try {
        for (const { userId } of await tenant.directory.usersByEmail(email))
          found.push({ user: userKey(tenant.keyPrefix, userId), userId, tenant });
      } catch (error) {
        if (!(error instanceof UpstreamError)) throw error;
        unasked.push({ tenant, error });
      }
    }),
  );
  return { found, unasked };
}

const MOST_SUGGESTED = 3;

/** Of handles and codes only, which are ours to ask for: whose address is nearly this one is nobody's business. */
export async function suggestions(
  text: string,
  documents: Pick<DocumentReader, 'namesAmong'>,
): Promise<readonly string[]> {
  const isHandle = text.startsWith('@');
  const name = isHandle ? text.slice(1) : text;
  if (name.includes('@') || name.includes('|') || parseDid(name) !== undefined) return [];
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
  return [...handles.map((handle) => `@${handle}`), ...codes].slice(0, MOST_SUGGESTED);
}
