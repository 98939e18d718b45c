/**
 * What follows from a decision that is not taken yet: its event is folded onto the facts, and the plan is made from
 * there, with all its rounds.
 */
import type { ConcordEvent, EventData } from '../../events/event.ts';
import type { Facts } from '../../events/facts.ts';
import { fold } from '../../events/fold.ts';
import { eventId } from '../../identity.ts';
import { written } from '../../reconcilers/registry.ts';
import type { View } from '../../reconcilers/view.ts';
import type { Owned } from '../intake/owner.ts';
import type { DryRun } from '../reconcile/dry-run.ts';
import { lookAhead } from '../reconcile/look-ahead.ts';
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
  const first = await observeUser(
    deps,
    tenant,
    user,
    { ...found, facts, documents: found.view.documents },
    now,
  );
  const { actions, documents, view } = await lookAhead(deps, tenant, user, { ...found, facts }, first, now);
  const [unread] = view.failures;
  if (unread !== undefined) throw unread.error;
  const losesPassword = documents?.user?.account?.hasPassword === false;
  return {
    writes: actions.map(({ action }) => ({
      resource: action.resource,
      type: action.type,
      what: written(action),
    })),
    warnings: warningsOf(owned.user, facts, view, losesPassword, deps, now),
    losesPassword,
  };
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
