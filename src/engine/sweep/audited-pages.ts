/** The users that an audit covers: all users, those who changed since, or the newest sign-ups of all tenants. */

import { sideBySide } from '../../concurrency/map-limit.ts';
import type { Did } from '../../identity.ts';
import type { AccountReader, PdsAccount } from '../../ports/accounts.ts';
import type { Auth0User, UserPage } from '../../ports/auth0.ts';
import type { AssessedTenant } from '../reconcile/read-side.ts';

/** At most one of the two. */
export interface Audited {
  readonly since?: Date | undefined;
  /** How many of the newest sign-ups. */
  readonly last?: number | undefined;
}

export interface AuditedPage {
  readonly tenant: AssessedTenant;
  readonly page: UserPage;
}

export async function* auditedPages(
  tenants: readonly AssessedTenant[],
  { since, last }: Audited,
): AsyncIterable<AuditedPage> {
  if (last !== undefined) {
    yield* newestOf(tenants, last);
    return;
  }
  for (const tenant of tenants) {
    const { directory } = tenant;
    for await (const page of since === undefined ? directory.everyone() : directory.changedSince(since))
      yield { tenant, page };
  }
}

/** In the order in which they signed up, the newest first, those without a date last: a page for each stretch of one tenant. */
async function* newestOf(tenants: readonly AssessedTenant[], last: number): AsyncIterable<AuditedPage> {
  const pages = await Promise.all(
    tenants.map(async (tenant) => ({ tenant, page: await tenant.directory.newest(last) })),
  );
  for (const { tenant, page } of pages) {
    const unreadable = page.unreadable ?? [];
    if (unreadable.length > 0) yield { tenant, page: { users: [], unreadable } };
  }
  const newest = pages
    .flatMap(({ tenant, page }) => page.users.map((user) => ({ tenant, user })))
    .sort((a, b) => signedUpAt(b.user) - signedUpAt(a.user))
    .slice(0, last);
  let from = 0;
  for (const [at, { tenant }] of newest.entries()) {
    if (newest[at + 1]?.tenant === tenant) continue;
    yield {
      tenant,
      page: { users: newest.slice(from, at + 1).map(({ user }) => user), total: newest.length },
    };
    from = at + 1;
  }
}

function signedUpAt({ createdAt }: Auth0User): number {
  return createdAt?.getTime() ?? 0;
}

/** The same reader, which reads each account with its state: of a few it is cheaper than to list all repositories. */
export function readingEach(accounts: AccountReader): AccountReader {
  return {
    ...accounts,
    accounts: async (dids) => {
      const found = new Map<Did, PdsAccount>();
      await sideBySide(dids, async (did) => {
        const account = await accounts.account(did);
        if (account !== 'missing') found.set(did, account);
      });
      return found;
    },
  };
}
