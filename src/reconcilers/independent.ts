/**
 * A resource with a system of its own, as one value. The engine does everything with it by that value: it observes and plans
 * it after the account, applies, recovers and describes its actions, folds its events, and counts it in audits and lists.
 *
 * Verification, user document, account, email and handle are not independent: they share documents and one account, so
 * `observe.ts` and `plan.ts` observe and plan them together.
 */
import { type AddedEventType, addEvents, type IndependentEvent, stateIn } from '../events/definitions.ts';
import type { Facts } from '../events/facts.ts';
import type { Resource } from '../events/resources.ts';
import type { UserKey } from '../identity.ts';
import type { PdsAccount } from '../ports/accounts.ts';
import { addUpstream, type BucketQuota, type UpstreamDefinition } from '../ports/upstreams.ts';
import type { Applied, ApplyContext, EventDraft, OpenAction, Plan } from './reconciler.ts';

/** The readers of independent resources, by the upstream. A resource adds its own with `declare module`. */
// biome-ignore lint/suspicious/noEmptyInterface: a resource extends it
export interface Readers {}

/** What can write as well. Each member extends the one of the same name in `Readers`. */
export interface Clients extends Readers {}

export interface IndependentAction {
  readonly resource: Resource;
  /** The resource, and what is done. */
  readonly type: `${Resource}:${string}`;
}

/** What a plan may depend on. */
export interface UserContext {
  readonly user: UserKey;
  readonly facts: Facts;
  /** The user's account on the PDS, where it could be read and there is one. */
  readonly account: PdsAccount | undefined;
  readonly now: Date;
}

/** Something of this resource that others removed is for a person to decide, and holds nothing else of the user. */
export type IndependentPlan<Action> = Omit<Plan<Action>, 'holdsUser'>;

export interface IndependentActionDefinition<State, Actual, Action> {
  /** Makes the change, and appends its outcome to the log. */
  apply(clients: Clients, action: Action, context: ApplyContext): Promise<Applied>;
  /** What distinguishes the action from another of its type, for people. Never an address. */
  detail(action: Action): string;
  /** The actual state that the action leads to. */
  predict(actual: Actual, action: Action): Actual;
  /** The outcomes to append, where the action was intended, is needed no more, and its outcome is not in the log. */
  recover(open: OpenAction, state: State, actual: Actual): readonly EventDraft[];
}

export interface IndependentUpstream extends UpstreamDefinition {
  /** One authenticated read about no user, for alerts and `doctor`. Throws UpstreamError. */
  probe(readers: Readers): Promise<unknown>;
  /** What its client knows of its limits; empty where it has none. For the dashboard. */
  quota(clients: Clients): readonly BucketQuota[];
}

/** The types of one resource, by which its members fit together. */
export interface IndependentTypes {
  /** What the log knows of the resource: a JSON value. */
  readonly state: unknown;
  readonly desired: unknown;
  readonly actual: unknown;
  readonly action: IndependentAction;
  /** Its event types, which it adds to `EventData` with `declare module`. */
  readonly event: AddedEventType;
}

export interface IndependentDefinition<Types extends IndependentTypes> {
  readonly name: Resource;
  readonly upstream: IndependentUpstream;
  /** The state before the first event. */
  readonly initial: Types['state'];
  readonly events: { readonly [T in Types['event']]: IndependentEvent<T, Types['state']> };
  desired(context: UserContext, state: Types['state']): Types['desired'];
  /** Whether the user should have it; audits count these users. */
  isWanted(desired: Types['desired']): boolean;
  /** The actual state. Throws where it cannot be read: that is unknown, and never absent. */
  observe(readers: Readers, user: UserKey, desired: Types['desired']): Promise<Types['actual']>;
  /** The same for a batch of a sweep. A user who is left out is unknown. */
  observeMany(
    readers: Readers,
    users: ReadonlyMap<UserKey, Types['desired']>,
  ): Promise<ReadonlyMap<UserKey, Types['actual']>>;
  /** Pure. */
  plan(
    desired: Types['desired'],
    actual: Types['actual'],
    context: UserContext,
  ): IndependentPlan<Types['action']>;
  readonly actions: {
    readonly [T in Types['action']['type']]: IndependentActionDefinition<
      Types['state'],
      Types['actual'],
      Extract<Types['action'], { readonly type: T }>
    >;
  };
  /** Each in a few words for people. Never an address. */
  readonly describe: {
    desired(desired: Types['desired']): string;
    actual(actual: Types['actual']): string;
    /** By the log alone. */
    asLogged(state: Types['state']): string;
  };
}

interface Unknown extends IndependentTypes {
  readonly event: never;
}

/** As the engine has it: what one of its functions returns is only given to another one of the same resource. */
export type IndependentResource = Omit<IndependentDefinition<Unknown>, 'events' | 'actions'> & {
  readonly actions: Readonly<
    Record<string, IndependentActionDefinition<unknown, unknown, IndependentAction>>
  >;
};

/**
 * Called once for each resource. Throws for an upstream or an event type that is defined already.
 *
 * @public
 */
export function defineIndependentResource<Types extends IndependentTypes>(
  definition: IndependentDefinition<Types>,
): IndependentResource {
  const { name, upstream, initial, events } = definition;
  addUpstream(upstream);
  addEvents<Types['event'], Types['state']>(name, { initial, events });
  return definition;
}

/** What was desired and observed of one independent resource; `actual` is undefined where it could not be read. */
export interface SeenIndependent {
  readonly desired: unknown;
  readonly actual: unknown;
}

export function stateOf({ name, initial }: IndependentResource, { independent }: Facts): unknown {
  return stateIn(independent, name, initial);
}
