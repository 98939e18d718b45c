/**
 * An event without what is personal in it. The shape of the history stays: ids, types, times, causes,
 * codes and DIDs, which identify no person without other data. Blank means an address, a handle,
 * a raw payload, and every text that people or we wrote and that may hold one.
 *
 * There is no default here: a new type of event does not compile until it is decided what is personal in it.
 */
import { BLANKED_HANDLE } from '../identity.ts';
import type { ConditionDraft } from './condition.ts';
import type { Decided } from './data/decisions.ts';
import type { ConcordEvent } from './event.ts';

const NOTHING = '';

/** Blank ones come back equal, so that blanking may be repeated. */
export function blanked(event: ConcordEvent): ConcordEvent {
  switch (event.type) {
    case 'auth0.log-received':
      return { ...event, data: { ...event.data, raw: NOTHING } };
    case 'auth0.event-received':
      return { ...event, data: { ...event.data, raw: NOTHING } };
    case 'auth0.user-observed': {
      const { linked: _linked, ...data } = event.data;
      return { ...event, data: { ...data, email: null } };
    }
    case 'handle.observed':
      return { ...event, data: { handle: null } };
    case 'sister.observed':
      return { ...event, data: { user: null, handle: null } };
    case 'sister.named':
      return { ...event, data: { by: null } };
    case 'subject.observed': {
      const { account } = event.data;
      const nameless = account && { did: account.did, handle: BLANKED_HANDLE, email: null };
      return { ...event, data: { ...event.data, account: nameless } };
    }
    case 'actions.intended':
      return {
        ...event,
        data: { actions: event.data.actions.map(({ resource, type }) => ({ resource, type })) },
      };
    case 'account.creation-intended':
      return { ...event, data: { ...event.data, handle: BLANKED_HANDLE, email: NOTHING } };
    case 'account.creation-refused':
      return { ...event, data: { ...event.data, value: NOTHING } };
    case 'account.created':
      return { ...event, data: { ...event.data, handle: BLANKED_HANDLE, email: NOTHING } };
    case 'account.adopted':
      return { ...event, data: { ...event.data, handle: BLANKED_HANDLE, email: null, evidence: [] } };
    case 'account.recorded':
      return { ...event, data: { ...event.data, handle: BLANKED_HANDLE } };
    case 'handle.recorded':
      return { ...event, data: { ...event.data, handle: BLANKED_HANDLE } };
    case 'handle.refused':
      return { ...event, data: { ...event.data, handle: BLANKED_HANDLE } };
    case 'handle.changed':
      return { ...event, data: { ...event.data, from: BLANKED_HANDLE, to: BLANKED_HANDLE } };
    case 'email.changed':
      return { ...event, data: { ...event.data, to: NOTHING } };
    case 'email.parking-intended':
    case 'email.parked':
      return { ...event, data: { ...event.data, from: NOTHING, to: NOTHING } } as ConcordEvent;
    case 'email.refused':
      return { ...event, data: { ...event.data, email: NOTHING } };
    case 'account.transferred':
      return { ...event, data: { ...event.data, handle: BLANKED_HANDLE, email: null } };
    case 'handle.release-intended':
      return { ...event, data: { ...event.data, row: NOTHING } };
    case 'handle.transferred':
      return { ...event, data: { ...event.data, handle: NOTHING } };
    case 'transfer.promised':
      return { ...event, data: withoutHandle(unreasoned(event.data)) };
    case 'transfer.granted':
      return { ...event, data: { ...withoutHandle(unreasoned(event.data)), evidence: [] } };
    case 'adoption.granted':
      return { ...event, data: { ...unreasoned(event.data), evidence: [] } };
    case 'adoption.withdrawn':
      return { ...event, data: unreasoned(event.data) };
    case 'transfer.cancelled':
      return { ...event, data: unreasoned(event.data) };
    case 'user.paused':
      return { ...event, data: { ...event.data, reason: NOTHING } };
    case 'reconcile.requested':
      return { ...event, data: { ...event.data, reason: NOTHING } };
    case 'removal.granted':
      return { ...event, data: unreasoned(event.data) };
    case 'restore.granted':
      return { ...event, data: unreasoned(event.data) };
    case 'code.accepted':
      return { ...event, data: unreasoned(event.data) };
    case 'user.resumed':
      return { ...event, data: unreasoned(event.data) };
    case 'user.retried':
      return { ...event, data: unreasoned(event.data) };
    case 'sweep.approved':
      return { ...event, data: unreasoned(event.data) };
    case 'converged':
      return { ...event, data: { ...event.data, conditions: event.data.conditions.map(unsaid) } };
    case 'converge.deferred':
      return { ...event, data: { ...event.data, conditions: event.data.conditions.map(unsaid) } };
    case 'converge.failed': {
      const conditions = event.data.conditions.map(unsaid);
      return { ...event, data: { ...event.data, conditions, message: NOTHING } };
    }
    case 'sister.dismissed':
    case 'auth0.user-absent':
    case 'auth0.user-invalid':
    case 'auth0.user-unlisted':
    case 'verification.recorded':
    case 'user-document.created':
    case 'user-document.imported':
    case 'code.assigned':
    case 'account.creation-failed':
    case 'account.creation-abandoned':
    case 'inactive-accounts.listed':
    case 'account.remnant-deleted':
    case 'account.record-dropped':
    case 'resource.removed':
    case 'account.deactivated':
    case 'account.reactivated':
    case 'account.deleted':
    case 'account.released':
    case 'account.retired':
    case 'handle.returned':
    case 'code.release-intended':
    case 'code.released':
    case 'transfer.closed':
    case 'transfer.declined':
    case 'password.refused':
    case 'password.accepted':
    case 'password.reset':
    case 'password-reset.granted':
    case 'user.forgotten':
    case 'user.quarantined':
    case 'user.excluded':
    case 'sweep.started':
    case 'sweep.halted':
    case 'sweep.finished':
    case 'gap.opened':
    case 'gap.closed':
      return event;
  }
}

/** The reason of a decision describes the user, so it is blanked. Who decided is kept, for accountability. */
function unreasoned<T extends Decided>(data: T): T {
  return data.reason === undefined ? data : { ...data, reason: NOTHING };
}

/** That a row moved stays, and not which handle it had. */
function withoutHandle<T extends { readonly handle?: string }>(data: T): T {
  return data.handle === undefined ? data : { ...data, handle: NOTHING };
}

/** The messages of conditions name handles, other users, and the reason of a pause. */
function unsaid(condition: ConditionDraft): ConditionDraft {
  return { ...condition, message: NOTHING };
}

export function isPersonal(event: ConcordEvent): boolean {
  return JSON.stringify(blanked(event).data) !== JSON.stringify(event.data);
}

/** Every address that these events say is the user's, lower-case, once each. */
export function addressesIn(events: readonly ConcordEvent[]): readonly string[] {
  return [...new Set(events.map((event) => addressIn(event)?.toLowerCase() ?? NOTHING))].filter(
    (address) => address !== NOTHING,
  );
}

function addressIn({ type, data }: ConcordEvent): string | null | undefined {
  if (type === 'subject.observed') return data.account?.email;
  if (type === 'email.changed') return data.to;
  if (type === 'account.creation-refused') return data.field === 'email' ? data.value : undefined;
  return 'email' in data ? data.email : undefined;
}
