/**
 * Restores many users at once: those whose last reconciliation found that something was removed. Each is looked at
 * again before it is counted, and once more before its grant is written.
 */
import { UpstreamError, UsageError } from '../errors.ts';
import { type Decided, isRemovedReason, type RemovedReason } from '../events/event.ts';
import type { UserKey } from '../identity.ts';
import type { SubjectReader } from '../ports.ts';
import type { AssessDeps, AssessedTenant } from './assess.ts';
import type { DecideDeps } from './decide.ts';
import { type Owned, ownerOf } from './owner.ts';
import { grantRestore, proposeRestore, type RestoreProposal } from './restore.ts';
import { sideBySide } from './side-by-side.ts';

/** Each look is one read of Auth0, whose quota the platform shares. */
const AT_ONCE = 4;

export interface RestoreSelection {
  readonly reasons: readonly RemovedReason[];
  /** Only what is missing since then. */
  readonly since: Date | undefined;
}

export interface Restorable {
  readonly owned: Owned<AssessedTenant>;
  readonly proposal: RestoreProposal;
}

export interface Skipped {
  readonly user: UserKey;
  /** USER_DELETED, USER_BLOCKED, … or the code of what could not be read. */
  readonly code: string;
  readonly message: string;
}

export interface RestoreAssessment {
  readonly restorable: readonly Restorable[];
  /** Users for whom nothing may or can be restored. */
  readonly skipped: readonly Skipped[];
  /** Users that could not be read. */
  readonly failed: readonly Skipped[];
  /** False when more users than allowed were found, or on abort: the rest was not looked at. */
  readonly isComplete: boolean;
}

/** By the read model, by key: a hint, since it is as old as the last reconciliation. */
export async function restoreCandidates(
  subjects: Pick<SubjectReader, 'list'>,
  tenants: readonly AssessedTenant[],
  { reasons, since }: RestoreSelection,
): Promise<readonly Owned<AssessedTenant>[]> {
  const found: Owned<AssessedTenant>[] = [];
  for (const tenant of tenants) {
    for await (const { user, conditions } of subjects.list(tenant.id, { unsettled: true })) {
      const isMeant = conditions.some(
        ({ reason, since: at }) =>
          isRemovedReason(reason) &&
          reasons.includes(reason) &&
          (since === undefined || new Date(at) >= since),
      );
      const owned = isMeant ? ownerOf(user, [tenant]) : undefined;
      if (owned !== undefined) found.push(owned);
    }
  }
  return found;
}

export interface Run {
  readonly signal: AbortSignal;
  readonly onProgress: (done: number) => void;
}

/** Ends early once more than `limit` users may be restored. */
export async function assessRestores(
  deps: AssessDeps & Pick<DecideDeps, 'clock'>,
  candidates: readonly Owned<AssessedTenant>[],
  reasons: readonly RemovedReason[],
  limit: number,
  { signal, onProgress }: Run,
): Promise<RestoreAssessment> {
  const restorable = new Map<UserKey, Restorable>();
  const skipped: Skipped[] = [];
  const failed: Skipped[] = [];
  let done = 0;
  await sideBySide(
    candidates,
    async (owned) => {
      if (signal.aborted || restorable.size > limit) return;
      const { user } = owned;
      try {
        const proposal = await proposeRestore(deps, owned, deps.clock.now());
        const other = proposal.reasons.find((reason) => !reasons.includes(reason));
        if (other === undefined) restorable.set(user, { owned, proposal });
        else {
          const message = `${user} also has the reason ${other}, which was not selected.`;
          skipped.push({ user, code: 'NOT_SELECTED', message });
        }
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
    restorable: candidates.flatMap(({ user }) => restorable.get(user) ?? []),
    ...{ skipped, failed, isComplete: done === candidates.length },
  };
}

export interface RestoresGranted {
  readonly granted: readonly UserKey[];
  readonly failed: readonly Skipped[];
}

/** A user that fails does not stop the others. */
export async function grantRestores(
  deps: AssessDeps & DecideDeps,
  restorable: readonly Restorable[],
  decided: Decided,
  { signal, onProgress }: Run,
): Promise<RestoresGranted> {
  const granted: UserKey[] = [];
  const failed: Skipped[] = [];
  await sideBySide(
    restorable,
    async ({ owned, proposal }) => {
      if (signal.aborted) return;
      try {
        await grantRestore(deps, owned, proposal.what, decided);
        granted.push(owned.user);
      } catch (error) {
        failed.push(skippedFor(owned.user, error));
      }
      onProgress(granted.length + failed.length);
    },
    AT_ONCE,
  );
  return { granted, failed };
}

/** Anything but a refusal or a system that cannot be read is a defect. */
function skippedFor(user: UserKey, error: unknown): Skipped {
  if (error instanceof UsageError || error instanceof UpstreamError)
    return { user, code: error.code, message: error.message };
  throw error;
}
