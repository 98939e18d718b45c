/**
 * What was removed, and what a restore would write: the grant is folded onto the facts and the user is looked at
 * again, so that the proposal is the plan of the reconciliation that follows. Readers are all it takes.
 */
import { UsageError } from '../errors.ts';
import {
  type ConcordEvent,
  type ConditionDraft,
  type Decided,
  type EventData,
  type EventType,
  isRemovedReason,
  type Removable,
  type RemovedReason,
} from '../events/event.ts';
import { type Facts, fold } from '../events/fold.ts';
import { type Code, type Did, eventId } from '../identity.ts';
import type { Documents } from '../ports.ts';
import type { AssessDeps, AssessedTenant } from './assess.ts';
import { type DecideDeps, decide } from './decide.ts';
import { type DryRun, dryRun } from './dry-run.ts';
import { type Action, look, type View } from './look.ts';
import type { Owned } from './owner.ts';
import { plannedAction } from './planned-action.ts';
import { withheld } from './policy.ts';
import { predict } from './predict.ts';

/** One thing that is written, in words. */
export interface Written {
  readonly resource: string;
  readonly type: string;
  readonly what: string;
}

/** What follows from a decision that is not taken yet. */
export interface Outcome {
  /** In the order in which it is written. */
  readonly writes: readonly Written[];
  /** What a person has to know before the decision. */
  readonly warnings: readonly string[];
  /** The account keeps a password that is stored nowhere any more. */
  readonly losesPassword: boolean;
}

export interface RestoreProposal extends Outcome {
  readonly what: readonly Removable[];
  /** Why the user's conditions are not True. */
  readonly reasons: readonly RemovedReason[];
  /** The account that is gone, and that a new one replaces. */
  readonly lostAccount: Did | undefined;
  /** The user's permanent code. */
  readonly code: Code | undefined;
}

export interface CodeProposal extends Outcome {
  /** The code that the users document has. */
  readonly found: Code;
  /** The permanent code by the log. */
  readonly known: Code;
}

const MAX_ROUNDS = 6;
/** The id of a decision that is only assumed. */
const NOT_WRITTEN = eventId('not-written');

/**
 * Throws UsageError USER_FORGOTTEN, USER_DELETED, USER_BLOCKED, NOTHING_REMOVED, or RESTORE_GRANTED where a decision
 * waits for its reconciliation; UpstreamError where something cannot be read.
 */
export async function proposeRestore(
  deps: AssessDeps,
  owned: Owned<AssessedTenant>,
  now: Date,
): Promise<RestoreProposal> {
  const found = await lookReadably(deps, owned, now);
  const removed = removedIn(found);
  if (removed.what.length === 0) throw await nothingRemoved(deps, owned);
  const { what, lostAccount } = removed;
  const outcome = await outcomeOf(deps, owned, found, 'restore.granted', grantOf(removed, { by: '' }), now);
  const warnings = lostAccount === undefined ? [] : [newAccountWarning(lostAccount)];
  return {
    ...{ what, lostAccount, reasons: removed.reasons, code: found.facts.code },
    ...{ ...outcome, warnings: [...warnings, ...outcome.warnings] },
  };
}

/**
 * A person's decision. What is missing is looked up again, and has to be what they were shown; then the next
 * reconciliation creates it. Throws UsageError RESTORE_CHANGED, and what `proposeRestore` throws: so a decision that is
 * repeated is granted once.
 */
export async function grantRestore(
  deps: AssessDeps & DecideDeps,
  owned: Owned<AssessedTenant>,
  shown: readonly Removable[],
  decided: Decided,
): Promise<RestoreProposal> {
  const proposal = await proposeRestore(deps, owned, deps.clock.now());
  const isAsShown =
    proposal.what.length === shown.length && proposal.what.every((one) => shown.includes(one));
  if (!isAsShown) {
    const missing = proposal.what.join(', ');
    throw new UsageError(
      `What is missing of ${owned.user} has changed; it is now: ${missing}. Nothing was decided. Look again, and decide then.`,
      'RESTORE_CHANGED',
    );
  }
  await decide(deps, triggerOf(owned), 'restore.granted', grantOf(proposal, decided));
  return proposal;
}

/** Throws UsageError CODE_AGREES where the document's code is the permanent one, and what `proposeRestore` throws. */
export async function proposeCode(
  deps: AssessDeps,
  owned: Owned<AssessedTenant>,
  now: Date,
): Promise<CodeProposal> {
  const look = await lookReadably(deps, owned, now);
  const { code: known } = look.facts;
  const found = look.view.documents?.user?.code;
  if (found === undefined || known === undefined || found === known) {
    const message =
      found === undefined
        ? `The users document of ${owned.user} has no code to accept.`
        : `The users document of ${owned.user} has the permanent code ${found}; there is nothing to accept.`;
    throw new UsageError(message, 'CODE_AGREES');
  }
  const outcome = await outcomeOf(deps, owned, look, 'code.accepted', { by: '', code: found }, now);
  return { found, known, ...outcome };
}

