/**
 * What follows from a decision that is not taken yet: its event is folded onto the facts, and the user is planned as
 * often as a reconciliation would, each time from the predicted state.
 */
import type { ConcordEvent, EventData } from '../../events/event.ts';
import type { Facts } from '../../events/facts.ts';
import { fold } from '../../events/fold.ts';
import { eventId } from '../../identity.ts';
import type { Documents } from '../../ports/documents.ts';
import { describeAction, predict } from '../../reconcilers/registry.ts';
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
    writes: [...actions.values()].map(written),
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

/** The text has no address. */
function written(action: Action): Written {
  const { resource, type } = action;
  return { resource, type, what: sentenceOf(action) };
}

function sentenceOf(action: Action): string {
  switch (action.type) {
    case 'record-verification':
      return `verifications document with count ${action.count}`;
    case 'create-user-document':
      return `users document with ${action.code === undefined ? 'a new code' : `the code ${action.code}`} and when ${action.when.toISOString()}`;
    case 'assign-code':
      return 'a new code in the users document';
    case 'restore-code':
      return `the code ${action.code} in the users document`;
    case 'record-account':
    case 'complete-creation':
      return `account record in the users document: ${action.account.did} (@${action.account.handle})`;
    case 'drop-account-record':
      return `account record of ${action.did} removed from the users document`;
    case 'create-account':
      return `new account on the PDS with the handle @${action.handle} and a new password, and its record in the users document`;
    case 'adopt-account':
      return `account record in the users document: ${action.account.did} (@${action.account.handle})${action.keepsPassword ? '' : ', with a new password'}`;
    case 'change-handle':
      return `handle of the account: @${action.to} instead of @${action.account.handle}`;
    case 'record-handle':
      return `handle @${action.account.handle} in the users document`;
    case 'change-email':
    case 'park-email':
      return `address of the account ${action.did}`;
    case 'reset-password':
      return `password of the account ${action.did}`;
    case 'reactivate-account':
      return `activation of the account ${action.did}`;
    case 'deactivate-account':
      return `deactivation of the account ${action.did}`;
    case 'delete-account':
    case 'delete-remnant':
      return `deletion of the account ${action.did}`;
    case 'resolve-creation':
      return `the account ${action.account.did} in the log`;
    case 'take-account':
      return `account record in the users document: ${action.account.did} (@${action.account.handle}), of ${action.from}`;
    case 'retire-account':
      return `deactivation of the account ${action.account.did}, which was replaced`;
    case 'release-account':
      return `account record of ${action.did} removed from the users document`;
    case 'take-handle':
      return `row of @${action.handle} in @handles`;
    case 'release-handle':
      return `row of @${action.handle} removed from @handles, for ${action.to}`;
    case 'return-handle':
      return 'the row of @handles, as it was';
    case 'release-code':
      return `the code ${action.code} removed from the users document`;
    case 'record-code':
      return `the code ${action.code} in the log`;
    case 'decline-transfer':
    case 'close-transfer':
      return `the end of the transfer of ${action.what.join(', ')} in the log`;
    case 'abandon-creation':
      return 'the end of an account creation in the log';
    case 'list-inactive-accounts':
      return 'the index of inactive accounts of the PDS';
    default:
      // An independent resource's.
      return `${action.type} ${describeAction(action).detail}`;
  }
}
