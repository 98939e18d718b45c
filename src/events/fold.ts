/**
 * One user's events -> what is known of that user.
 *
 * The events are put in the order of (at, _id) and doubles are dropped first, so the same set of
 * events gives the same facts in whatever order, and however often, they arrive.
 */

import type { AccountHandle, Did, EventId } from '../identity.ts';
import {
  type Condition,
  EXCLUDED_REASON,
  excludedMessage,
  FAILURE_REASONS,
  type LastFailure,
} from './condition.ts';
import type { IntendedAction } from './data/reconciliation.ts';
import { type ConcordEvent, type EventData, isReceived } from './event.ts';
import type { Facts, NamedBy, Refusal, SeenAccount, Sights } from './facts.ts';
import { foldObserved } from './fold-auth0.ts';
import { endCodeTransfer, foldTransfer } from './fold-transfer.ts';
import type { Removable } from './resources.ts';

/** The change stream has times in whole seconds: what it reports happened up to this much later. */
const STREAM_CLOCK_MS = 999;

/** A person has one user in a tenant, and a few where they signed up in several ways. */
const MAX_NAMED_BY = 4;

/** A call that arrives late does so within minutes, and no user is tried more often than this in that time. */
const MAX_GIVEN_UP = 8;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
interface Draft extends Omit<Mutable<Facts>, 'refusedHandles' | 'refusedEmails' | 'openActions' | 'removed'> {
  removed: Set<Removable>;
  refusedHandles: Map<string, Refusal>;
  refusedEmails: Map<string, Refusal>;
  openActions: (IntendedAction & { readonly event: EventId })[];
}

const NO_SIGHTS: Sights = {
  verification: false,
  document: false,
  record: undefined,
  account: undefined,
};

const NOTHING: Facts = {
  auth0: undefined,
  verifiedEmail: undefined,
  firstReadAt: undefined,
  auth0Event: undefined,
  absentSince: undefined,
  invalidSince: undefined,
  deletionHintAt: undefined,
  unlistedSince: undefined,
  removalGrantedAt: undefined,
  paused: undefined,
  adoption: undefined,
  deactivated: undefined,
  accountDeleted: false,
  passwordRefused: false,
  passwordResetGranted: false,
  forgotten: false,
  platformHandle: undefined,
  sister: undefined,
  namedBy: [],
  code: undefined,
  sights: NO_SIGHTS,
  seenInSync: false,
  kept: { count: undefined, when: undefined },
  removed: new Set(),
  removedAt: undefined,
  lostAccount: undefined,
  account: undefined,
  seen: { code: undefined, account: undefined },
  intent: undefined,
  givenUp: [],
  parked: undefined,
  parkingEndedAt: undefined,
  outgoing: undefined,
  incoming: undefined,
  retiring: undefined,
  transferred: undefined,
  refusedHandles: new Map(),
  refusedEmails: new Map(),
  possiblyLeakedDids: 0,
  creationFailedAt: undefined,
  creationFailure: undefined,
  inactiveListedAt: undefined,
  openActions: [],
  isUnfinished: false,
  conditions: [],
  attempts: 0,
  quarantined: false,
  failure: undefined,
  newestAt: undefined,
  newestEvent: undefined,
  presentAt: undefined,
};

/**
 * `onto` is what is known already; then every event given must be later than all that made it, as those
 * of a reconciliation are, which need not fold the whole history again for each event they append.
 */
export function fold(events: readonly ConcordEvent[], onto: Facts = NOTHING): Facts {
  const facts: Draft = {
    ...onto,
    refusedHandles: new Map(onto.refusedHandles),
    refusedEmails: new Map(onto.refusedEmails),
    openActions: [...onto.openActions],
    removed: new Set(onto.removed),
  };
  let previous: EventId | undefined;
  for (const event of [...events].sort(byTimeThenId)) {
    if (event._id === previous) continue;
    previous = event._id;
    apply(facts, event);
  }
  const { presentAt, deletionHintAt } = facts;
  const refuted = presentAt !== undefined && deletionHintAt !== undefined && deletionHintAt <= presentAt;
  if (refuted) facts.deletionHintAt = undefined;
  return facts;
}

function later(a: Date | undefined, b: Date): Date {
  return a === undefined || a < b ? b : a;
}

function byTimeThenId(a: ConcordEvent, b: ConcordEvent): number {
  return a.at.getTime() - b.at.getTime() || (a._id < b._id ? -1 : a._id > b._id ? 1 : 0);
}

