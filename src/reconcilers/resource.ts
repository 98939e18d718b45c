/**
 * A resource as one value: its name, its actions, and how it is described. The engine goes by the registry of these and
 * names no action itself.
 */
import type { ConcordEvent } from '../events/event.ts';
import type { Facts } from '../events/facts.ts';
import type { Resource as ResourceName } from '../events/resources.ts';
import type { Documents } from '../ports/documents.ts';
import type { AccountDeps } from './account/account-state.ts';
import type { Desired } from './desired.ts';
import type { Applied, ApplyContext, EventDraft, OpenAction } from './reconciler.ts';
import type { PlanShared } from './shared.ts';
import type { View } from './view.ts';

/** What was read of one user. */
export type Observed = Pick<View, 'documents' | 'account' | 'missingAccount' | 'movedTo' | 'independent'>;

/** Everything that the engine does with one type of action. Without a default: a new action needs each of them. */
export interface ActionDefinition<Action> {
  /** Makes the change, and appends its outcome to the log. `documents` were read before the actions of the plan. */
  apply(deps: AccountDeps, action: Action, documents: Documents, context: ApplyContext): Promise<Applied>;
  /** What distinguishes the action from another of its type, for people. Never an address. */
  detail(action: Action): string;
  /** The documents that the action leads to, as far as they are known before. */
  predict(documents: Documents, action: Action): Documents;
  /** The outcomes to append, where the action was intended, is needed no more, and its outcome is not in the log. */
  recover(open: OpenAction, facts: Facts, observed: Observed): readonly EventDraft[];
  /** It resolves an open intent or ends a transfer, and writes to the log alone: done also while the user is held. */
  readonly resolves?: true;
}

export type ActionDefinitions<Action extends { readonly type: string }> = {
  readonly [T in Action['type']]: ActionDefinition<Extract<Action, { readonly type: T }>>;
};

export interface ResourceDefinition<Action extends { readonly type: string }> {
  readonly name: ResourceName;
  readonly plan: PlanShared;
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
