/**
 * The other direction: documents and accounts without a user, counted from the listings alone. The count is a hint;
 * `audit --orphans` reads each one by id and shows the evidence.
 *
 * A document counts when a complete listing lacks its user, and the user is unknown to Concord or recorded as
 * deleted. A user who signed up after the listing was made is known, so the document is no orphan.
 */
import type { KeySpace } from '../../../exclusion.ts';
import { isSimulatedKey, storedUserKey, type TenantId, type UserKey } from '../../../identity.ts';
import type { DocumentReader } from '../../../ports/documents.ts';
import type { SubjectReader } from '../../../ports/subjects.ts';
import { isExcluded, ownerOf, tenantOf } from '../../intake/owner.ts';
import type { Repositories } from '../listings/repositories.ts';

export interface ReverseDeps {
  readonly documents: Pick<DocumentReader, 'owners'>;
  readonly subjects: Pick<SubjectReader, 'read'>;
  /** All tenants of the database, so that each key can be assigned to its tenant. */
  readonly keySpaces: readonly KeySpace[];
}

export interface OrphanCounts {
  readonly documents: number;
  /** Of the whole PDS, whichever tenants were read; null when it could not be listed. */
  readonly accounts: number | null;
}

/** Of the documents of these tenants' users. Throws UpstreamError when a listing breaks off. */
export async function countOrphans(
  deps: ReverseDeps,
  tenants: readonly TenantId[],
  isListed: (key: string) => boolean,
  repositories: Repositories | undefined,
): Promise<OrphanCounts> {
  let documents = 0;
  for await (const page of deps.documents.owners()) {
    const unlisted: UserKey[] = [];
    for (const { key, did } of page) {
      if (did !== undefined) repositories?.name(did);
      if (isListed(key) || isSimulatedKey(key)) continue;
      const tenant = tenantOf(key, deps.keySpaces);
      if (tenant === undefined || !tenants.includes(tenant.id) || isExcluded(tenant, storedUserKey(key)))
        continue;
      const owned = ownerOf(key, [tenant]);
      // No user can ever have such a key.
      if (owned === undefined) documents += 1;
      else unlisted.push(owned.user);
    }
    documents += await countGone(deps, unlisted);
  }
  return { documents, accounts: repositories?.unnamed() ?? null };
}

async function countGone({ subjects }: ReverseDeps, users: readonly UserKey[]): Promise<number> {
  if (users.length === 0) return 0;
  const known = await subjects.read(users);
  return users.filter((user) => {
    const subject = known.get(user);
    return subject === undefined || subject.conditions.some(({ reason }) => reason === 'UserGone');
  }).length;
}
