/**
 * Applies a saved plan: checks each of its users again, leaves out those who changed, and reconciles the rest as usual,
 * with lease, policy and pauses. Removals and renames are counted over the whole plan first; above the safety limit,
 * nothing is begun.
 *
 * A reconciliation reads the user once more, so it sees and handles what changes between the check here and that read.
 */

import { sideBySide } from '../../concurrency/map-limit.ts';
import { LeaseLostError, UpstreamError } from '../../errors.ts';
import { excludedMessage } from '../../events/condition.ts';
import { fold } from '../../events/fold.ts';
import type { TenantId, UserKey } from '../../identity.ts';
import type { Lease } from '../../ports/queue.ts';
import type { SubjectReader } from '../../ports/subjects.ts';
import { limitOf } from '../../reconcilers/registry.ts';
import type { Action } from '../../reconcilers/view.ts';
import { ownerOf } from '../intake/owner.ts';
import { dryRun } from '../reconcile/dry-run.ts';
import { lookAhead } from '../reconcile/look-ahead.ts';
import { withheld } from '../reconcile/policy.ts';
import type { AssessDeps, AssessedTenant } from '../reconcile/read-side.ts';
import { type ReconcileDeps, type ReconciliationResult, reconcile } from '../reconcile/reconcile.ts';
import { allowed, type SafetyLimits } from '../sweep/limits.ts';
import { movedOn, restsOn, type SavedPlan, type SavedUser } from './saved-plan.ts';

export interface ApplyDeps {
  readonly assess: AssessDeps;
  readonly reconcile: ReconcileDeps;
  readonly subjects: Pick<SubjectReader, 'standings'>;
  readonly tenants: readonly AssessedTenant[];
  readonly limits: Pick<SafetyLimits, 'removals' | 'renames'>;
}

export interface LeftOut {
  readonly user: UserKey;
  /** One word, stable, for programs. */
  readonly reason: 'MovedOn' | 'Withheld' | 'NotRead' | 'Busy' | 'NotBegun';
  readonly message: string;
}

/** A user whose plan still holds. */
export interface Fit {
  readonly saved: SavedUser;
  readonly tenant: AssessedTenant;
  readonly actions: readonly Action[];
}

export interface Rechecked {
  readonly fit: readonly Fit[];
  readonly leftOut: readonly LeftOut[];
}

/** Checks all users in the plan again. Writes nothing. */
export async function recheck(deps: ApplyDeps, plan: SavedPlan): Promise<Rechecked> {
  const fit: Fit[] = [];
  const leftOut: LeftOut[] = [];
  await sideBySide(plan.users, async (saved) => {
    const found = await recheckOne(deps, saved, plan.salt);
    if ('reason' in found) leftOut.push(found);
    else fit.push(found);
  });
  const users = plan.users.map(({ user }) => user);
  return {
    fit: inOrderOf(users, fit, ({ saved }) => saved.user),
    leftOut: inOrderOf(users, leftOut, userOf),
  };
}

/** Concurrent checks end in any order, and a person compares the result with the plan. */
function inOrderOf<T>(
  users: readonly UserKey[],
  items: readonly T[],
  of: (item: T) => UserKey,
): readonly T[] {
  const places = new Map(users.map((user, index) => [user, index]));
  return [...items].sort((a, b) => (places.get(of(a)) ?? 0) - (places.get(of(b)) ?? 0));
}

function userOf({ user }: { readonly user: UserKey }): UserKey {
  return user;
}

async function recheckOne(deps: ApplyDeps, saved: SavedUser, salt: string): Promise<Fit | LeftOut> {
  const { user } = saved;
  const owned = ownerOf(user, deps.tenants);
  if (owned === undefined || owned.tenant.id !== saved.tenant)
    return { user, reason: 'MovedOn', message: 'the user belongs to another tenant' };
  const { tenant, userId } = owned;
  const entry = tenant.excludedBy?.(user);
  if (entry !== undefined) return { user, reason: 'Withheld', message: excludedMessage(entry) };
  const { clock, settings } = deps.reconcile;
  try {
    const { facts, linkedUser, view } = await dryRun(deps.assess, tenant, user, userId, clock.now());
    const [failure] = view.failures;
    if (failure !== undefined) return unreadable(user, failure.code);
    const held = withheld(facts, settings.policy, clock.now());
    if (held !== undefined) return { user, reason: 'Withheld', message: held.condition.message };
    const change = movedOn(saved.rests, restsOn(facts, view, salt));
    if (change !== undefined) return { user, reason: 'MovedOn', message: change };
    // A rename or a removal may come in a later round, and counts towards the limits as well.
    const { actions } = await lookAhead(deps.assess, tenant, user, { facts, linkedUser }, view, clock.now());
    return { saved, tenant, actions: actions.map(({ action }) => action) };
  } catch (error) {
    if (error instanceof UpstreamError) return unreadable(user, error.code);
    throw error;
  }
}