function apply(facts: Draft, event: ConcordEvent): void {
  // The date of what was delivered is Auth0's clock: it may be ahead of ours and does not order our own events.
  if (!isReceived(event)) {
    facts.newestAt = event.at;
    facts.newestEvent = event._id;
  }
  switch (event.type) {
    case 'auth0.log-received':
    case 'auth0.event-received':
      // By our clock: the entry's own date may be ahead, and would outlive the read that refutes it.
      if (event.data.hint === 'deleted') facts.deletionHintAt = later(facts.deletionHintAt, event.recordedAt);
      return;
    case 'auth0.user-observed':
      Object.assign(facts, foldObserved(facts, event));
      return;
    case 'auth0.user-absent':
      facts.absentSince ??= event.at;
      facts.invalidSince = undefined;
      facts.auth0Event = event._id;
      return;
    case 'auth0.user-invalid':
      facts.invalidSince ??= event.at;
      facts.absentSince = undefined;
      facts.auth0Event = event._id;
      // The conditions of earlier reconciliations are not about a user.
      facts.conditions = [];
      facts.unlistedSince = undefined;
      endFailures(facts);
      return;
    case 'auth0.user-unlisted':
      facts.unlistedSince ??= event.at;
      return;
    case 'handle.observed':
      facts.platformHandle = event.data.handle ?? undefined;
      return;
    case 'sister.observed': {
      const { user, handle } = event.data;
      facts.sister = user === null ? undefined : { user, handle: handle ?? undefined };
      return;
    }
    case 'sister.named': {
      const { by } = event.data;
      if (by === null) return;
      const others = facts.namedBy.filter(({ user }) => user !== by);
      const named = { event: event._id, user: by, email: facts.auth0?.email?.toLowerCase() };
      facts.namedBy = [...others, named].slice(-MAX_NAMED_BY);
      return;
    }
    case 'sister.dismissed':
      facts.namedBy = facts.namedBy.filter((one) => one.event !== event.data.named);
      return;
    case 'subject.observed': {
      const { code, account } = event.data;
      facts.code ??= code ?? undefined;
      facts.seen = {
        code: code === null || code === facts.code ? undefined : code,
        account: account === null ? undefined : { ...account, email: account.email ?? undefined },
      };
      seeSubject(facts, event.data);
      return;
    }
    case 'resource.removed': {
      const { what, seenBy } = event.data;
      if (seenBy === 'change-stream') {
        // From before the user was created: of an earlier user with the same id.
        const atLatest = new Date(event.at.getTime() + STREAM_CLOCK_MS);
        const createdAt = facts.auth0?.createdAt;
        if (createdAt !== undefined && atLatest < createdAt) return;
        facts.removedAt = later(facts.removedAt, atLatest);
        if (what === 'verification') sight(facts, { verification: true });
        if (what === 'user-document') sight(facts, { document: true });
      }
      facts.removed.add(what);
      return;
    }
    case 'restore.granted':
      grantRestore(facts, event.data.what, event.data.account);
      return;
    case 'code.accepted':
      facts.code = event.data.code;
      facts.seen = { ...facts.seen, code: undefined };
      return;
    case 'user-document.imported': {
      const { code, record } = event.data;
      facts.code ??= code ?? undefined;
      sight(facts, { document: true });
      if (code !== null) facts.removed.delete('code');
      if (record !== null) sightRecord(facts, record);
      return;
    }
    case 'actions.intended':
      facts.isUnfinished = true;
      facts.openActions.push(...event.data.actions.map((action) => ({ ...action, event: event._id })));
      return;
    case 'verification.recorded':
      sight(facts, { verification: true });
      keepCount(facts, event.data.count);
      close(facts, 'verification');
      return;
    case 'user-document.created': {
      const { when } = event.data;
      sight(facts, { document: true });
      if (when !== undefined) facts.kept = { ...facts.kept, when: new Date(when) };
      return;
    }
    case 'code.assigned':
      facts.code = event.data.code;
      facts.removed.delete('code');
      sight(facts, { document: true });
      endCodeTransfer(facts);
      close(facts, 'user-document');
      return;
    case 'account.creation-intended':
      giveUp(facts);
      facts.creationFailure = undefined;
      facts.intent = { event: event._id, at: event.at, ...event.data };
      return;
    case 'account.creation-refused': {
      // Of a creation that was held up past its lease: what was refused by then is what another worker of ours had made.
      if (facts.intent?.event !== event.data.intent) return;
      const refusals = event.data.field === 'handle' ? facts.refusedHandles : facts.refusedEmails;
      refusals.set(event.data.value, { reason: event.data.reason, at: event.at });
      facts.intent = undefined;
      close(facts, 'account');
      return;
    }
    case 'account.creation-failed':
      if (facts.intent?.event === event.data.intent) facts.creationFailure = event.data.code;
      return;
    case 'inactive-accounts.listed':
      facts.inactiveListedAt = event.at;
      facts.openActions = facts.openActions.filter(({ type }) => type !== 'list-inactive-accounts');
      return;
    case 'account.creation-abandoned':
      if (event.data.reason === 'no-account-came-of-it') {
        facts.possiblyLeakedDids += 1;
        facts.creationFailedAt = facts.intent?.at ?? event.at;
      }
      giveUp(facts);
      close(facts, 'account');
      return;
    case 'account.created':
      facts.accountDeleted = false;
      facts.deactivated = undefined;
      facts.account = { did: event.data.did, handle: event.data.handle, email: event.data.email };
      // A user with an account adopts no other: the grant would wait for the day that this one is gone.
      facts.adoption = undefined;
      see(facts, undefined);
      if (event.data.documented === false) sight(facts, { account: event.data.did });
      else sightRecord(facts, event.data.did);
      own(facts, event.data.handle, event.data.email);
      close(facts, 'account');
      return;
    case 'account.recorded':
      facts.account = { ...facts.account, ...event.data };
      see(facts, event.data);
      sightRecord(facts, event.data.did);
      own(facts, event.data.handle);
      close(facts, 'account');
      return;
    case 'account.adopted':
      facts.account = {
        did: event.data.did,
        handle: event.data.handle,
        ...(event.data.email === null ? {} : { email: event.data.email }),
      };
      see(facts, undefined);
      sightRecord(facts, event.data.did);
      facts.adoption = undefined;
      // Of another account, or of this one before it was this user's.
      facts.passwordRefused = false;
      own(facts, event.data.handle, event.data.email ?? undefined);
      close(facts, 'account');
      return;
    case 'account.transferred': {
      const { did, handle, email, deactivated } = event.data;
      facts.account = { did, handle, ...(email === null ? {} : { email }) };
      facts.accountDeleted = false;
      facts.deactivated = deactivated;
      facts.adoption = undefined;
      facts.lostAccount = undefined;
      facts.parked = undefined;
      facts.passwordRefused = false;
      facts.passwordResetGranted = false;
      see(facts, undefined);
      sightRecord(facts, did);
      own(facts, handle, email ?? undefined);
      foldTransfer(facts, event);
      close(facts, 'account');
      return;
    }
    case 'account.released':
      forgetAccount(facts);
      facts.deactivated = undefined;
      facts.parked = undefined;
      foldTransfer(facts, event);
      close(facts, 'account');
      return;
    case 'code.release-intended':
    case 'code.released':
      // It is another user's from now on; this one would get a new code.
      facts.code = undefined;
      facts.seen = { ...facts.seen, code: undefined };
      foldTransfer(facts, event);
      if (event.type === 'code.released') close(facts, 'user-document');
      return;
    case 'transfer.closed': {
      const { what, because } = event.data;
      const isKept = because !== 'taken' && what.includes('code');
      if (isKept) facts.code ??= facts.outgoing?.code;
      foldTransfer(facts, event);
      return;
    }
    case 'account.retired':
      foldTransfer(facts, event);
      close(facts, 'account');
      return;
    case 'handle.returned':
      facts.platformHandle = facts.outgoing?.handle;
      foldTransfer(facts, event);
      close(facts, 'handle');
      return;
    case 'handle.transferred':
      facts.platformHandle = event.data.handle;
      foldTransfer(facts, event);
      close(facts, 'handle');
      return;
    case 'transfer.promised':
    case 'transfer.granted':
    case 'transfer.declined':
    case 'transfer.cancelled':
    case 'handle.release-intended':
      foldTransfer(facts, event);
      return;
    case 'account.remnant-deleted':
    case 'account.record-dropped':
      forgetAccount(facts);
      close(facts, 'account');
      return;
    case 'account.deactivated':
      facts.deactivated = event.data.because;
      close(facts, 'account');
      return;
    case 'account.reactivated':
      facts.deactivated = undefined;
      close(facts, 'account');
      return;
    case 'account.deleted':
      forgetAccount(facts);
      facts.accountDeleted = true;
      facts.deactivated = undefined;
      close(facts, 'account');
      return;
    case 'password.refused':
      facts.passwordRefused = true;
      return;
    case 'password.accepted':
      facts.passwordRefused = false;
      return;
    case 'password-reset.granted':
      facts.passwordResetGranted = true;
      return;
    case 'password.reset':
      facts.passwordRefused = false;
      facts.passwordResetGranted = false;
      close(facts, 'account');
      return;
    case 'email.parking-intended':
      facts.parked = { ...event.data, at: event.at };
      return;
    case 'email.parked':
      if (facts.account !== undefined) facts.account = { ...facts.account, email: event.data.to };
      see(facts, { email: event.data.to });
      close(facts, 'email');
      return;
    case 'email.changed':
      if (facts.parked?.from === event.data.to) facts.parkingEndedAt = event.at;
      facts.parked = undefined;
      if (facts.account !== undefined) facts.account = { ...facts.account, email: event.data.to };
      see(facts, { email: event.data.to });
      close(facts, 'email');
      return;
    case 'email.refused':
      facts.refusedEmails.set(event.data.email, { reason: event.data.reason, at: event.at });
      close(facts, 'email');
      return;
    case 'adoption.granted': {
      const { did, evidence } = event.data;
      const before = facts.adoption?.did === did ? facts.adoption.grant : undefined;
      facts.adoption = { did, grant: before ?? event._id, evidence };
      return;
    }
    case 'adoption.withdrawn':
      if (facts.adoption?.did === event.data.did) facts.adoption = undefined;
      return;
    case 'removal.granted':
      facts.removalGrantedAt = event.at;
      return;
    case 'user.paused': {
      const { by, reason, until } = event.data;
      facts.paused = { by, reason, until: until === null ? undefined : new Date(until) };
      return;
    }
    case 'user.resumed':
      facts.paused = undefined;
      return;
    case 'user.retried':
      endFailures(facts);
      facts.possiblyLeakedDids = 0;
      facts.refusedHandles.clear();
      facts.refusedEmails.clear();
      return;
    case 'user.forgotten':
      facts.forgotten = true;
      return;
    case 'handle.changed':
      if (facts.account !== undefined) facts.account = { ...facts.account, handle: event.data.to };
      see(facts, { handle: event.data.to });
      close(facts, 'handle');
      return;
    case 'handle.recorded':
      facts.account = { ...facts.account, ...event.data };
      see(facts, event.data);
      close(facts, 'handle');
      return;
    case 'handle.refused':
      facts.refusedHandles.set(event.data.handle, { reason: event.data.reason, at: event.at });
      close(facts, 'handle');
      return;
    case 'converged':
      facts.isUnfinished = false;
      facts.conditions = settle(facts.conditions, event);
      sightByConditions(facts);
      facts.openActions = [];
      endFailures(facts);
      return;
    case 'converge.deferred':
      facts.isUnfinished = false;
      facts.conditions = settle(facts.conditions, event);
      // Deferred by a limit it is as it was; deferred to a time, nothing fails any more.
      if (!facts.conditions.some(isFailure)) facts.failure = undefined;
      return;
    case 'converge.failed':
      facts.isUnfinished = false;
      facts.conditions = settle(facts.conditions, event);
      facts.attempts = event.data.attempt;
      facts.failure = failureOf(facts.failure, event);
      return;
    case 'user.quarantined':
      facts.quarantined = true;
      return;
    case 'user.excluded':
      endFailures(facts);
      facts.conditions = [
        {
          ...{ type: 'pause', status: 'True', reason: EXCLUDED_REASON, held: false },
          message: excludedMessage(event.data.entry),
          ...{ since: event.at.toISOString(), event: event._id },
        },
      ];
      return;
    case 'reconcile.requested':
    case 'sweep.started':
    case 'sweep.halted':
    case 'sweep.approved':
    case 'sweep.finished':
    case 'gap.opened':
    case 'gap.closed':
      return;
  }
}

