/** Observes and plans the independent resources, of one user and of a batch of users. */
import type { Facts } from '../../events/facts.ts';
import type { UserKey } from '../../identity.ts';
import {
  type IndependentResource,
  type Readers,
  stateOf,
  type UserContext,
} from '../../reconcilers/independent.ts';
import { INDEPENDENT } from '../../reconcilers/registry.ts';
import { unseen, type View, withPlan } from './assemble.ts';
import { type Attempt, attempt, type Failure, failureOf } from './attempt.ts';

export async function observeIndependent(
  readers: Readers,
  view: View,
  facts: Facts,
  now: Date,
): Promise<View> {
  let seen = view;
  for (const resource of INDEPENDENT) {
    const context = contextOf(view, facts, now);
    const desired = resource.desired(context, stateOf(resource, facts));
    const actual = await observed(view, () =>
      attempt(resource.name, () => resource.observe(readers, context.user, desired)),
    );
    seen = planned(resource, seen, context, desired, actual);
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
    const users = batch.map(({ view, facts }) => {
      const context = contextOf(view, facts, now);
      return { context, desired: resource.desired(context, stateOf(resource, facts)) };
    });
    const asked = new Map<UserKey, unknown>(users.map(({ context, desired }) => [context.user, desired]));
    const answered = await attempt(resource.name, () => resource.observeMany(readers, asked));
    seen = await Promise.all(
      seen.map(async (one, at) => {
        const { context, desired } = users[at] ?? never();
        const actual = await observed(one.view, async () => actualOf(resource, answered, context.user));
        return { ...one, view: planned(resource, one.view, context, desired, actual) };
      }),
    );
  }
  return seen;
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

function contextOf({ desired: { user }, account }: View, facts: Facts, now: Date): UserContext {
  return { user, facts, account, now };
}

type Seen =
  | { readonly type: 'seen'; readonly actual: unknown }
  | { readonly type: 'unseen'; readonly failure: Failure | undefined; readonly isNew: boolean };

/** Nothing is applied for a user whose documents could not be read, so nothing else is read either. */
async function observed(view: View, observe: () => Promise<Attempt<unknown>>): Promise<Seen> {
  if (view.documents === undefined) return { type: 'unseen', failure: view.failures[0], isNew: false };
  const answer = await observe();
  return answer.ok
    ? { type: 'seen', actual: answer.value }
    : { type: 'unseen', failure: answer.failure, isNew: true };
}

function planned(
  resource: IndependentResource,
  view: View,
  context: UserContext,
  desired: unknown,
  seen: Seen,
): View {
  const { name } = resource;
  const isWanted = resource.isWanted(desired);
  if (seen.type === 'seen') {
    const { actual } = seen;
    return withPlan(
      view,
      name,
      resource.plan(desired, actual, context),
      { desired, actual, isWanted },
      undefined,
    );
  }
  const { failure, isNew } = seen;
  const known = { desired, actual: undefined, isWanted };
  return withPlan(view, name, unseen(name, failure), known, isNew ? failure : undefined);
}

function never(): never {
  throw new Error('a user of the batch has no desired state');
}
