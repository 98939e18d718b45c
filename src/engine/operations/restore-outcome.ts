/**
 * What follows from a decision that is not taken yet: its event is folded onto the facts, and the user is planned as
 * often as a reconciliation would, each time from the predicted state.
 */
import type { ConcordEvent, EventData } from '../../events/event.ts';
import type { Facts } from '../../events/facts.ts';
import { fold } from '../../events/fold.ts';
import { eventId } from '../../identity.ts';
import type { Documents } from '../../ports/documents.ts';
import { describeAction, predict, written } from '../../reconcilers/registry.ts';
import type { Action, View } from '../../reconcilers/view.ts';
import type { Owned } from '../intake/owner.ts';
import type { DryRun } from '../reconcile/dry-run.ts';
import { observeUser } from '../reconcile/observe.ts';
import { withheld } from '../reconcile/policy.ts';
import type { AssessDeps, AssessedTenant } from '../reconcile/read-side.ts';

/** One write, in words. */
export interface Written {
  readonly resource: string;
  readonly type: string;
  readonly what: string;
}

/** What follows from a decision that is not taken yet. */
export interface Outcome {
  /** In the order in which it is written. */
  readonly writes: readonly Written[];
  /** What a person must know before the decision. */
  readonly warnings: readonly string[];
  /** The account keeps a password that is no longer stored anywhere. */
  readonly losesPassword: boolean;
}

const MAX_ROUNDS = 6;
/** The id of an assumed decision. */
const NOT_WRITTEN = eventId('not-written');

/** Throws UpstreamError where something cannot be read. */
export async function outcomeOf<T extends 'restore.granted' | 'code.accepted'>(
  deps: AssessDeps,
  owned: Owned<AssessedTenant>,
  found: DryRun,
  type: T,
  data: EventData[T],
  now: Date,
): Promise<Outcome> {
  const { user, tenant } = owned;
  const granted = {
    _id: NOT_WRITTEN,
    user,
    tenant: tenant.id,
    type,
    data,
    at: now,
    recordedAt: now,
    cause: [],
  };
  const facts = fold([granted as unknown as ConcordEvent], found.facts);
  const actions = new Map<string, Action>();
  let documents = documentsOf(found.view);
  let view = found.view;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    view = await observeUser(deps, tenant, user, { ...found, facts, documents }, now);
    const [failure] = view.failures;
    if (failure !== undefined) throw failure.error;
    const before = actions.size;
    for (const action of view.actions) {
      const { type: step, detail } = describeAction(action);
      if (actions.has(`${step} ${detail}`)) continue;
      actions.set(`${step} ${detail}`, action);
      documents = predict(documents, action);
    }
    if (actions.size === before) break;
  }
  const losesPassword = documents.user?.account?.hasPassword === false;
  return {
    writes: [...actions.values()].map((action) => ({
      resource: action.resource,
      type: action.type,
      what: written(action),
    })),
    warnings: warningsOf(owned.user, facts, view, losesPassword, deps, now),
    losesPassword,
  };
}

function documentsOf({ documents }: View): Documents {
  if (documents === undefined) throw new Error('documents that were read are not in the view');
  return documents;
}

function warningsOf(
  user: string,
  facts: Facts,
  view: View,
  isPasswordLost: boolean,
  { settings }: AssessDeps,
  now: Date,
): string[] {
  const held = view.conditions.filter(
    ({ held: isHeld, reason }) => isHeld && !(isPasswordLost && reason === 'CredentialsIncomplete'),
  );
  const waits = withheld(facts, settings.policy, now);
  return [
    ...(isPasswordLost
      ? [
          `The password of the account was removed with the document. Set a new one afterwards with: concord password '${user}' --reset`,
        ]
      : []),
    ...held.map(
      ({ type, reason, message }) => `Still needs action afterwards: ${type} ${reason}. ${message}`,
    ),
    ...(waits === undefined ? [] : [`Nothing is written while this lasts: ${waits.condition.message}`]),
  ];
}
