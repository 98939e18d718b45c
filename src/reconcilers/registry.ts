/**
 * The resources, in the order in which their actions are applied. What the engine does with an action, and how a resource
 * is described, follows from here.
 */

import type { IntendedAction } from '../events/data/reconciliation.ts';
import type { ConcordEvent } from '../events/event.ts';
import type { Facts } from '../events/facts.ts';
import type { Resource as ResourceName } from '../events/resources.ts';
import type { Documents } from '../ports/documents.ts';
import { accountResource } from './account/account-resource.ts';
import type { AccountDeps } from './account/account-state.ts';
import { emailResource } from './account/email-resource.ts';
import { handleResource } from './account/handle-resource.ts';
import type { Adopter, AdoptionReaders, Proposal } from './adoption.ts';
import type { Failure } from './attempt.ts';
import type { Desired } from './desired.ts';
import { UNDRAWN_CODE } from './document/code.ts';
import { userDocumentResource, verificationResource } from './document/resources.ts';
import {
  type Clients,
  type IndependentAction,
  type IndependentResource,
  stateOf,
  type UserContext,
} from './independent.ts';
import type { Applied, ApplyContext, EventDraft, OpenAction } from './reconciler.ts';
import {
  type ActionDefinition,
  type ActionDefinitions,
  type BatchReaders,
  type Limit,
  type Observed,
  type Restorable,
  UNREAD,
} from './resource.ts';
import { transferActions } from './transfer/actions.ts';
import type { Action, SharingAction, View } from './view.ts';

/** Those that are observed and planned together, in the order of the actions. */
export const SHARING = [
  verificationResource,
  userDocumentResource,
  accountResource,
  emailResource,
  handleResource,
];

/** Each is observed and planned after those above, in this order. */
export const INDEPENDENT: readonly IndependentResource[] = [];

/** All resources, in the order in which their actions are applied. */
export const RESOURCES: readonly ResourceName[] = [
  ...SHARING.map(({ name }) => name),
  ...INDEPENDENT.map(({ name }) => name),
];

const ACTIONS: ActionDefinitions<SharingAction> = {
  ...verificationResource.actions,
  ...userDocumentResource.actions,
  ...accountResource.actions,
  ...emailResource.actions,
  ...handleResource.actions,
  ...transferActions,
};

function isSharing(action: Action): action is SharingAction {
  return Object.hasOwn(ACTIONS, action.type);
}

function definitionOf(action: SharingAction): ActionDefinition<SharingAction> {
  return ACTIONS[action.type] as ActionDefinition<SharingAction>;
}

function independentOf({ resource, type }: Pick<IndependentAction, 'resource'> & { readonly type: string }) {
  const owner = INDEPENDENT.find(({ name }) => name === resource);
  const action = owner?.actions[type];
  return owner === undefined || action === undefined ? undefined : { owner, action };
}

function defined(action: IndependentAction) {
  const found = independentOf(action);
  if (found === undefined) throw new Error(`no resource has the action ${action.type}`);
  return found.action;
}

export interface ActionDeps extends AccountDeps {
  readonly clients: Clients;
}

export function applyAction(
  deps: ActionDeps,
  action: Action,
  documents: Documents,
  context: ApplyContext,
): Promise<Applied> {
  return isSharing(action)
    ? definitionOf(action).apply(deps, action, documents, context)
    : defined(action).apply(deps.clients, action, context);
}

/** It writes to the log alone, and is done also while the user is held. */
export function isResolving(action: Action): boolean {
  return isSharing(action) && definitionOf(action).resolves === true;
}

/** It ends something that the user has, by a policy or a grace period. */
export function isEnding(action: Action): boolean {
  return isSharing(action) && definitionOf(action).ends === true;
}

/** It ends something that the user has, or takes its account out of the users document. */
export function isDestructive(action: Action): boolean {
  return isEnding(action) || dropsRecord(action.type);
}

export function isIrreversible(action: Action): boolean {
  return isSharing(action) && definitionOf(action).irreversible === true;
}

/** Which actions follow depends on what it finds. */
export function leadsOn(action: Action): boolean {
  return isSharing(action) && definitionOf(action).leadsOn === true;
}

/** Whether an action of this type takes the account out of the users document. */
export function dropsRecord(type: string): boolean {
  return Object.hasOwn(ACTIONS, type) && ACTIONS[type as SharingAction['type']].dropsRecord === true;
}

export function limitOf(action: Action): Limit | undefined {
  return isSharing(action) ? definitionOf(action).limit?.(action) : undefined;
}

