/**
 * One decision about many users: those whose last reconciliation found a condition. Each is assessed again before it is
 * counted, and once more before its decision is written.
 */

import { sideBySide } from '../../concurrency/map-limit.ts';
import { UpstreamError, UsageError } from '../../errors.ts';
import type { Condition } from '../../events/condition.ts';
import type { UserKey } from '../../identity.ts';
import type { SubjectReader } from '../../ports/subjects.ts';
import { isExcluded, type Owned, ownerOf } from '../intake/owner.ts';
import type { AssessedTenant } from '../reconcile/read-side.ts';

/** Each assessment is one read of Auth0, whose quota the platform shares. */
const AT_ONCE = 4;

export interface Proposed<Proposal> {
  readonly owned: Owned<AssessedTenant>;
  readonly proposal: Proposal;
}

export interface Skipped {
  readonly user: UserKey;
  /** USER_DELETED, USER_BLOCKED, … or the code of what could not be read. */
  readonly code: string;
  readonly message: string;
}

export interface Assessment<Proposal> {
  readonly proposed: readonly Proposed<Proposal>[];
  /** Users whose decision is refused. */
  readonly skipped: readonly Skipped[];
  /** Users that could not be read. */
  readonly failed: readonly Skipped[];
  /** False when more users than allowed were found, or on abort: the rest was not assessed. */
  readonly isComplete: boolean;
}

/** By the read model, by key: a hint, since it is as old as the last reconciliation. */
export async function candidatesWith(
  subjects: Pick<SubjectReader, 'list'>,
  tenants: readonly AssessedTenant[],
  isMeant: (condition: Condition) => boolean,
): Promise<readonly Owned<AssessedTenant>[]> {
  const found: Owned<AssessedTenant>[] = [];
  for (const tenant of tenants) {
    for await (const { user, conditions } of subjects.list(tenant.id, { unsettled: true })) {
      const isToTouch = conditions.some(isMeant) && !isExcluded(tenant, user);
      const owned = isToTouch ? ownerOf(user, [tenant]) : undefined;
      if (owned !== undefined) found.push(owned);
    }
  }
  return found;
}

export interface Run {
  readonly signal: AbortSignal;
  readonly onProgress: (done: number) => void;
}

/** `propose` throws UsageError where it is refused. Ends early once there are more than `limit` proposals. */
export async function assessMany<Proposal>(
  candidates: readonly Owned<AssessedTenant>[],
  propose: (owned: Owned<AssessedTenant>) => Promise<Proposal>,
  limit: number,
  { signal, onProgress }: Run,
): Promise<Assessment<Proposal>> {
  const proposed = new Map<UserKey, Proposed<Proposal>>();
  const skipped: Skipped[] = [];
  const failed: Skipped[] = [];
  let done = 0;
  await sideBySide(
    candidates,
    async (owned) => {
      if (signal.aborted || proposed.size > limit) return;
      const { user } = owned;
      try {
        proposed.set(user, { owned, proposal: await propose(owned) });
      } catch (error) {
        const one = skippedFor(user, error);
        (error instanceof UsageError ? skipped : failed).push(one);
      }
      done += 1;
      onProgress(done);
    },
    AT_ONCE,
  );
  return {
    proposed: candidates.flatMap(({ user }) => proposed.get(user) ?? []),
    ...{ skipped, failed, isComplete: done === candidates.length },
  };
}

export interface ManyGranted {
  readonly granted: readonly UserKey[];
  readonly failed: readonly Skipped[];
}

/** A failure of one user does not stop the others. */
export async function grantMany<Proposal>(
  proposed: readonly Proposed<Proposal>[],
  grant: (one: Proposed<Proposal>) => Promise<unknown>,
  { signal, onProgress }: Run,
): Promise<ManyGranted> {
  const granted: UserKey[] = [];
  const failed: Skipped[] = [];
  await sideBySide(
    proposed,
    async (one) => {
      if (signal.aborted) return;
      try {
        await grant(one);
        granted.push(one.owned.user);
      } catch (error) {
        failed.push(skippedFor(one.owned.user, error));
      }
      onProgress(granted.length + failed.length);
    },
    AT_ONCE,
  );
  return { granted, failed };
}

/** Any error but a refusal or an unreadable upstream is a defect. */
function skippedFor(user: UserKey, error: unknown): Skipped {
  if (error instanceof UsageError || error instanceof UpstreamError)
    return { user, code: error.code, message: error.message };
  throw error;
}
