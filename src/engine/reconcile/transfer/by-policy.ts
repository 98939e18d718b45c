/**
 * Policy `linked: transfer`: a user that Auth0 has linked a deleted one into, and that has no account, is granted what the
 * deleted one had. Where a person must decide, nothing is granted.
 */
import { UsageError } from '../../../errors.ts';
import type { Facts } from '../../../events/facts.ts';
import type { ExcludedBy } from '../../../exclusion.ts';
import { type TenantId, type UserKey, userKey } from '../../../identity.ts';
import { CLOCK_DIFFERS } from '../../../ports/clock-agreement.ts';
import type { Documents } from '../../../ports/documents.ts';
import { isExcluded } from '../../intake/owner.ts';
import type { Journal } from '../journal.ts';
import { type GrantDeps, grantUnderLease } from './grant.ts';
import type { Party } from './sides.ts';

/** Who decides, as the log has it. */
const BY = 'policy.linked';

/**
 * The one user is being reconciled, the other one was deleted, blocked or unverified since it was read, or our clock cannot
 * be trusted with a grant.
 */
const AGAIN: ReadonlySet<string> = new Set([
  CLOCK_DIFFERS,
  ...['USER_BUSY', 'USER_DELETED', 'USER_BLOCKED', 'USER_UNVERIFIED'],
]);

export interface LinkedUser {
  readonly user: UserKey;
  readonly tenant: {
    readonly id: TenantId;
    readonly directory: Party['tenant']['directory'];
    readonly excludedBy?: ExcludedBy | undefined;
  };
  readonly journal: Journal;
  readonly documents: Documents;
  readonly ensureLease: () => Promise<void>;
}

/**
 * `again` while a user that was linked into this one is being reconciled, and where this one has changed since it was
 * read: then nothing may be created for it. Throws UpstreamError when something cannot be read.
 */
export async function grantLinked(
  deps: GrantDeps,
  { user, tenant, journal, documents, ensureLease }: LinkedUser,
): Promise<'nothing' | 'granted' | 'again'> {
  const { auth0 } = journal.facts();
  if (auth0?.linked === undefined || !mayGet(journal.facts(), documents)) return 'nothing';
  const keyPrefix = user.slice(0, user.length - auth0.userId.length);
  const linked = auth0.linked
    .map((userId) => ({ user: userKey(keyPrefix, userId), userId, tenant }))
    .filter((from) => !isExcluded(tenant, from.user));
  const read = await deps.documents.read(linked.map((from) => from.user));
  for (const from of linked) {
    if (read.get(from.user)?.user?.account === undefined) continue;
    try {
      await grantUnderLease(
        deps,
        from,
        { ...from, user, userId: auth0.userId },
        { journal, ensureLease },
        { by: BY },
      );
      return 'granted';
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      if (AGAIN.has(error.code)) return 'again';
    }
  }
  return 'nothing';
}

/** Present, verified, and without an account, now or before. */
function mayGet(
  { auth0, absentSince, account, intent, incoming, sights }: Facts,
  { user }: Documents,
): boolean {
  const isThere = absentSince === undefined && auth0?.emailVerified === true && !auth0.blocked;
  const hasNone = user?.account === undefined && account === undefined && sights.account === undefined;
  return isThere && hasNone && intent === undefined && incoming === undefined;
}