function unreadable(user: UserKey, code: string): LeftOut {
  return { user, reason: 'NotRead', message: `the user could not be read again (${code})` };
}

export interface Exceeded {
  readonly kind: 'removals' | 'renames';
  readonly tenant: TenantId;
  readonly limit: number;
  readonly count: number;
  readonly of: number;
}

/** The safety limits that the remaining users would exceed, by the rules of a sweep. */
export async function exceeded(
  deps: ApplyDeps,
  plan: SavedPlan,
  fit: readonly Fit[],
): Promise<readonly Exceeded[]> {
  const found: Exceeded[] = [];
  for (const { id: tenant, users } of plan.tenants) {
    const actions = fit.filter((one) => one.tenant.id === tenant).map((one) => one.actions);
    const removals = actions.filter((some) => some.some((one) => limitOf(one) === 'removals')).length;
    const renames = actions.filter((some) => some.some((one) => limitOf(one) === 'renames')).length;
    if (removals === 0 && renames < 2) continue;
    const of = users ?? (await countUsers(deps, tenant));
    const most = {
      removals: allowed(deps.limits.removals, of),
      renames: Math.max(1, allowed(deps.limits.renames, of)),
    };
    if (removals > most.removals)
      found.push({ kind: 'removals', tenant, limit: most.removals, count: removals, of });
    if (renames > most.renames)
      found.push({ kind: 'renames', tenant, limit: most.renames, count: renames, of });
  }
  return found;
}

async function countUsers({ subjects }: ApplyDeps, tenant: TenantId): Promise<number> {
  let users = 0;
  for await (const page of subjects.standings(tenant)) users += page.length;
  return users;
}

export interface Outcome {
  readonly user: UserKey;
  /** How the reconciliation ended, or that the log or the queue could not be written. */
  readonly end: ReconciliationResult['end'] | 'broke-off';
  readonly actions: readonly string[];
  readonly failures: readonly { readonly resource: string; readonly code: string }[];
}

export interface CarriedOut {
  readonly outcomes: readonly Outcome[];
  readonly leftOut: readonly LeftOut[];
}

export interface CarryOutOptions {
  /** After it aborts, no further user is begun; the current ones are finished. */
  readonly signal?: AbortSignal;
  readonly onUser?: (done: number) => void;
}

/** As many at once as the workers of a process have. */
export async function carryOut(
  deps: ApplyDeps,
  fit: readonly Fit[],
  { signal, onUser }: CarryOutOptions = {},
): Promise<CarriedOut> {
  const outcomes: Outcome[] = [];
  const leftOut: LeftOut[] = [];
  const begin = async (one: Fit): Promise<void> => {
    const { user } = one.saved;
    if (signal?.aborted === true) {
      leftOut.push({ user, reason: 'NotBegun', message: 'it was stopped before this user' });
      return;
    }
    const end = await carryOutOne(deps, one);
    if ('reason' in end) leftOut.push(end);
    else outcomes.push(end);
    onUser?.(outcomes.length);
  };
  await sideBySide(fit, begin, deps.reconcile.settings.concurrency);
  const users = fit.map(({ saved }) => saved.user);
  return { outcomes: inOrderOf(users, outcomes, userOf), leftOut: inOrderOf(users, leftOut, userOf) };
}

async function carryOutOne(deps: ApplyDeps, { saved, tenant }: Fit): Promise<Outcome | LeftOut> {
  const { user } = saved;
  const { queue, log, clock, settings } = deps.reconcile;
  const userId = ownerOf(user, [tenant])?.userId;
  if (userId === undefined) throw new Error('a user of a plan is no user of its tenant');
  const trigger = { user, tenant: tenant.id, userId };
  let lease: Lease | undefined;
  try {
    lease = await queue.claimUser(trigger, clock.now(), settings.leaseMs);
    if (lease === undefined)
      return { user, reason: 'Busy', message: 'another worker is at work on this user' };
    // Under the lease no other process writes; one that wrote before has left an event.
    const { newestEvent = null } = fold(await log.ofUser(user));
    if (newestEvent !== saved.rests.event) {
      await queue.release(lease);
      return { user, reason: 'MovedOn', message: 'the log has newer events of this user' };
    }
    const { end, applied, failures } = await reconcile(deps.reconcile, lease);
    return {
      ...{ user, end, actions: applied.map(({ type }) => type) },
      failures: failures.map(({ resource, code }) => ({ resource, code })),
    };
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    if (lease !== undefined) await giveBack(deps, lease);
    return {
      user,
      end: 'broke-off',
      actions: [],
      failures: [{ resource: error.upstream, code: error.code }],
    };
  }
}

/** Where that write fails too, the lease expires. */
async function giveBack({ reconcile: { queue, logger } }: ApplyDeps, lease: Lease): Promise<void> {
  try {
    await queue.release(lease);
  } catch (err) {
    if (!(err instanceof UpstreamError || err instanceof LeaseLostError)) throw err;
    logger.warn({ err, user: lease.user }, 'a lease could not be released; it will expire');
  }
}
