/** Observes and plans the independent resources, of one user and of a batch of users. */
import type { Facts } from '../../events/facts.ts';
import type { UserKey } from '../../identity.ts';
import { type Attempt, attempt, failureOf } from '../../reconcilers/attempt.ts';
import {
  type IndependentResource,
  type Readers,
  stateOf,
  type UserContext,
} from '../../reconcilers/independent.ts';
import { withPlan } from '../../reconcilers/plan.ts';
import { INDEPENDENT } from '../../reconcilers/registry.ts';
import { unseen } from '../../reconcilers/shared.ts';
import type { View } from '../../reconcilers/view.ts';

export async function observeIndependent(
  readers: Readers,
  view: View,
  facts: Facts,
  now: Date,
): Promise<View> {
  let seen = view;
  for (const resource of INDEPENDENT) {
    const asked = desiredOf(resource, view, facts, now);
    const { context, desired } = asked;
    const actual =
      unreadable(view) ??
      (await attempt(resource.name, () => resource.observe(readers, context.user, desired)));
    seen = planned(resource, seen, asked, actual);
  }
  return seen;
}

/** One of a batch, with what is known of the user. */
export interface OfBatch {
  readonly facts: Facts;
  readonly view: View;
}

/** One call of each resource for all of them. In the same order. */
export async function observeBatch<T extends OfBatch>(
  readers: Readers,
  batch: readonly T[],
  now: Date,
): Promise<readonly T[]> {
  let seen = batch;
  for (const resource of INDEPENDENT) {
    const users = seen.map((one) => ({ one, asked: desiredOf(resource, one.view, one.facts, now) }));
    const desired = new Map(users.map(({ asked }) => [asked.context.user, asked.desired]));
    const answered = await attempt(resource.name, () => resource.observeMany(readers, desired));
    seen = users.map(({ one, asked }) => {
      const actual = unreadable(one.view) ?? actualOf(resource, answered, asked.context.user);
      return { ...one, view: planned(resource, one.view, asked, actual) };
    });
  }
  return seen;
}

interface Asked {
  readonly context: UserContext;
  readonly desired: unknown;
}

function desiredOf(resource: IndependentResource, view: View, facts: Facts, now: Date): Asked {
  const context = { user: view.desired.user, facts, account: view.account, now };
  return { context, desired: resource.desired(context, stateOf(resource, facts)) };
}

/** Nothing is applied for a user whose documents could not be read, so nothing else is read either. */
function unreadable({ documents, failures: [failure] }: View): Attempt<never> | undefined {
  return documents === undefined && failure !== undefined ? { ok: false, failure } : undefined;
}

function actualOf(
  { name }: IndependentResource,
  answered: Attempt<ReadonlyMap<UserKey, unknown>>,
  user: UserKey,
): Attempt<unknown> {
  if (!answered.ok) return answered;
  const actual = answered.value.get(user);
  if (actual !== undefined) return { ok: true, value: actual };
  return { ok: false, failure: failureOf(name, new Error(`the batch of ${name} has no answer for a user`)) };
}

function planned(
  resource: IndependentResource,
  view: View,
  { context, desired }: Asked,
  actual: Attempt<unknown>,
): View {
  const { name } = resource;
  return actual.ok
    ? withPlan(view, name, resource.plan(desired, actual.value, context), { desired, actual: actual.value })
    : withPlan(view, name, unseen(name, actual.failure), { desired, actual: undefined }, actual.failure);
}
