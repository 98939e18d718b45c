/** How a reconciliation ends: the conditions, when to reconcile again, and the events to append. Pure. */
import { UpstreamError } from '../../errors.ts';
import { type ConditionDraft, FAILURE_REASONS, saysTheSame } from '../../events/condition.ts';
import type { Facts } from '../../events/facts.ts';
import { CLOCK_DIFFERS } from '../../ports/clock-agreement.ts';
import type { Failure } from '../../reconcilers/attempt.ts';
import { type EventDraft, unknown } from '../../reconcilers/reconciler.ts';
import type { View } from '../../reconcilers/view.ts';
import { auth0Condition } from './auth0-condition.ts';
import type { Withheld } from './policy.ts';
import { isFlapping, isLogged, isSameFailure, type Repeat } from './repeats.ts';
import { backoffMs, type EngineSettings } from './settings.ts';

/**
 * `converged`: in sync. `held`: needs action. `deferred`: waits for time to pass.
 * `failed`: a step failed and is tried again later.
 */
export type End = 'converged' | 'held' | 'deferred' | 'failed';

export interface Ending {
  readonly end: End;
  readonly conditions: readonly ConditionDraft[];
  /** Undefined when the next reconciliation needs a trigger. */
  readonly retryAt: Date | undefined;
  /** In this order, each the cause of the next. Empty when the log has everything. */
  readonly drafts: readonly EventDraft[];
  /** Set where a failure only repeats those before: the count and the time are shown, and not logged. */
  readonly repeat?: Repeat;
}

export interface ReconciliationFacts {
  readonly facts: Facts;
  /** Undefined when Auth0 or the documents could not be read. */
  readonly view: View | undefined;
  /** Why nothing was done, where a person or the policy said so. */
  readonly withheld: Withheld | undefined;
  readonly failures: readonly Failure[];
  /** Actions carried out. */
  readonly applied: number;
  /** This reconciliation has appended something. */
  readonly hasAppended: boolean;
  /** Milliseconds since the first trigger, or since the reconciliation began. */
  readonly latencyMs: number;
  readonly now: Date;
  /** From 0 up to 1, for the backoff. */
  readonly jitter: number;
}

type Settings = Pick<EngineSettings, 'backoff' | 'quarantineAfter'>;

export function endReconciliation(reconciliation: ReconciliationFacts, settings: Settings): Ending {
  const conditions = conditionsOf(reconciliation);
  const [first] = reconciliation.failures;
  if (first !== undefined) return endFailed(reconciliation, first, conditions, settings);
  const { facts, view, applied, latencyMs } = reconciliation;
  const unsaid = applied > 0 || !sameConditions(facts.conditions, conditions);
  const retryAt = reconciliation.withheld === undefined ? view?.retryAt : reconciliation.withheld.until;
  if (retryAt !== undefined) {
    return {
      end: 'deferred',
      conditions,
      retryAt,
      drafts: unsaid ? [deferred(conditions, retryAt)] : [],
    };
  }
  const end = conditions.some(({ status }) => status !== 'True') ? 'held' : 'converged';
  const recovered = facts.attempts > 0 || facts.quarantined || facts.openActions.length > 0;
  const data = { conditions, actions: applied, latencyMs };
  return {
    end,
    conditions,
    retryAt: undefined,
    drafts: unsaid || recovered ? [{ type: 'converged', data }] : [],
  };
}

