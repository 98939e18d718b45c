/**
 * The resources, in the order in which their actions are applied. What the engine does with an action, and how a resource
 * is described, follows from here.
 */
import type { ConcordEvent } from '../events/event.ts';
import type { Facts } from '../events/facts.ts';
import type { Resource as ResourceName } from '../events/resources.ts';
import type { Documents } from '../ports/documents.ts';
import type { AccountAction, AccountDeps } from './account/account-state.ts';
import type { EmailAction } from './account/email.ts';
import type { HandleAction } from './account/handle.ts';
import { accountResource, emailResource, handleResource } from './account/resources.ts';
import type { Desired } from './desired.ts';
import { userDocumentResource, verificationResource } from './document/resources.ts';
import type { DocumentAction } from './document/user-document.ts';
import type { VerificationAction } from './document/verification.ts';
import type { Applied, ApplyContext, Told } from './reconciler.ts';
import type { ActionDefinition, ActionDefinitions, Observed, OpenAction } from './resource.ts';
import { transferActions } from './transfer/actions.ts';
import type { TransferAction } from './transfer/state.ts';

export type Action =
  | VerificationAction
  | DocumentAction
  | AccountAction
  | EmailAction
  | HandleAction
  | TransferAction;

const ALL = [verificationResource, userDocumentResource, accountResource, emailResource, handleResource];

const ACTIONS: ActionDefinitions<Action> = {
  ...verificationResource.actions,
  ...userDocumentResource.actions,
  ...accountResource.actions,
  ...emailResource.actions,
  ...handleResource.actions,
  ...transferActions,
};

function definitionOf(action: Action): ActionDefinition<Action> {
  return ACTIONS[action.type] as ActionDefinition<Action>;
}

export function applyAction(
  deps: AccountDeps,
  action: Action,
  documents: Documents,
  context: ApplyContext,
): Promise<Applied> {
  return definitionOf(action).apply(deps, action, documents, context);
}

export function predict(documents: Documents, action: Action): Documents {
  return definitionOf(action).predict(documents, action);
}

/** Of an action that an earlier version intended and this one does not have, nothing. */
export function recover(open: OpenAction, facts: Facts, observed: Observed): readonly Told[] {
  if (!Object.hasOwn(ACTIONS, open.type)) return [];
  return ACTIONS[open.type as Action['type']].recover(open, facts, observed);
}

export interface DescribedAction {
  readonly resource: string;
  readonly type: string;
  /** What distinguishes it from another of its type. Never an address. */
  readonly detail: string;
}

export function describeAction(action: Action): DescribedAction {
  return { resource: action.resource, type: action.type, detail: definitionOf(action).detail(action) };
}

export interface DescribedState {
  readonly resource: ResourceName;
  readonly desired: string;
  readonly actual: string;
}

/** What is desired and what was observed of each resource. */
export function describeStates(
  desired: Desired,
  observed: Observed,
  isUnread: boolean,
): readonly DescribedState[] {
  return describeAll(desired, ({ actual }) => actual(observed, desired, isUnread));
}

/** The same by the log alone. */
export function describeLogged(
  desired: Desired,
  facts: Facts,
  events: readonly ConcordEvent[],
): readonly DescribedState[] {
  return describeAll(desired, ({ asLogged }) => asLogged(facts, events));
}

function describeAll(
  desired: Desired,
  actual: (describe: (typeof ALL)[number]['describe']) => string,
): readonly DescribedState[] {
  return ALL.map(({ name, describe }) => ({
    resource: name,
    desired: describe.desired(desired),
    actual: actual(describe),
  }));
}
