/** The user of a key. The dashboard uses keys, and answers only for the tenants that this service serves. */

import { type Owned, ownerOf } from '../engine/intake/owner.ts';
import type { AssessedTenant } from '../engine/reconcile/read-side.ts';
import { UsageError } from '../errors.ts';
import type { ConcordEvent } from '../events/event.ts';
import { storedUserId, storedUserKey, type TenantId, type UserKey } from '../identity.ts';
import type { EventReader } from '../ports/event-log.ts';
import type { Subject, SubjectReader } from '../ports/subjects.ts';

export interface ServedTenants {
  readonly tenants: readonly AssessedTenant[];
}

export interface KnownUserDeps extends ServedTenants {
  readonly events: EventReader;
  readonly subjects: Pick<SubjectReader, 'get'>;
}

export interface KnownUser extends Owned<AssessedTenant> {
  /** In no guaranteed order; empty for a user who is due and was never reconciled. */
  readonly events: readonly ConcordEvent[];
  readonly subject: Subject | undefined;
}

/** A user who is recorded here. Throws UsageError USER_NOT_FOUND. */
export async function knownUser(deps: KnownUserDeps, key: string): Promise<KnownUser> {
  const { tenant, ...found } = await recordsOf(deps, key);
  return { ...ownedBy(deps, key, tenant), ...found };
}

/** The same, and users that only Auth0 knows. Throws UpstreamError when Auth0 is needed and cannot be read. */
export async function knownAnywhere(deps: KnownUserDeps, key: string): Promise<KnownUser> {
  const { tenant, ...found } = await recordsOf(deps, key);
  if (tenant !== undefined) return { ...ownedBy(deps, key, tenant), ...found };
  const owned = ownerOf(key, deps.tenants) ?? notFound();
  if (typeof (await owned.tenant.directory.user(owned.userId)) !== 'object') notFound();
  return { ...owned, ...found };
}

async function recordsOf({ events: reader, subjects }: KnownUserDeps, key: string) {
  const user = storedUserKey(key);
  const [events, subject] = await Promise.all([reader.ofUser(user), subjects.get(user)]);
  const tenant = subject?.tenant ?? events[0]?.tenant ?? (await firstOf(reader, user))?.tenant;
  return { events, subject, tenant };
}

/** The first event of a user that Auth0 named and that nothing else records. */
async function firstOf(
  { read }: Pick<EventReader, 'read'>,
  user: UserKey,
): Promise<ConcordEvent | undefined> {
  for await (const event of read({ user, limit: 1 })) return event;
  return undefined;
}

/**
 * By the tenant that was recorded with the user, undefined where none was: while one tenant has no prefix, a key of a
 * tenant that is not served looks like one of the first. Throws UsageError USER_NOT_FOUND.
 */
export function ownedBy(
  { tenants }: ServedTenants,
  key: string,
  tenant: TenantId | undefined,
): Owned<AssessedTenant> {
  const own = tenants.filter(({ id }) => id === tenant);
  const [first] = own;
  const owned = ownerOf(key, own);
  if (owned !== undefined) return owned;
  if (first === undefined || !key.startsWith(first.keyPrefix)) return notFound();
  // Recorded before such keys were distinguished from those of users.
  const userId = storedUserId(key.slice(first.keyPrefix.length));
  return { user: storedUserKey(key), userId, tenant: first };
}

function notFound(): never {
  throw new UsageError('The user is unknown.', 'USER_NOT_FOUND');
}
