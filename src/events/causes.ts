/**
 * Why something was done: from a line of the log back along its causes to what set it going. Pure.
 *
 * | what came about                | follows from                                               |
 * |--------------------------------|------------------------------------------------------------|
 * | an effect on a document or account, and each step on the way to it | an intention that names its action |
 * | an intention                   | what a reconciliation learned, or what made the user due   |
 * | an intention without a cause   | a reconciliation that no event requested, of a user Auth0 reported before |
 * | received, learned, decided     | nothing: a chain may begin there                           |
 *
 * There is no default here: a new type of event does not compile until it is decided what it follows from.
 */
import type { EventId, UserKey } from '../identity.ts';
import type { ConcordEvent, EventOf, EventType } from './event.ts';

/** What an event is in a chain of causes. */
export type Part =
  /** Another system reported something about the user. */
  | 'heard'
  /** Something outside was read, and was new. */
  | 'learned'
  /** A person decided it, or a sweep within its limit. */
  | 'decided'
  | 'intended'
  /** On the way to an effect: an intent of its own, or a refusal. */
  | 'step'
  /** Something was changed in a document or an account. */
  | 'effect'
  /** How a reconciliation ended. */
  | 'end'
  /** Of a sweep or a gap, and of no single user. */
  | 'run';

export function partOf(type: EventType): Part {
  switch (type) {
    case 'auth0.log-received':
    case 'auth0.event-received':
      return 'heard';
    case 'auth0.user-observed':
    case 'auth0.user-absent':
    case 'auth0.user-invalid':
    case 'auth0.user-unlisted':
    case 'handle.observed':
    case 'sister.observed':
    case 'sister.named':
    case 'sister.dismissed':
    case 'subject.observed':
    case 'resource.removed':
      return 'learned';
    case 'transfer.promised':
    case 'transfer.granted':
    case 'transfer.cancelled':
    case 'adoption.granted':
    case 'adoption.withdrawn':
    case 'removal.granted':
    case 'password-reset.granted':
    case 'restore.granted':
    case 'code.accepted':
    case 'user-document.imported':
    case 'password.refused':
    case 'password.accepted':
    case 'user.paused':
    case 'user.resumed':
    case 'user.retried':
    case 'reconcile.requested':
    case 'user.forgotten':
      return 'decided';
    case 'actions.intended':
      return 'intended';
    case 'account.creation-intended':
    case 'account.creation-refused':
    case 'account.creation-failed':
    case 'account.creation-abandoned':
    case 'inactive-accounts.listed':
    case 'handle.refused':
    case 'email.refused':
    case 'email.parking-intended':
    case 'handle.release-intended':
    case 'code.release-intended':
    case 'transfer.declined':
    case 'transfer.closed':
      return 'step';
    case 'verification.recorded':
    case 'user-document.created':
    case 'code.assigned':
    case 'account.created':
    case 'account.recorded':
    case 'account.adopted':
    case 'account.deactivated':
    case 'account.reactivated':
    case 'account.remnant-deleted':
    case 'account.record-dropped':
    case 'account.deleted':
    case 'handle.changed':
    case 'handle.recorded':
    case 'email.changed':
    case 'email.parked':
    case 'password.reset':
    case 'account.transferred':
    case 'account.released':
    case 'account.retired':
    case 'handle.transferred':
    case 'handle.returned':
    case 'code.released':
      return 'effect';
    case 'converged':
    case 'converge.deferred':
    case 'converge.failed':
    case 'user.quarantined':
    case 'user.excluded':
      return 'end';
    case 'sweep.started':
    case 'sweep.halted':
    case 'sweep.approved':
    case 'sweep.finished':
    case 'gap.opened':
    case 'gap.closed':
      return 'run';
  }
}

