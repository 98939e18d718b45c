/**
 * What a reconciliation of one user would find and do, without writes: it gets only readers, so it has no client that
 * could write.
 */

import type { Facts } from '../../events/facts.ts';
import { fold } from '../../events/fold.ts';
import { withAuth0 } from '../../events/fold-auth0.ts';
import type { Auth0UserId, UserKey } from '../../identity.ts';
import type { Learned } from '../../reconcilers/observe.ts';
import type { View } from '../../reconcilers/view.ts';
import { notAUser } from '../intake/owner.ts';
import { failuresOf, findLinkedUser } from './linked-user.ts';
import { observeUser } from './observe.ts';
import type { AssessDeps, AssessedTenant } from './read-side.ts';
import { invalidAfterAll } from './shortened.ts';

export interface DryRun extends Learned {
  readonly view: View;
}

/**
 * Reads Auth0 by id. Throws UsageError NOT_A_USER where Auth0 says that the id is not a user's, and UpstreamError when
 * Auth0, the log or the documents cannot be read.
 */
export async function dryRun(
  deps: AssessDeps,
  tenant: AssessedTenant,
  user: UserKey,
  userId: Auth0UserId,
  now: Date,
): Promise<DryRun> {
  // Resolved first: an unconfigured directory throws here, before any request is left pending.
  const { directory } = tenant;
  const [history, answer, read] = await Promise.all([
    deps.events.ofUser(user),
    directory.user(userId),
    deps.documents.read([user]),
  ]);
  const known = fold(history);
  if (answer === 'invalid') throw known.auth0 === undefined ? notAUser(user) : invalidAfterAll();
  const documents = read.get(user);
  const platformHandle = documents?.handle;
  const facts: Facts =
    answer === 'absent'
      ? { ...known, absentSince: known.absentSince ?? now, platformHandle }
      : { ...withAuth0(known, answer, now), platformHandle };
  const linkedUser = await findLinkedUser(deps, tenant, user, facts, documents, 'ask');
  const learned = { facts, linkedUser: linkedUser.seen, documents };
  const view = await observeUser(deps, tenant, user, learned, now);
  return { ...learned, view: { ...view, failures: [...view.failures, ...failuresOf(linkedUser)] } };
}
