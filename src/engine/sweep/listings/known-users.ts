/** Which of the users that Concord has recorded a listing is expected to have. */
import type { UserKey } from '../../../identity.ts';
import type { SubjectReader, SubjectSummary } from '../../../ports/subjects.ts';
import { isExcluded, ownerOf } from '../../intake/owner.ts';
import type { AssessedTenant } from '../../reconcile/read-side.ts';

/** How many users of a tenant are expected in a listing that began then. */
export async function countKnown(
  subjects: Pick<SubjectReader, 'standings'>,
  tenant: AssessedTenant,
  isListed: (user: UserKey) => boolean,
  startedAt: Date,
): Promise<number> {
  let known = 0;
  for await (const page of subjects.standings(tenant.id))
    for (const one of page) {
      if (isExcluded(tenant, one.user) || ownerOf(one.user, [tenant]) === undefined) continue;
      if (isListed(one.user) || !(isGoneBy(one) || isNewTo(one, startedAt))) known += 1;
    }
  return known;
}

export function isGoneBy({ conditions }: SubjectSummary): boolean {
  return conditions.some(({ reason }) => reason === 'UserGone' || reason === 'UserGoneOnce');
}

/** Read by id, and present, after the listing was requested. */
export function isNewTo({ observedAt }: SubjectSummary, startedAt: Date): boolean {
  return observedAt !== undefined && observedAt > startedAt;
}