function endFailed(
  reconciliation: ReconciliationFacts,
  first: Failure,
  conditions: readonly ConditionDraft[],
  settings: Settings,
): Ending {
  const { facts, failures, now, jitter } = reconciliation;
  // A rate limit is not a failure of this user, and does not count towards quarantine.
  const limited = failures.every(({ code }) => code === 'RATE_LIMITED');
  const attempt = facts.attempts + 1;
  const waitMs = Math.max(
    limited ? settings.backoff.firstMs : backoffMs(settings.backoff, attempt, jitter),
    ...failures.map(({ retryAfterMs }) => retryAfterMs ?? 0),
  );
  const later = new Date(now.getTime() + waitMs);
  if (limited) {
    const isNews = !isFlapping(facts) && !sameConditions(facts.conditions, conditions);
    const unsaid = reconciliation.applied > 0 || isNews;
    return {
      end: 'deferred',
      conditions,
      retryAt: later,
      drafts: unsaid ? [deferred(conditions, later)] : [],
    };
  }
  const exhausted = attempt >= settings.quarantineAfter && !failures.every(isOutage);
  const retryAt = exhausted ? undefined : later;
  const { code } = first;
  const upstream = first.error instanceof UpstreamError ? first.error.upstream : undefined;
  const message = `${first.resource}: ${first.error instanceof Error ? first.error.message : 'failed'}`;
  const isNews = exhausted && !facts.quarantined;
  const isSame = isSameFailure(facts.failure, { code, upstream: upstream ?? null, message });
  const isRepeat =
    !reconciliation.hasAppended &&
    (isFlapping(facts) || (isSame && sameConditions(facts.conditions, conditions)));
  if (isRepeat && !isNews && !isLogged(attempt)) {
    const repeat = { attempts: attempt, at: now, ...(isSame ? { message } : {}) };
    return { end: 'failed', conditions, retryAt, drafts: [], repeat };
  }
  const drafts: EventDraft[] = [
    {
      type: 'converge.failed',
      data: {
        conditions,
        code,
        ...(upstream === undefined ? {} : { upstream }),
        message,
        attempt,
        retryAt: retryAt?.toISOString() ?? null,
      },
    },
  ];
  if (isNews) drafts.push({ type: 'user.quarantined', data: { attempts: attempt, code } });
  return { end: 'failed', conditions, retryAt, drafts };
}

/** Trouble of a whole system and not of one user: retried for as long as it lasts, and no user is quarantined for it. */
function isOutage({ code, error }: Failure): boolean {
  return code === CLOCK_DIFFERS || (error instanceof UpstreamError && error.isOutage);
}

function deferred(conditions: readonly ConditionDraft[], retryAt: Date): EventDraft {
  return { type: 'converge.deferred', data: { conditions, retryAt: retryAt.toISOString() } };
}

function conditionsOf({ facts, view, failures, withheld }: ReconciliationFacts): ConditionDraft[] {
  if (view === undefined) return unreadConditions(facts, failures);
  const ofResources = view.conditions.map((condition) => withFailure(condition, failures));
  return conditionsOfUser(facts, withheld?.condition, ofResources);
}

/** All conditions of a user: of the user in Auth0, of a pause where there is one, and of the resources. */
export function conditionsOfUser(
  facts: Facts,
  pause: ConditionDraft | undefined,
  ofResources: readonly ConditionDraft[],
): ConditionDraft[] {
  return [auth0Condition(facts), ...(pause === undefined ? [] : [pause]), ...ofResources];
}

function unreadConditions(facts: Facts, failures: readonly Failure[]): ConditionDraft[] {
  const { code = 'unknown', resource } = failures[0] ?? {};
  const what =
    resource === 'reconciliation'
      ? 'The last reconciliations did not end'
      : 'Auth0 or the documents could not be read';
  const message = `${what} (${code}), so nothing was decided.`;
  const known = facts.conditions.map(({ type }) => type).filter((type) => type !== 'auth0');
  return (['auth0', ...known] as const).map((type) =>
    unknown({ type, reason: FAILURE_REASONS.notObserved, message }),
  );
}

/** What was observed after a failed step says what is missing; the failure says why. */
function withFailure(condition: ConditionDraft, failures: readonly Failure[]): ConditionDraft {
  const failure = failures.find(({ resource }) => resource === condition.type);
  if (failure === undefined || condition.status !== 'False') return condition;
  const message = `${condition.message} The last try failed (${failure.code}).`;
  return { ...condition, reason: FAILURE_REASONS.failing, message };
}

function sameConditions(before: readonly ConditionDraft[], after: readonly ConditionDraft[]): boolean {
  return (
    before.length === after.length &&
    after.every((draft) => before.some((old) => old.type === draft.type && saysTheSame(old, draft)))
  );
}
