/** Finds users by what a person types: an Auth0 id, @handle, code, email or DID, exactly. */
import { UpstreamError } from '../../errors.ts';
import {
  looksLikeCode,
  parseDid,
  storedUserId,
  storedUserKey,
  type UserKey,
  userKey,
} from '../../identity.ts';
import type { DocumentReader } from '../../ports/documents.ts';
import type { EventReader } from '../../ports/event-log.ts';
import type { SubjectReader } from '../../ports/subjects.ts';
import { type Owned, ownerOf, tenantOf } from '../intake/owner.ts';
import type { AssessedTenant } from '../reconcile/read-side.ts';
import { nearNames } from './near-names.ts';

export type FoundUser = Owned<AssessedTenant>;

export interface Candidates {
  readonly found: readonly FoundUser[];
  /** The tenants that could not be read, so that there may be more matches. */
  readonly unasked: readonly { readonly tenant: AssessedTenant; readonly error: UpstreamError }[];
}

export function isEmail(text: string): boolean {
  return text.includes('@', 1) && !text.includes('|');
}

/** Where a key may be stored. */
export interface KnownKeys {
  readonly documents: Pick<DocumentReader, 'findUsers' | 'read'>;
  readonly subjects: Pick<SubjectReader, 'get'>;
  readonly events: Pick<EventReader, 'read'>;
}

/** Before a key that must match exactly, whatever else its text may name. */
export const KEY_PREFIX = 'key:';

/**
 * An id is returned as it is: Auth0 says whether it exists, as for an email. A stored key is found whatever its form,
 * even if it is not a user's.
 */
export async function candidates(
  text: string,
  tenants: readonly AssessedTenant[],
  known: KnownKeys,
): Promise<Candidates> {
  if (text.startsWith(KEY_PREFIX))
    return { found: await storedKey(text.slice(KEY_PREFIX.length), tenants, known), unasked: [] };
  const owned = ownerOf(text.trim(), tenants);
  if (owned !== undefined) return { found: [owned], unasked: [] };
  const [named, stored] = await Promise.all([
    candidatesByName(text.trim(), tenants, known.documents),
    storedKey(text, tenants, known),
  ]);
  const others = stored.filter(({ user }) => named.found.every((one) => one.user !== user));
  return { found: [...named.found, ...others], unasked: named.unasked };
}

/** By @handle, code, email or DID. */
export async function candidatesByName(
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

/** The exact key, where the read model, the documents or the log have it. */
async function storedKey(
  text: string,
  tenants: readonly AssessedTenant[],
  { subjects, documents, events }: KnownKeys,
): Promise<readonly FoundUser[]> {
  const user = storedUserKey(text);
  const subject = await subjects.get(user);
  const tenant =
    subject === undefined ? tenantOf(text, tenants) : tenants.find(({ id }) => id === subject.tenant);
  if (tenant === undefined) return [];
  if (subject !== undefined) return [{ user, userId: subject.userId, tenant }];
  const isStored = (await hasDocuments(documents, user)) || (await hasEvents(events, user));
  return isStored ? [{ user, userId: storedUserId(text.slice(tenant.keyPrefix.length)), tenant }] : [];
}

async function hasDocuments(documents: KnownKeys['documents'], user: UserKey): Promise<boolean> {
  const found = (await documents.read([user])).get(user);
  return found?.user !== undefined || found?.verificationCount !== undefined || found?.handle !== undefined;
}

async function hasEvents(events: KnownKeys['events'], user: UserKey): Promise<boolean> {
  for await (const _event of events.read({ user, limit: 1 })) return true;
  return false;
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

/** Of handles and codes only: similar addresses of other people must not be shown. */
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
    // The name is known to be free; a failed suggestion is not worth another error.
    if (error instanceof UpstreamError) return [[], []];
    throw error;
  });
  const [handles = [], codes = []] = found;
  return [...handles.map((handle) => `@${handle}`), ...codes].slice(0, MOST_SUGGESTED);
}
