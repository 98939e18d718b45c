/**
 * How one user came to their present state: what was known, what follows from it, what is there, and the cause of each
 * effect. Pure: from the user's events and, where there was one, from a dry run.
 *
 * Without a dry run, as for a past time or while Auth0 cannot be read, everything is from the log. Then there is no
 * plan, since the actual state is unknown. The texts made here name no address; the returned events do.
 */
import { type Chain, chainOf, type History, partOf } from '../../events/causes.ts';
import { type Condition, type ConditionDraft, saysTheSame } from '../../events/condition.ts';
import type { ConcordEvent, EventType } from '../../events/event.ts';
import type { Facts } from '../../events/facts.ts';
import { fold } from '../../events/fold.ts';
import type { Resource } from '../../events/resources.ts';
import type { TenantId, UserKey } from '../../identity.ts';
import type { EntrySummary } from '../../ports/event-log.ts';
import type { Health, SubjectView, Sync } from '../../ports/subjects.ts';
import { type Desired, desire } from '../../reconcilers/desired.ts';
import { describeLogged, describeStates } from '../../reconcilers/registry.ts';
import type { Action, View } from '../../reconcilers/view.ts';
import { conditionsOfUser } from '../reconcile/ending.ts';
import { learnFromAuth0, learnHandle } from '../reconcile/learn.ts';
import type { TenantPolicy } from '../reconcile/observe.ts';
import { withheld } from '../reconcile/policy.ts';
import { withRunningCount } from '../reconcile/repeats.ts';
import type { EngineSettings } from '../reconcile/settings.ts';
import { healthOf, syncOf } from '../reconcile/subject-view.ts';

/** A known fact that still counted. */
export interface Known {
  readonly event: ConcordEvent;
  readonly chain: Chain;
}

export interface ExplainedResource {
  readonly resource: Resource;
  readonly desired: string;
  readonly actual: string;
}

/** As a reconciliation would find it; `since` and `event` only where the log already has it. */
export interface ExplainedCondition extends ConditionDraft {
  readonly since: string | undefined;
  readonly event: Condition['event'] | undefined;
  /** The last known one, where the dry run could not determine it. */
  readonly before: Condition | undefined;
}

export interface Effect {
  readonly event: ConcordEvent;
  readonly chain: Chain;
}

/** The state of a user, and what a reconciliation would do. */
export interface Stance {
  readonly user: UserKey;
  readonly tenant: TenantId;
  /** The moment that this describes. */
  readonly at: Date;
  /** Whether a dry run or the log alone is the source. */
  readonly source: 'look' | 'log';
  readonly sync: Sync;
  readonly health: Health;
  /** Undefined for a user that Auth0 has, as far as is known. `since`: when Auth0 first did not have the user. */
  readonly deleted: { readonly since: Date | undefined; readonly forgotten: boolean } | undefined;
  /** Set where the id is not a user's; `since`: when Auth0 first said so, undefined where the id itself shows it. */
  readonly noUser: { readonly since: Date | undefined } | undefined;
  /** What in the configuration excludes the user. */
  readonly excludedBy: string | undefined;
  /** What the dry run found and the log does not have yet: the next reconciliation records it. */
  readonly untold: readonly EventType[];
  readonly resources: readonly ExplainedResource[];
  /** What a reconciliation would do now, if nothing withheld it; undefined without a dry run. */
  readonly plan: readonly Action[] | undefined;
  /** Why no action of the plan would be done. */
  readonly withheld: ConditionDraft | undefined;
  readonly retryAt: Date | undefined;
  readonly conditions: readonly ExplainedCondition[];
  readonly attempts: number;
  readonly quarantined: boolean;
}

/** The same, with the history that led to it. */
export interface Explanation extends Stance {
  readonly known: readonly Known[];
  /** What Auth0 sent about the user. */
  readonly heard: EntrySummary;
  /** Every effect on a document or an account, the oldest first. */
  readonly effects: readonly Effect[];
}

export interface AskedStance {
  readonly user: UserKey;
  readonly tenant: TenantPolicy & { readonly id: TenantId };
  /** False where the dry run has found, or the id itself shows, that there is no user. */
  readonly isUser?: boolean;
  /** What decides about the user, as `EventReader.ofUser` gives it. */
  readonly events: readonly ConcordEvent[];
  readonly at: Date;
  readonly settings: Pick<EngineSettings, 'settleMs' | 'refusalRetryMs' | 'policy'>;
  /** What the read model shows now; undefined for a past time. */
  readonly shown: SubjectView | undefined;
  readonly observation: { readonly facts: Facts; readonly view: View } | undefined;
}

export interface Asked extends AskedStance {
  readonly entries: EntrySummary;
  /** Where causes are read, which may be events of a linked user. */
  readonly history: History;
}

export function explain(asked: Asked): Explanation {
  const { history, entries } = asked;
  const events = knownBy(asked);
  const withChain = (event: ConcordEvent) => ({ event, chain: chainOf(event, history) });
  return {
    ...explainStance(asked),
    known: knownOf(fold(events), events).map(withChain),
    heard: entries,
    effects: events.filter(({ type }) => partOf(type) === 'effect').map(withChain),
  };
}

/** By when it was written: an entry may be dated before Concord could know of it. */
function knownBy({ events, at }: AskedStance): ConcordEvent[] {
  return events.filter(({ recordedAt }) => recordedAt <= at).sort(inOrder);
}

