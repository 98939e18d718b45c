/**
 * An event under other names. Types, times, causes and words of a fixed set stay; a raw payload is left out, since no
 * decision depends on it and it may contain anything.
 *
 * There is no default here: a new event type does not compile until its personal fields are decided.
 */

import type { ConditionDraft } from '../../../events/condition.ts';
import type { Decided } from '../../../events/data/decisions.ts';
import type { ConcordEvent, EventData } from '../../../events/event.ts';
import { parseAccountHandle } from '../../../identity.ts';
import type { Disguise } from './pseudonyms.ts';

/** One word, as Concord and Auth0 write it. Any other text may contain anything. */
const WORD = /^[A-Za-z][A-Za-z0-9_.-]{0,39}$/;
/** A row of `@handles` may have any fields of the platform; a plan depends only on whether there is one. */
const DISGUISED_ROW = '{}';

export function disguisedEvent(event: ConcordEvent, as: Disguise): ConcordEvent {
  const { _id, user, tenant, at, recordedAt, cause } = event;
  const head = {
    ...{ _id: as.event(_id), user: user === null ? null : as.user(user), tenant: as.tenant(tenant) },
    ...{ at, recordedAt, cause: cause.map((id) => as.event(id)) },
  };
  switch (event.type) {
    case 'auth0.log-received': {
      const { logId, code, hint } = event.data;
      return { ...head, type: event.type, data: { logId: as.text(logId), code: word(code), hint, raw: '' } };
    }
    case 'auth0.event-received': {
      const { eventId, name, hint } = event.data;
      const data = { eventId: as.text(eventId), name: word(name), hint, raw: '' };
      return { ...head, type: event.type, data };
    }
    case 'auth0.user-observed': {
      const { userId, email, linked, ...rest } = event.data;
      const data = {
        ...{ ...rest, userId: as.userId(userId), email: email === null ? null : as.email(email) },
        // Sorted again: a read under other names must find the same list.
        ...(linked === undefined ? {} : { linked: linked.map((id) => as.userId(id)).sort() }),
      };
      return { ...head, type: event.type, data };
    }
    case 'auth0.user-absent':
    case 'auth0.user-invalid':
      return { ...head, type: event.type, data: { userId: as.userId(event.data.userId) } };
    case 'auth0.user-unlisted':
      return { ...head, type: event.type, data: { run: as.event(event.data.run) } };
    case 'handle.observed': {
      const { handle } = event.data;
      return {
        ...head,
        type: event.type,
        data: { handle: handle === null ? null : as.platformHandle(handle) },
      };
    }
    case 'sister.observed': {
      const { user: sister, handle } = event.data;
      const data = {
        user: sister === null ? null : as.user(sister),
        handle: handle === null ? null : as.platformHandle(handle),
      };
      return { ...head, type: event.type, data };
    }
    case 'sister.named': {
      const { by } = event.data;
      return { ...head, type: event.type, data: { by: by === null ? null : as.user(by) } };
    }
    case 'sister.dismissed':
      return { ...head, type: event.type, data: { named: as.event(event.data.named) } };
    case 'subject.observed': {
      const { code, account, record, ...rest } = event.data;
      const seen = account && {
        ...{ did: as.did(account.did), handle: as.handle(account.handle) },
        email: account.email === null ? null : as.email(account.email),
      };
      return {
        ...head,
        type: event.type,
        data: {
          ...{ ...rest, code: code === null ? null : as.code(code), account: seen },
          ...(record === undefined ? {} : { record: as.did(record) }),
        },
      };
    }
    case 'resource.removed':
      return { ...head, type: event.type, data: event.data };
    case 'restore.granted': {
      const { what, account } = event.data;
      const lost = account === undefined ? {} : { account: as.did(account) };
      return { ...head, type: event.type, data: { what, ...lost, ...decided(event.data, as) } };
    }
    case 'code.accepted': {
      const code = as.code(event.data.code);
      return { ...head, type: event.type, data: { code, ...decided(event.data, as) } };
    }
    case 'user-document.imported': {
      const { by, code, record } = event.data;
      const data = {
        by: as.text(by),
        code: code === null ? null : as.code(code),
        record: record === null ? null : as.did(record),
      };
      return { ...head, type: event.type, data };
    }
    case 'actions.intended': {
      const actions = event.data.actions.map(({ resource, type, from, to }) => ({
        ...{ resource, type },
        ...(from === undefined ? {} : { from: as.handle(from) }),
        ...(to === undefined ? {} : { to: as.handle(to) }),
      }));
      return { ...head, type: event.type, data: { actions } };
    }
    case 'verification.recorded':
      return { ...head, type: event.type, data: event.data };
    case 'user-document.created':
      return { ...head, type: event.type, data: event.data };
    case 'code.assigned':
      return { ...head, type: event.type, data: { ...event.data, code: as.code(event.data.code) } };
    case 'account.creation-intended': {
      const { handle, email, inviteHash } = event.data;
      const data = {
        ...{ handle: as.handle(handle), email: as.email(email), inviteHash: as.inviteHash(inviteHash) },
      };
      return { ...head, type: event.type, data };
    }
    case 'account.creation-refused': {
      const { intent, field, value, reason } = event.data;
      const handle = field === 'handle' ? parseAccountHandle(value) : undefined;
      const other = handle === undefined ? as.email(value) : as.handle(handle);
      return { ...head, type: event.type, data: { intent: as.event(intent), field, value: other, reason } };
    }
    case 'account.creation-failed': {
      const { intent, code } = event.data;
      return { ...head, type: event.type, data: { intent: as.event(intent), code: word(code) } };
    }
    case 'inactive-accounts.listed':
      return { ...head, type: event.type, data: event.data };
    case 'account.creation-abandoned':
      return { ...head, type: event.type, data: { ...event.data, intent: as.event(event.data.intent) } };
    case 'account.created': {
      const { did, handle, email, ...rest } = event.data;
      const data = { ...rest, did: as.did(did), handle: as.handle(handle), email: as.email(email) };
      return { ...head, type: event.type, data };
    }
    case 'account.adopted': {
      const { did, handle, email, evidence, ...rest } = event.data;
      const data = {
        ...{ ...rest, did: as.did(did), handle: as.handle(handle) },
        ...{ email: email === null ? null : as.email(email), evidence: evidence.map((one) => as.text(one)) },
      };
      return { ...head, type: event.type, data };
    }
    case 'account.recorded':
    case 'handle.recorded': {
      const data = { did: as.did(event.data.did), handle: as.handle(event.data.handle) };
      return { ...head, type: event.type, data };
    }
    case 'handle.changed': {
      const { did, from, to, ...rest } = event.data;
      return {
        ...head,
        type: event.type,
        data: { ...rest, did: as.did(did), from: as.handle(from), to: as.handle(to) },
      };
    }
    case 'handle.refused':
      return { ...head, type: event.type, data: { ...event.data, handle: as.handle(event.data.handle) } };
    case 'email.changed':
      return {
        ...head,
        type: event.type,
        data: { ...event.data, did: as.did(event.data.did), to: as.email(event.data.to) },
      };
    case 'email.parking-intended':
    case 'email.parked': {
      const { did, from, to } = event.data;
      const data = { ...event.data, did: as.did(did), from: as.email(from), to: as.email(to) };
      return { ...head, type: event.type, data } as ConcordEvent;
    }
    case 'email.refused':
      return { ...head, type: event.type, data: { ...event.data, email: as.email(event.data.email) } };
    case 'account.deactivated':
      return { ...head, type: event.type, data: { ...event.data, did: as.did(event.data.did) } };
    case 'transfer.promised': {
      const data = { to: as.user(event.data.to), ...disguisedTransfer(event.data, as) };
      return { ...head, type: event.type, data };
    }
    case 'transfer.granted': {
      const { promise, from, replaces, evidence } = event.data;
      const data = {
        ...{ promise: as.event(promise), from: as.user(from), ...disguisedTransfer(event.data, as) },
        ...(replaces === undefined ? {} : { replaces: as.did(replaces) }),
        evidence: evidence.map((one) => as.text(one)),
      };
      return { ...head, type: event.type, data };
    }
    case 'transfer.declined': {
      const { promise, from, ...rest } = event.data;
      const data = { ...rest, promise: as.event(promise), from: as.user(from) };
      return { ...head, type: event.type, data };
    }
    case 'transfer.cancelled': {
      const { promise, from, what } = event.data;
      const data = { what, promise: as.event(promise), from: as.user(from), ...decided(event.data, as) };
      return { ...head, type: event.type, data };
    }
    case 'transfer.closed': {
      const { promise, to, ...rest } = event.data;
      const data = { ...rest, promise: as.event(promise), to: as.user(to) };
      return { ...head, type: event.type, data };
    }
    case 'account.transferred': {
      const { promise, from, did, handle, email, replaced, ...rest } = event.data;
      const data = {
        ...{ ...rest, promise: as.event(promise), from: as.user(from), did: as.did(did) },
        ...{ handle: as.handle(handle), email: email === null ? null : as.email(email) },
        ...(replaced === undefined ? {} : { replaced: as.did(replaced) }),
      };
      return { ...head, type: event.type, data };
    }
    case 'account.released': {
      const { promise, to, did } = event.data;
      const data = { promise: as.event(promise), to: as.user(to), did: as.did(did) };
      return { ...head, type: event.type, data };
    }
    case 'handle.release-intended': {
      const { promise, to } = event.data;
      return {
        ...head,
        type: event.type,
        data: { promise: as.event(promise), to: as.user(to), row: DISGUISED_ROW },
      };
    }
    case 'handle.returned': {
      const { promise, to } = event.data;
      return { ...head, type: event.type, data: { promise: as.event(promise), to: as.user(to) } };
    }
    case 'handle.transferred': {
      const { promise, from, handle } = event.data;
      const data = { promise: as.event(promise), from: as.user(from), handle: as.platformHandle(handle) };
      return { ...head, type: event.type, data };
    }
    case 'code.release-intended':
    case 'code.released': {
      const { promise, to, code } = event.data;
      const data = { promise: as.event(promise), to: as.user(to), code: as.code(code) };
      return { ...head, type: event.type, data };
    }
    case 'account.retired':
    case 'account.remnant-deleted':
    case 'account.record-dropped':
    case 'account.reactivated':
    case 'account.deleted':
    case 'password.refused':
    case 'password.accepted':
    case 'password.reset':
      return { ...head, type: event.type, data: { did: as.did(event.data.did) } };
    case 'adoption.granted': {
      const { did, evidence } = event.data;
      const shown = evidence.map((one) => as.text(one));
      const data = { did: as.did(did), ...decided(event.data, as), evidence: shown };
      return { ...head, type: event.type, data };
    }
    case 'adoption.withdrawn': {
      const data = { did: as.did(event.data.did), ...decided(event.data, as) };
      return { ...head, type: event.type, data };
    }
    case 'removal.granted':
    case 'sweep.approved':
      return {
        ...head,
        type: event.type,
        data: { run: as.event(event.data.run), ...decided(event.data, as) },
      };
    case 'user.resumed':
    case 'user.retried':
      return { ...head, type: event.type, data: decided(event.data, as) };
    case 'reconcile.requested': {
      const { by, reason } = event.data;
      return { ...head, type: event.type, data: { by: as.text(by), reason: as.text(reason) } };
    }
    case 'password-reset.granted':
    case 'user.forgotten':
      return { ...head, type: event.type, data: { by: as.text(event.data.by) } };
    case 'user.paused': {
      const { by, reason, until } = event.data;
      return { ...head, type: event.type, data: { by: as.text(by), reason: as.text(reason), until } };
    }
    case 'converged': {
      const conditions = disguisedConditions(event.data.conditions, as);
      return { ...head, type: event.type, data: { ...event.data, conditions } };
    }
    case 'converge.deferred': {
      const conditions = disguisedConditions(event.data.conditions, as);
      return { ...head, type: event.type, data: { ...event.data, conditions } };
    }
    case 'converge.failed': {
      const { conditions, code, message, ...rest } = event.data;
      const texts = { code: word(code), message: as.text(message) };
      const data = { ...rest, ...texts, conditions: disguisedConditions(conditions, as) };
      return { ...head, type: event.type, data };
    }
    case 'user.quarantined':
      return { ...head, type: event.type, data: { ...event.data, code: word(event.data.code) } };
    case 'user.excluded':
      return { ...head, type: event.type, data: { entry: as.text(event.data.entry) } };
    case 'gap.opened':
      return { ...head, type: event.type, data: event.data };
    case 'gap.closed':
      return { ...head, type: event.type, data: { ...event.data, gap: as.event(event.data.gap) } };
    case 'sweep.halted': {
      const { run, users, ...rest } = event.data;
      const data = { ...rest, run: as.event(run), users: users.map((one) => as.user(one)) };
      return { ...head, type: event.type, data };
    }
    case 'sweep.started':
      return { ...head, type: event.type, data: event.data };
    case 'sweep.finished':
      return { ...head, type: event.type, data: event.data };
  }
}

function decided({ by, reason }: Decided, as: Disguise): Decided {
  return { by: as.text(by), ...(reason === undefined ? {} : { reason: as.text(reason) }) };
}

/** Messages name handles and other users; two that differ must stay different, since `since` depends on it. */
export function disguisedConditions(conditions: readonly ConditionDraft[], as: Disguise): ConditionDraft[] {
  return conditions.map(({ type, status, reason, message, held, waitsFor }) => ({
    ...{ type, status, reason: word(reason), message: as.text(message), held },
    ...(waitsFor === undefined ? {} : { waitsFor: as.user(waitsFor) }),
  }));
}

export function word(text: string): string {
  return WORD.test(text) ? text : 'other';
}

type Transferred = Pick<
  EventData['transfer.granted'],
  'what' | 'account' | 'handle' | 'code' | keyof Decided
>;

function disguisedTransfer(data: Transferred, as: Disguise): Transferred {
  const { what, account, handle, code } = data;
  return {
    ...{ what, ...decided(data, as) },
    ...(account === undefined ? {} : { account: as.did(account) }),
    ...(handle === undefined ? {} : { handle: as.platformHandle(handle) }),
    ...(code === undefined ? {} : { code: as.code(code) }),
  };
}