/** A person says that the code in the document is the user's from now on. Throws UsageError CODE_CHANGED, too. */
export async function acceptCode(
  deps: AssessDeps & DecideDeps,
  owned: Owned<AssessedTenant>,
  shown: Code,
  decided: Decided,
): Promise<CodeProposal> {
  const proposal = await proposeCode(deps, owned, deps.clock.now());
  if (proposal.found !== shown) {
    throw new UsageError(
      `The users document of ${owned.user} now has the code ${proposal.found}. Nothing was decided. Look again, and decide then.`,
      'CODE_CHANGED',
    );
  }
  await decide(deps, triggerOf(owned), 'code.accepted', { code: proposal.found, ...decided });
  return proposal;
}

function triggerOf({ user, userId, tenant }: Owned<AssessedTenant>) {
  return { user, userId, tenant: tenant.id };
}

function grantOf(
  { what, lostAccount }: Pick<RestoreProposal, 'what' | 'lostAccount'>,
  decided: Decided,
): EventData['restore.granted'] {
  return { what, ...(lostAccount === undefined ? {} : { account: lostAccount }), ...decided };
}

/** A user for whom something may be created. Throws where anything could not be read. */
async function lookReadably(
  deps: AssessDeps,
  { user, userId, tenant }: Owned<AssessedTenant>,
  now: Date,
): Promise<DryRun> {
  const found = await dryRun(deps, tenant, user, userId, now);
  refuseUnwanted(user, found.facts);
  const [failure] = found.view.failures;
  if (failure !== undefined) throw failure.error;
  return found;
}

function refuseUnwanted(user: string, { forgotten, absentSince, auth0 }: Facts): void {
  if (forgotten) throw new UsageError(`${user} is forgotten; nothing can be restored.`, 'USER_FORGOTTEN');
  if (absentSince !== undefined || auth0 === undefined)
    throw new UsageError(`${user} is deleted in Auth0; nothing is restored.`, 'USER_DELETED');
  if (!auth0.blocked) return;
  const message = `${user} is blocked in Auth0; nothing is restored. Unblock the user in Auth0 first.`;
  throw new UsageError(message, 'USER_BLOCKED');
}

interface Removed extends Pick<RestoreProposal, 'what' | 'reasons' | 'lostAccount'> {}

function removedIn({ facts, view }: DryRun): Removed {
  const conditions = view.conditions.flatMap(({ type, reason }) =>
    isRemovedReason(reason) ? [{ type, reason }] : [],
  );
  const isMissing = (type: ConditionDraft['type'], reason: RemovedReason) =>
    conditions.some((one) => one.type === type && one.reason === reason);
  const isDocument = isMissing('user-document', 'DocumentRemoved');
  const isAccount = isMissing('account', 'AccountMissing');
  const isRecord =
    isMissing('account', 'DocumentRemoved') || (isDocument && facts.sights.record !== undefined);
  return {
    what: [
      ...(isMissing('verification', 'DocumentRemoved') ? ['verification' as const] : []),
      ...(isDocument ? ['user-document' as const] : []),
      ...(isRecord && !isAccount ? ['account-record' as const] : []),
      ...(isAccount ? ['account' as const] : []),
    ],
    reasons: [...new Set(conditions.map(({ reason }) => reason))],
    lostAccount: isAccount ? view.missingAccount : undefined,
  };
}

async function nothingRemoved(deps: AssessDeps, { user }: Owned<AssessedTenant>): Promise<UsageError> {
  const ends: ReadonlySet<EventType> = new Set(['converged', 'converge.deferred', 'converge.failed']);
  const history = (await deps.events.ofUser(user)).sort((a, b) => a.at.getTime() - b.at.getTime());
  const last = history.findLast(({ type }) => type === 'restore.granted' || ends.has(type));
  return last?.type === 'restore.granted'
    ? new UsageError(
        `A restore of ${user} is granted already; the next reconciliation applies it.`,
        'RESTORE_GRANTED',
      )
    : new UsageError(`Nothing of ${user} was removed; there is nothing to restore.`, 'NOTHING_REMOVED');
}

function newAccountWarning(lost: Did): string {
  return `The PDS does not have the account ${lost}. A NEW account with a NEW DID and an EMPTY repository replaces it; the data of ${lost} on this PDS is gone, and the new account gets a new password. If PDS_URL names another PDS than before, correct it instead.`;
}

/** Plans as often as a reconciliation would, each time from what the plan before leads to. */
async function outcomeOf<T extends 'restore.granted' | 'code.accepted'>(
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
    view = await look(deps, tenant, user, facts, now, found.sister, documents);
    const [failure] = view.failures;
    if (failure !== undefined) throw failure.error;
    const before = actions.size;
    for (const action of view.actions) {
      const { type: step, detail } = plannedAction(action);
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

/** Never an address. */
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
    default:
      return `${action.type} ${plannedAction(action).detail}`;
  }
}