function endFailures(facts: Draft): void {
  facts.attempts = 0;
  facts.quarantined = false;
  facts.failure = undefined;
}

/** What was observed of an account is updated by actions on it, and dropped when the log names another account. */
function see(facts: Draft, change: Partial<SeenAccount> | undefined): void {
  const { account, code } = facts.seen;
  if (account === undefined) return;
  facts.seen = { code, account: change === undefined ? undefined : { ...account, ...change } };
}

/** Whether the user still has the address under which it was named, as far as either is known. */
export function isCurrent({ auth0 }: Pick<Facts, 'auth0'>, { email }: NamedBy): boolean {
  return email === undefined || email === auth0?.email?.toLowerCase();
}

function sight(facts: Draft, change: Partial<Sights>): void {
  facts.sights = { ...facts.sights, ...change };
  for (const what of Object.keys(change)) facts.removed.delete(REMOVABLE_OF[what as keyof Sights]);
}

const REMOVABLE_OF: Readonly<Record<keyof Sights, Removable>> = {
  verification: 'verification',
  document: 'user-document',
  record: 'account-record',
  account: 'account',
};

function sightRecord(facts: Draft, did: Did): void {
  sight(facts, { record: did, account: did, document: true });
}

/** The count is never lowered, so the highest that is known is the newest. */
function keepCount(facts: Draft, count: number): void {
  facts.kept = { ...facts.kept, count: Math.max(count, facts.kept.count ?? 0) };
}