/** The actions that may have caused an effect, or a step on the way to one. */
const ACTIONS_OF: { readonly [T in EventType]?: readonly string[] } = {
  'verification.recorded': ['record-verification'],
  'user-document.created': ['create-user-document'],
  'code.assigned': ['create-user-document', 'assign-code', 'restore-code', 'record-code'],
  'account.creation-intended': ['create-account'],
  'account.creation-refused': ['create-account'],
  'account.creation-failed': ['create-account'],
  'account.creation-abandoned': ['create-account', 'abandon-creation'],
  'inactive-accounts.listed': ['list-inactive-accounts'],
  'account.created': ['create-account', 'complete-creation', 'resolve-creation', 'record-account'],
  'account.recorded': ['record-account'],
  'account.adopted': ['adopt-account'],
  'account.deactivated': ['deactivate-account'],
  'account.reactivated': ['reactivate-account'],
  'account.remnant-deleted': ['delete-remnant'],
  'account.record-dropped': ['drop-account-record'],
  'account.deleted': ['delete-account'],
  'handle.changed': ['change-handle'],
  'handle.recorded': ['record-handle'],
  'handle.refused': ['change-handle'],
  'email.changed': ['change-email'],
  'email.refused': ['change-email'],
  'email.parking-intended': ['park-email'],
  'email.parked': ['park-email'],
  'password.reset': ['reset-password'],
  'account.transferred': ['take-account'],
  'account.released': ['release-account'],
  'account.retired': ['retire-account'],
  'handle.release-intended': ['release-handle'],
  'handle.returned': ['return-handle'],
  'handle.transferred': ['take-handle'],
  'code.release-intended': ['release-code'],
  'code.released': ['release-code'],
  // Either may also be what a step finds: the handle is another user's meanwhile.
  'transfer.declined': ['decline-transfer', 'take-handle'],
  'transfer.closed': ['close-transfer', 'return-handle'],
};

/** Where the events of a chain are looked up. */
export interface History {
  find(id: EventId): ConcordEvent | undefined;
  ofUser(user: UserKey): readonly ConcordEvent[];
}

export function historyOf(events: readonly ConcordEvent[]): History {
  const byId = new Map(events.map((event) => [event._id, event]));
  const byUser = new Map<UserKey, ConcordEvent[]>();
  for (const event of events) {
    if (event.user === null) continue;
    const known = byUser.get(event.user);
    if (known === undefined) byUser.set(event.user, [event]);
    else known.push(event);
  }
  return { find: (id) => byId.get(id), ofUser: (user) => byUser.get(user) ?? [] };
}

export interface Chain {
  /** What it follows from, the nearest first, each event once. */
  readonly links: readonly ConcordEvent[];
  /** Those of the links that nothing caused: what set it going. */
  readonly origins: readonly ConcordEvent[];
  /** Of a reconciliation that no event requested: the last that Auth0 reported about the user. */
  readonly basis: ConcordEvent | undefined;
  /** What is wrong with the chain, in a few words; undefined when it explains the event. */
  readonly flaw: string | undefined;
}

export function chainOf(event: ConcordEvent, history: History): Chain {
  const links: ConcordEvent[] = [];
  const known = new Set<EventId>([event._id]);
  let isLacking = false;
  // Breadth first, so that what is nearer comes first.
  let edge: readonly ConcordEvent[] = [event];
  while (edge.length > 0) {
    const next: ConcordEvent[] = [];
    for (const id of edge.flatMap(({ cause }) => cause)) {
      if (known.has(id)) continue;
      known.add(id);
      const found = history.find(id);
      if (found === undefined) isLacking = true;
      else next.push(found);
    }
    links.push(...next);
    edge = next;
  }
  const origins = links.filter(({ cause }) => cause.length === 0);
  const look = [event, ...links].find(isLook);
  const basis = look === undefined ? undefined : lastReadBefore(look, history);
  const flaw = isLacking ? 'rests on an event that is not in the log' : flawOf(event, links, look, basis);
  return { links, origins, basis, flaw };
}

function flawOf(
  event: ConcordEvent,
  links: readonly ConcordEvent[],
  look: ConcordEvent | undefined,
  basis: ConcordEvent | undefined,
): string | undefined {
  const wanted = ACTIONS_OF[event.type];
  if (wanted !== undefined) {
    const intention = links.find((link): link is EventOf<'actions.intended'> => isIntention(link));
    if (intention === undefined) return 'follows from nothing';
    if (!intention.data.actions.some(({ type }) => wanted.includes(type))) return 'was never intended';
  }
  return look !== undefined && basis === undefined ? 'rests on nothing that Auth0 reported' : undefined;
}

function isIntention(event: ConcordEvent): event is Extract<ConcordEvent, { type: 'actions.intended' }> {
  return event.type === 'actions.intended';
}

/** By the sweep, the schedule, a person at a terminal, or because of a change in the database. */
export function isLook(event: ConcordEvent): boolean {
  return isIntention(event) && event.cause.length === 0;
}

function lastReadBefore({ user, at }: ConcordEvent, history: History): ConcordEvent | undefined {
  if (user === null) return undefined;
  let newest: ConcordEvent | undefined;
  for (const event of history.ofUser(user)) {
    const isRead = event.type === 'auth0.user-observed' || event.type === 'auth0.user-absent';
    if (isRead && event.at < at && (newest === undefined || newest.at < event.at)) newest = event;
  }
  return newest;
}