export function explainStance(asked: AskedStance): Stance {
  const { user, tenant, at, observation, settings } = asked;
  const events = knownBy(asked);
  const told = withRunningCount(fold(events), asked.shown);
  const facts = observation === undefined ? told : withRunningCount(observation.facts, asked.shown);
  const pause = withheld(facts, settings.policy, at)?.condition;
  const conditions =
    observation === undefined
      ? conditionsAsTold(told, pause)
      : conditionsOfUser(observation.facts, pause, observation.view.conditions);
  const desired = observation?.view.desired ?? desiredAsTold(user, told, tenant, settings);
  return {
    user,
    tenant: tenant.id,
    at,
    source: observation === undefined ? 'log' : 'look',
    sync: conditions.length === 0 ? 'Unknown' : syncOf(conditions),
    health: conditions.length === 0 && !facts.forgotten ? 'Progressing' : healthOf(facts, conditions),
    deleted: deletedOf(facts),
    noUser:
      told.invalidSince !== undefined || asked.isUser === false ? { since: told.invalidSince } : undefined,
    excludedBy: tenant.excludedBy?.(user),
    untold: observation === undefined ? [] : untoldOf(told, observation.facts),
    resources:
      observation === undefined
        ? describeLogged(desired, { user, facts: told, now: at }, events)
        : describeStates(desired, observation.view, isUnread(observation.view)),
    plan: observation?.view.actions,
    withheld: pause,
    retryAt: observation?.view.retryAt,
    conditions: conditions.map((condition) => sinceWhen(condition, told.conditions)),
    attempts: facts.attempts,
    quarantined: facts.quarantined,
  };
}

function deletedOf({ absentSince: since, forgotten }: Facts): Stance['deleted'] {
  return since === undefined && !forgotten ? undefined : { since, forgotten };
}

function inOrder(a: ConcordEvent, b: ConcordEvent): number {
  return a.at.getTime() - b.at.getTime() || (a._id < b._id ? -1 : 1);
}

function untoldOf(told: Facts, { auth0, absentSince, platformHandle }: Facts): EventType[] {
  const answer = absentSince === undefined ? auth0 : 'absent';
  const userId = auth0?.userId ?? told.auth0?.userId;
  const news = answer === undefined || userId === undefined ? [] : learnFromAuth0(told, userId, answer);
  return [...news, ...learnHandle(told, platformHandle)].map(({ type }) => type);
}

/** A person may have paused or resumed the user since the last reconciliation recorded the conditions. */
function conditionsAsTold(
  { conditions }: Facts,
  pause: ConditionDraft | undefined,
): readonly ConditionDraft[] {
  const rest = conditions.filter(({ type }) => type !== 'pause');
  return pause === undefined ? rest : [pause, ...rest];
}

function sinceWhen(condition: ConditionDraft, told: readonly Condition[]): ExplainedCondition {
  const before = told.find(({ type }) => type === condition.type);
  const isSame = before !== undefined && saysTheSame(before, condition);
  return {
    ...condition,
    since: isSame ? before.since : undefined,
    event: isSame ? before.event : undefined,
    before: condition.status === 'Unknown' && !isSame ? before : undefined,
  };
}

/** The account's handles show the domain of handles; without an account it is not needed. */
function desiredAsTold(
  user: UserKey,
  facts: Facts,
  tenant: TenantPolicy,
  settings: Asked['settings'],
): Desired {
  const handle = facts.account?.handle ?? facts.seen.account?.handle ?? facts.intent?.handle ?? '';
  const dot = handle.indexOf('.');
  const linkedUser =
    facts.sister === undefined
      ? 'none'
      : { user: facts.sister.user, platformHandle: facts.sister.handle, carries: undefined };
  return desire(user, facts, tenant, dot === -1 ? '' : handle.slice(dot), settings, linkedUser);
}

/** What holds until it is replaced: the newest of each kind, and the decisions that still hold. */
function knownOf(facts: Facts, events: readonly ConcordEvent[]): ConcordEvent[] {
  const newest = (...types: readonly EventType[]): ConcordEvent | undefined =>
    events.findLast(({ type }) => types.includes(type));
  const holds = (isSo: boolean, ...types: readonly EventType[]) => (isSo ? newest(...types) : undefined);
  const found = [
    newest('auth0.user-observed', 'auth0.user-absent', 'auth0.user-invalid'),
    holds(facts.unlistedSince !== undefined, 'auth0.user-unlisted'),
    newest('handle.observed'),
    newest('user-document.imported'),
    newest('sister.observed'),
    holds(facts.namedBy.length > 0, 'sister.named'),
    holds(facts.seen.code !== undefined || facts.seen.account !== undefined, 'subject.observed'),
    ...[...facts.removed].map((what) =>
      events.findLast(({ type, data }) => type === 'resource.removed' && data.what === what),
    ),
    holds(facts.lostAccount !== undefined, 'restore.granted'),
    holds(facts.adoption !== undefined, 'adoption.granted'),
    holds(facts.outgoing !== undefined, 'transfer.promised'),
    holds(facts.incoming !== undefined, 'transfer.granted'),
    holds(facts.removalGrantedAt !== undefined, 'removal.granted'),
    holds(facts.passwordRefused, 'password.refused'),
    holds(facts.passwordResetGranted, 'password-reset.granted'),
    holds(facts.paused !== undefined, 'user.paused'),
    holds(facts.forgotten, 'user.forgotten'),
  ];
  return found.filter((event) => event !== undefined).sort(inOrder);
}

function isUnread({ failures, account, missingAccount }: View): boolean {
  return failures.length > 0 && account === undefined && missingAccount === undefined;
}