/** In events from before first sights were recorded, a code or an account proves that there was a document. */
function seeSubject(facts: Draft, { code, account, ...seen }: EventData['subject.observed']): void {
  const { verification, document, record, inSync } = seen;
  if (inSync === true) facts.seenInSync = true;
  if (verification !== undefined) {
    sight(facts, { verification: true });
    keepCount(facts, verification);
  }
  if (document !== undefined || code !== null) sight(facts, { document: true });
  if (document !== undefined) facts.removed.delete('code');
  if (typeof document?.when === 'string') facts.kept = { ...facts.kept, when: new Date(document.when) };
  // An account that the log does not know was found because the users document named it.
  const named = record ?? (account !== null && account.did !== facts.account?.did ? account.did : undefined);
  if (named !== undefined) sightRecord(facts, named);
  else if (account !== null) sight(facts, { account: account.did });
}

/** Logs from before first sights say of a verifications document of the platform's only that it was found in order. */
function sightByConditions(facts: Draft): void {
  const isThere = facts.conditions.some(
    ({ type, reason }) => type === 'verification' && reason === 'Recorded',
  );
  if (isThere) facts.sights = { ...facts.sights, verification: true };
}

function grantRestore(facts: Draft, what: readonly Removable[], lost: Did | undefined): void {
  const { sights } = facts;
  const granted = new Set(what);
  // The user has got another account since the decision.
  if (facts.account !== undefined && facts.account.did !== lost) granted.delete('account');
  for (const one of granted) facts.removed.delete(one);
  facts.sights = {
    verification: sights.verification && !granted.has('verification'),
    document: sights.document && !granted.has('user-document'),
    record: granted.has('account-record') || granted.has('account') ? undefined : sights.record,
    account: granted.has('account') ? undefined : sights.account,
  };
  if (!granted.has('account')) return;
  facts.lostAccount = lost;
  if (facts.adoption?.did === lost) facts.adoption = undefined;
  forgetAccount(facts);
}

