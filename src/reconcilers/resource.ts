/**
 * A resource as one value: its name, its actions, and how it is described. The engine goes by the registry of these and
 * names no action itself.
 */
import type { ConditionDraft, RemovedReason } from '../events/condition.ts';
import type { IntendedAction } from '../events/data/reconciliation.ts';
import type { ConcordEvent } from '../events/event.ts';
import type { Facts } from '../events/facts.ts';
import type { Removable, Resource as ResourceName } from '../events/resources.ts';
import type { AccountHandle } from '../identity.ts';
import type { Documents } from '../ports/documents.ts';
import type { SubjectReader } from '../ports/subjects.ts';
import type { AccountDeps } from './account/account-state.ts';
import type { Adopter, AdoptionReaders, Proposal } from './adoption.ts';
import type { Desired } from './desired.ts';
import type { Applied, ApplyContext, EventDraft, OpenAction } from './reconciler.ts';
import type { PlanShared } from './shared.ts';
import type { View } from './view.ts';

/** What was read of one user. */
export type Observed = Pick<View, 'documents' | 'account' | 'missingAccount' | 'movedTo' | 'independent'>;

/** What a batch is read by, beside the documents and the accounts of all of it. */
export interface BatchReaders {
  readonly subjects: Pick<SubjectReader, 'read' | 'carriersOf'>;
  /** Those that an account has, as the PDS says. What could not be read is left out. */
  takenOf(handles: readonly AccountHandle[]): Promise<readonly AccountHandle[]>;
}

/** Everything that the engine does with one type of action. The functions up to `recover` have no default. */
export interface ActionDefinition<Action> {
  /** Makes the change, and appends its outcome to the log. `documents` were read before the actions of the plan. */
  apply(deps: AccountDeps, action: Action, documents: Documents, context: ApplyContext): Promise<Applied>;
  /** What distinguishes the action from another of its type, for people. Never an address. */
  detail(action: Action): string;
  /** What it writes, in words for a person who decides about it. Never an address. */
  written(action: Action): string;
  /** The documents that the action leads to, as far as they are known before. */
  predict(documents: Documents, action: Action): Documents;
  /** The outcomes to append, where the action was intended, is needed no more, and its outcome is not in the log. */
  recover(open: OpenAction, facts: Facts, observed: Observed): readonly EventDraft[];
  /** It resolves an open intent or ends a transfer, and writes to the log alone: done also while the user is held. */
  readonly resolves?: true;
  /** It takes the account out of the users document, which is then no removal by others. */
  readonly dropsRecord?: true;
  /** It ends something of the user, by a policy or a grace period: never done by a clock that cannot be trusted. */
  readonly ends?: true;
  /** What it ends cannot be brought back. */
  readonly irreversible?: true;
  /** Which actions follow depends on what it finds, and is not predicted. */
  readonly leadsOn?: true;
  /** Which limit of a sweep it counts towards. */
  limit?(action: Action): Limit | undefined;
  /** What the log must have of the intent, beside the type, to recognise the effect after a crash. */
  intent?(action: Action): Pick<IntendedAction, 'from' | 'to'>;
}

/** Large numbers of these at once are stopped until a person approves them. */
export type Limit = 'removals' | 'renames';

export type ActionDefinitions<Action extends { readonly type: string }> = {
  readonly [T in Action['type']]: ActionDefinition<Extract<Action, { readonly type: T }>>;
};

export interface Restorable {
  readonly what: readonly Removable[];
  /** What a person must know before the decision, as sentences. */
  readonly warnings: readonly string[];
}

/** Of a resource whose document is missing as a whole. */
export function whereRemoved(type: ConditionDraft['type'], what: Removable) {
  return ({ conditions }: View): Restorable => ({
    what: isRemoved(conditions, type) ? [what] : [],
    warnings: [],
  });
}

export function isRemoved(
  conditions: View['conditions'],
  type: ConditionDraft['type'],
  reason: RemovedReason = 'DocumentRemoved',
): boolean {
  return conditions.some((one) => one.type === type && one.reason === reason);
}

export interface ResourceDefinition<Action extends { readonly type: string }> {
  readonly name: ResourceName;
  readonly plan: PlanShared;
  /** Where an action of one of these failed, its own are left to the next reconciliation. */
  readonly after?: readonly ResourceName[];
  /** Takes out of the plans of a batch what the last reconciliation explains. In the same order. */
  dropKnown?(readers: BatchReaders, views: readonly View[]): Promise<readonly View[]>;
  /** What of it others removed, and a person may restore. */
  restorable?(view: View, facts: Facts): Restorable;
  /** The one that is named, or that the user may have, with the evidence. Throws UsageError, UpstreamError. */
  adopt?(readers: AdoptionReaders, who: Adopter, named: string | undefined): Promise<Proposal>;
  readonly removal?: {
    /** What may still come of the user's log and of nothing else, as a sentence: until then the user is not forgotten. */
    unsettled(facts: Facts, now: Date): string | undefined;
  };
  readonly actions: ActionDefinitions<Action>;
  /** Each in a few words for people. Never an address. */
  readonly describe: {
    desired(desired: Desired): string;
    actual(observed: Observed, desired: Desired, isUnread: boolean): string;
    /** By the log alone, which has what Concord did and observed, and nothing of what others did since. */
    asLogged(facts: Facts, events: readonly ConcordEvent[]): string;
  };
}

export function defineResource<Action extends { readonly type: string }>(
  definition: ResourceDefinition<Action>,
): ResourceDefinition<Action> {
  return definition;
}

/** The action changes no documents, or what it writes is not known before. */
export function predictsNothing(documents: Documents): Documents {
  return documents;
}

/** The next reconciliation finds whether it was done, and the log needs no outcome of it. */
export function recoversNothing(): readonly EventDraft[] {
  return [];
}

export const UNREAD = 'could not be read';
export const NOT_LOGGED = 'not told';
