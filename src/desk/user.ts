/**
 * One user: how they stand, what should be beside what is, and what a pass would do.
 *
 * | a resource's condition          | differs |
 * |---------------------------------|---------|
 * | True                            | no      |
 * | False                           | yes     |
 * | Unknown, or nobody looked yet   | unknown |
 */
import type { AssessDeps } from '../engine/assess.ts';
import type { ExplainedCondition, Explanation } from '../engine/explain.ts';
import { type Explained, explainUser } from '../engine/explain-user.ts';
import { plannedAction } from '../engine/planned-action.ts';
import { subjectView } from '../engine/standing.ts';
import type { ConcordEvent, Resource } from '../events/event.ts';
import { type Facts, fold } from '../events/fold.ts';
import type { Clock, Subject, SubjectView } from '../ports.ts';
import type { ConditionAnswer, UserAnswer } from './answers.ts';
import { type KnownUserDeps, knownAnywhere, knownUser } from './known-user.ts';

export interface UserDeps extends Pick<KnownUserDeps, 'tenants'> {
  readonly assess: AssessDeps & Pick<KnownUserDeps, 'subjects'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** As the log and the read model know the user. Throws UsageError USER_NOT_FOUND. */
export function userAnswer(deps: UserDeps, key: string): Promise<UserAnswer> {
  return answer(deps, key, false);
}

/**
 * As a pass would find the user now, also one of whom nothing is known yet: asks Auth0 and the PDS, and writes nothing.
 * What cannot be asked is said. Throws UsageError USER_NOT_FOUND.
 */
export function lookAnswer(deps: UserDeps, key: string): Promise<UserAnswer> {
  return answer(deps, key, true);
}

async function answer({ tenants, assess, clock }: UserDeps, key: string, isToLook: boolean) {
  const deps = { tenants, events: assess.events, subjects: assess.subjects };
  const found = await (isToLook ? knownAnywhere(deps, key) : knownUser(deps, key));
  const told = fold(found.events);
  // Of a person who was forgotten nothing is read any more.
  const isLook = isToLook && !told.forgotten;
  const explained = await explainUser(assess, found, clock.now(), isLook, found.events);
  return answerOf(explained, told, found.subject);
}

function answerOf(explained: Explained, told: Facts, subject: Subject | undefined): UserAnswer {
  const { explanation, unread, look } = explained;
  const facts = look?.facts ?? told;
  const shown = subjectView(told);
  const { sync, health } = told.forgotten ? shown : explanation;
  const conditions = told.forgotten ? [] : explanation.conditions.map(conditionAnswer);
  return {
    asOf: explanation.at.toISOString(),
    source: explanation.source,
    unread,
    user: explanation.user,
    tenant: explanation.tenant,
    ...namesOf(explained, shown),
    ...{ sync, health },
    attempts: explanation.attempts,
    quarantined: explanation.quarantined,
    dueAt: subject?.dueAt?.toISOString() ?? null,
    troubles: conditions.filter(({ status }) => status !== 'True'),
    platformHandle: facts.platformHandle ?? null,
    sister: facts.sister?.user ?? null,
    pause: pauseOf(explanation, explained.events),
    failure: failureOf(facts),
    conditions,
    resources: explanation.resources.map((one) => ({
      ...one,
      differs: differs(one.resource, explanation.conditions),
    })),
    plan: explanation.plan?.map(plannedAction) ?? null,
    withheld: withheldOf(explanation),
    retryAt: explanation.retryAt?.toISOString() ?? null,
    untold: explanation.untold,
  };
}

/** As they were found, where somebody looked and could read them, and else as the log has them. */
function namesOf({ look }: Explained, told: SubjectView): Pick<UserAnswer, 'code' | 'handle' | 'did'> {
  const documents = look?.view.documents;
  const account = look?.view.account;
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

function differs(resource: Resource, conditions: readonly ExplainedCondition[]): boolean | null {
  const status = conditions.find(({ type }) => type === resource)?.status ?? 'Unknown';
  return status === 'Unknown' ? null : status === 'False';
}

function withheldOf({ withheld }: Explanation): UserAnswer['withheld'] {
  return withheld === undefined ? null : { reason: withheld.reason, message: withheld.message };
}

function pauseOf({ withheld }: Explanation, events: readonly ConcordEvent[]): UserAnswer['pause'] {
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