/** In the words of the log. */
export function intended(action: Action): IntendedAction {
  const { resource, type } = action;
  return { resource, type, ...(isSharing(action) ? definitionOf(action).intent?.(action) : {}) };
}

/** Whether an action of the resource is left to the next reconciliation after one of the other has failed. */
export function isLeftAfter(resource: ResourceName, failed: Failure['resource']): boolean {
  return SHARING.some(({ name, after }) => name === resource && after?.some((one) => one === failed));
}

export function restorable(view: View, facts: Facts): Restorable {
  const found = SHARING.flatMap((resource) => resource.restorable?.(view, facts) ?? []);
  return { what: found.flatMap(({ what }) => what), warnings: found.flatMap(({ warnings }) => warnings) };
}

export async function adopt(
  readers: AdoptionReaders,
  who: Adopter,
  named: string | undefined,
): Promise<Proposal> {
  for (const resource of SHARING) {
    const proposed = await resource.adopt?.(readers, who, named);
    if (proposed !== undefined) return proposed;
  }
  throw new Error('no resource can be adopted');
}

/** Why a deleted user cannot be forgotten yet, as a sentence. */
export function unsettled(facts: Facts, now: Date): string | undefined {
  for (const { removal } of SHARING) {
    const found = removal?.unsettled(facts, now);
    if (found !== undefined) return found;
  }
  return undefined;
}

export async function dropKnown(readers: BatchReaders, views: readonly View[]): Promise<readonly View[]> {
  let left = views;
  for (const resource of SHARING) left = (await resource.dropKnown?.(readers, left)) ?? left;
  return left;
}

/** An independent resource changes no documents. */
export function predict(documents: Documents, action: Action): Documents {
  return isSharing(action) ? definitionOf(action).predict(documents, action) : documents;
}

/** Of an action that an earlier version intended and this one does not have, nothing. */
export function recover(open: OpenAction, facts: Facts, observed: Observed): readonly EventDraft[] {
  if (Object.hasOwn(ACTIONS, open.type))
    return ACTIONS[open.type as SharingAction['type']].recover(open, facts, observed);
  const independent = independentOf(open);
  const actual = observed.independent.get(open.resource)?.actual;
  // What could not be read proves nothing.
  if (independent === undefined || actual === undefined) return [];
  return independent.action.recover(open, stateOf(independent.owner, facts), actual);
}

export interface DescribedAction {
  readonly resource: string;
  readonly type: string;
  /** What distinguishes it from another of its type. Never an address. */
  readonly detail: string;
}

export function describeAction(action: Action): DescribedAction {
  const detail = isSharing(action) ? definitionOf(action).detail(action) : defined(action).detail(action);
  return { resource: action.resource, type: action.type, detail: readable(detail) };
}

/** What the action writes, in words. Never an address. */
export function written(action: Action): string {
  return readable(
    isSharing(action)
      ? definitionOf(action).written(action)
      : `${action.type} ${defined(action).detail(action)}`,
  );
}

/** A code that is not drawn yet is named as that. */
export function readable(text: string): string {
  return text.replaceAll(UNDRAWN_CODE, '<new code>');
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
  const sharing = SHARING.map(({ name, describe }) => ({
    resource: name,
    desired: describe.desired(desired),
    actual: describe.actual(observed, desired, isUnread),
  }));
  const independent = INDEPENDENT.flatMap(({ name, describe }) => {
    const seen = observed.independent.get(name);
    if (seen === undefined) return [];
    const actual = seen.actual === undefined ? UNREAD : describe.actual(seen.actual);
    return [{ resource: name, desired: describe.desired(seen.desired), actual }];
  });
  return [...sharing, ...independent];
}

/** The same by the log alone. */
export function describeLogged(
  desired: Desired,
  { user, facts, now }: Omit<UserContext, 'account'>,
  events: readonly ConcordEvent[],
): readonly DescribedState[] {
  const sharing = SHARING.map(({ name, describe }) => ({
    resource: name,
    desired: describe.desired(desired),
    actual: describe.asLogged(facts, events),
  }));
  const independent = INDEPENDENT.map((resource) => {
    const state = stateOf(resource, facts);
    const wanted = resource.desired({ user, facts, now, account: undefined }, state);
    const { desired: describeDesired, asLogged } = resource.describe;
    return { resource: resource.name, desired: describeDesired(wanted), actual: asLogged(state) };
  });
  return [...sharing, ...independent];
}
