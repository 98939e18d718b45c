/**
 * One user: conditions, desired and actual state, and what a reconciliation would do.
 *
 * | a resource's condition                      | differs            |
 * |---------------------------------------------|--------------------|
 * | True                                        | no                 |
 * | True, because there is no account to have it, | as the account does |
 * |   or the account is not managed              |                    |
 * | False                                       | yes                |
 * | Unknown, or not observed yet                | unknown            |
 */

import { isExcluded } from '../engine/intake/owner.ts';
import type { AssessDeps } from '../engine/reconcile/read-side.ts';
import { withRunningCount } from '../engine/reconcile/repeats.ts';
import { subjectView } from '../engine/reconcile/subject-view.ts';
import { type ExplainedCondition, explainStance, type Stance } from '../engine/reports/explain.ts';
import { NOT_OBSERVED, type ObservationResult, observeNow } from '../engine/reports/explain-user.ts';
import { EXCLUDED_REASON, excludedMessage } from '../events/condition.ts';
import type { ConcordEvent } from '../events/event.ts';
import type { Facts } from '../events/facts.ts';
import { fold } from '../events/fold.ts';
import type { Resource } from '../events/resources.ts';
import type { Clock } from '../ports/clock.ts';
import type { SubjectView } from '../ports/subjects.ts';
import { upstreamOf } from '../ports/upstreams.ts';
import { describeAction } from '../reconcilers/registry.ts';
import type { ConditionAnswer, UserAnswer } from './answers/users.ts';
import {
  type KnownUser,
  type KnownUserDeps,
  knownAnywhere,
  knownUser,
  type ServedTenants,
} from './known-user.ts';

export interface UserDeps extends ServedTenants {
  readonly assess: AssessDeps & Pick<KnownUserDeps, 'subjects'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** As the log and the read model know the user. Throws UsageError USER_NOT_FOUND. */
export function userAnswer(deps: UserDeps, key: string): Promise<UserAnswer> {
  return answer(deps, key, false);
}

/**
 * As a reconciliation would find the user now, also an unknown user: calls Auth0 and the PDS, and writes nothing.
 * Names what cannot be read. Throws UsageError USER_NOT_FOUND.
 */
export function observedAnswer(deps: UserDeps, key: string): Promise<UserAnswer> {
  return answer(deps, key, true);
}

async function answer({ tenants, assess, clock }: UserDeps, key: string, isToObserve: boolean) {
  const deps = { tenants, events: assess.events, subjects: assess.subjects };
  const found = await (isToObserve ? knownAnywhere(deps, key) : knownUser(deps, key));
  const told = withRunningCount(fold(found.events), found.subject);
  const at = clock.now();
  // A forgotten user is not read any more.
  const isToAsk = isToObserve && !told.forgotten && !isExcluded(found.tenant, found.user);
  const observed = isToAsk ? await observeNow(assess, found, at) : NOT_OBSERVED;
  return answerOf(found, told, observed, at, assess.settings);
}

function answerOf(
  { user, tenant, events, subject }: KnownUser,
  told: Facts,
  { observation, unread, isUser }: ObservationResult,
  at: Date,
  settings: UserDeps['assess']['settings'],
): UserAnswer {
  const stance = explainStance({ user, tenant, events, at, settings, shown: subject, observation, isUser });
  const facts = observation?.facts ?? told;
  const shown = subjectView(told);
  const { sync, health } = told.forgotten ? shown : stance;
  const conditions = told.forgotten ? [] : stance.conditions.map(conditionAnswer);
  return {
    asOf: at.toISOString(),
    source: stance.source,
    ...{
      unread: unread.map((one) => ({ ...one, title: upstreamOf(one.upstream).title })),
      user,
      tenant: tenant.id,
    },
    ...namesOf(observation, shown),
    ...{ sync, health },
    attempts: stance.attempts,
    quarantined: stance.quarantined,
    dueAt: subject?.dueAt?.toISOString() ?? null,
    troubles: conditions.filter(({ status }) => status !== 'True'),
    platformHandle: facts.platformHandle ?? null,
    sister: facts.sister?.user ?? null,
    deleted: deletedOf(stance),
    pause: pauseOf(stance, events),
    failure: failureOf(told),
    conditions,
    resources: stance.resources.map((one) => ({
      ...one,
      differs: differs(one.resource, conditions),
    })),
    plan: stance.plan?.map(describeAction) ?? null,
    withheld: withheldOf(stance),
    retryAt: stance.retryAt?.toISOString() ?? null,
    untold: stance.untold,
  };
}

/** As observed, where the user was read, else from the log. */
function namesOf(
  observation: ObservationResult['observation'],
  told: SubjectView,
): Pick<UserAnswer, 'code' | 'handle' | 'did'> {
  const documents = observation?.view.documents;
  const account = observation?.view.account;
  return {
    code: (documents === undefined ? told.code : documents.user?.code) ?? null,
    handle: account?.handle ?? told.accountHandle ?? null,
    did: account?.did ?? documents?.user?.account?.did ?? told.did ?? null,
  };
}

function conditionAnswer(condition: ExplainedCondition): ConditionAnswer {
  const { type: resource, status, reason, message, held, since = null } = condition;
  return { resource, status, reason, message, held, since };
}

function differs(wanted: Resource, conditions: readonly ConditionAnswer[]): boolean | null {
  const { status, reason } = conditions.find(({ resource }) => resource === wanted) ?? { status: 'Unknown' };
  if (wanted !== 'account' && (reason === 'NoAccount' || reason === 'NotManaged'))
    return differs('account', conditions);
  return status === 'Unknown' ? null : status === 'False';
}

function withheldOf({ withheld, excludedBy, noUser }: Stance): UserAnswer['withheld'] {
  if (excludedBy !== undefined) return { reason: EXCLUDED_REASON, message: excludedMessage(excludedBy) };
  if (noUser !== undefined) return { reason: 'NotAUser', message: 'This is not the id of a user in Auth0.' };
  return withheld === undefined ? null : { reason: withheld.reason, message: withheld.message };
}

function deletedOf({ deleted }: Stance): UserAnswer['deleted'] {
  if (deleted === undefined) return null;
  return { since: deleted.since?.toISOString() ?? null, forgotten: deleted.forgotten };
}

function pauseOf({ withheld }: Stance, events: readonly ConcordEvent[]): UserAnswer['pause'] {
  if (withheld?.reason !== 'Paused') return null;
  const pauses = events
    .filter((event) => event.type === 'user.paused')
    .sort((a, b) => a.at.getTime() - b.at.getTime());
  const newest = pauses.at(-1);
  if (newest === undefined) return null;
  const { by, reason, until } = newest.data;
  return { by, reason, until, at: newest.at.toISOString() };
}

function failureOf({ failure }: Pick<Facts, 'failure'>): UserAnswer['failure'] {
  if (failure === undefined) return null;
  const { code, message, since, at } = failure;
  return { code, message, since, at };
}
