/** Users that Concord knows and Auth0 no longer lists. */
import type { TenantId, UserKey } from '../../identity.ts';
import type { UserPages } from '../../ports/subjects.ts';

const PAGE = 5_000;

/** By the read model, without users who are listed again: their next reconciliation says so. */
export async function countDeleted(
  pages: UserPages,
  tenants: readonly TenantId[],
  isListed: (user: UserKey) => boolean,
  now: Date,
): Promise<number> {
  let deleted = 0;
  for (const tenant of tenants) {
    let after: UserKey | undefined;
    do {
      const page = await pages.page({ tenant, situation: 'deleted' }, after, PAGE, now);
      deleted += page.filter(({ user }) => !isListed(user)).length;
      after = page.length < PAGE ? undefined : page.at(-1)?.user;
    } while (after !== undefined);
  }
  return deleted;
}
