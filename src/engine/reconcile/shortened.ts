/**
 * Reconciliations that read nothing, or only whether Auth0 has the user.
 *
 * | the user                          | the log gets          | the read model               |
 * |-----------------------------------|-----------------------|------------------------------|
 * | is forgotten                      | nothing               | shows nothing personal       |
 * | is excluded by the configuration  | `user.excluded`, once | shows that, if it knew of it |
 * | is none, as Auth0 says of the id  | `auth0.user-invalid`, once | does not know of it     |
 */
import { UpstreamError } from '../../errors.ts';
import { EXCLUDED_REASON, excludedMessage } from '../../events/condition.ts';
import type { Facts } from '../../events/facts.ts';
import type { Lease, WorkQueue } from '../../ports/queue.ts';
import type { EventDraft } from '../../reconcilers/reconciler.ts';
import { learnInvalid } from './learn.ts';
import { subjectView } from './subject-view.ts';

export interface Leaving {
  readonly queue: Pick<WorkQueue, 'complete' | 'drop'>;
  readonly lease: Lease;
  /** From the log, including events appended meanwhile. */
  readonly facts: () => Facts;
  readonly append: (...drafts: readonly EventDraft[]) => Promise<unknown>;
}

/** For a forgotten person nothing is read or written any more. */
export async function leaveForgotten({ queue, lease, facts }: Leaving): Promise<'converged'> {
  await queue.complete(lease, subjectView(facts()), undefined);
  return 'converged';
}

/** `entry` is what excludes the user. For a user without events in the log, nothing is shown either. */
export async function leaveExcluded(
  { queue, lease, facts, append: tell }: Leaving,
  entry: string,
): Promise<'excluded'> {
  if (facts().newestEvent === undefined) {
    await queue.drop(lease);
    return 'excluded';
  }
  const known = facts().conditions.find(({ reason }) => reason === EXCLUDED_REASON);
  if (known?.message !== excludedMessage(entry)) await tell({ type: 'user.excluded', data: { entry } });
  await queue.complete(lease, subjectView(facts()), undefined);
  return 'excluded';
}

/** Auth0 says that the id is not a user's, and never had a user under it. */
export async function leaveInvalid({ queue, lease, facts, append: tell }: Leaving): Promise<'not-a-user'> {
  const drafts = learnInvalid(facts(), lease.userId);
  if (drafts.length > 0) await tell(...drafts);
  await queue.drop(lease);
  return 'not-a-user';
}

/** Auth0 calls an id invalid that was a user's before: the answer is wrong, and not the user. */
export function invalidAfterAll(): UpstreamError {
  const message = 'auth0 users.get says that the id of a known user is not the id of a user.';
  return new UpstreamError(message, { upstream: 'auth0', code: 'INVALID_USER_ID', retryable: false });
}