function forgetAccount(facts: Draft): void {
  facts.account = undefined;
  facts.sights = { ...facts.sights, record: undefined, account: undefined };
  facts.removed.delete('account');
  facts.removed.delete('account-record');
  see(facts, undefined);
}

function giveUp(facts: Draft): void {
  if (facts.intent !== undefined) facts.givenUp = [...facts.givenUp, facts.intent].slice(-MAX_GIVEN_UP);
  facts.intent = undefined;
}

/** The user has an account: no creation is open, and this account had taken the handle and email that were refused. */
function own(facts: Draft, handle: AccountHandle, email?: string): void {
  facts.intent = undefined;
  facts.givenUp = [];
  facts.transferred = undefined;
  facts.refusedHandles.delete(handle);
  if (email !== undefined) facts.refusedEmails.delete(email);
}

function close(facts: Draft, resource: IntendedAction['resource']): void {
  facts.openActions = facts.openActions.filter((action) => action.resource !== resource);
}

function isFailure({ reason }: Condition): boolean {
  return reason === FAILURE_REASONS.failing || reason === FAILURE_REASONS.notObserved;
}

function failureOf(
  before: LastFailure | undefined,
  { at, data }: Extract<ConcordEvent, { type: 'converge.failed' }>,
): LastFailure {
  const { code, message, upstream = null } = data;
  const isSame = before?.code === code && before.upstream === upstream;
  const now = at.toISOString();
  return { code, upstream, message, since: isSame ? before.since : now, at: now };
}

/** A condition keeps its `since` and its event for as long as it says the same. */
function settle(
  before: readonly Condition[],
  event: Extract<ConcordEvent, { data: { conditions: unknown } }>,
): readonly Condition[] {
  return event.data.conditions.map((draft) => {
    const same = before.find((old) => old.type === draft.type);
    return same !== undefined && saysTheSame(same, draft)
      ? same
      : { ...draft, since: event.at.toISOString(), event: event._id };
  });
}

type Saying = Pick<Condition, 'status' | 'reason' | 'message' | 'held' | 'waitsFor'>;

export function saysTheSame(a: Saying, b: Saying): boolean {
  const isSame = a.status === b.status && a.reason === b.reason && a.message === b.message;
  return isSame && a.held === b.held && a.waitsFor === b.waitsFor;
}
