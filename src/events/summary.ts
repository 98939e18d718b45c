/**
 * The gist of an event in a few words, for a list of them: no address, and no payload. What a person gave as the reason
 * of a decision is shown as it was given.
 *
 * There is no default here: a new type of event does not compile until it has a summary.
 */

import type { Decided } from './data/decisions.ts';
import type { ConcordEvent, EventData } from './event.ts';

export function summary(event: ConcordEvent): string {
  switch (event.type) {
    case 'auth0.log-received':
      return event.data.code;
    case 'auth0.event-received':
      return event.data.name;
    case 'auth0.user-observed': {
      const { email, emailVerified, blocked, linked = [], unusable = [] } = event.data;
      const address = email === null ? 'no email' : emailVerified ? 'email verified' : 'email not verified';
      const identities = linked.length === 0 ? '' : `, linked identities: ${linked.length}`;
      const odd = unusable.length === 0 ? '' : `, not usable: ${unusable.join(', ')}`;
      return `${address}${blocked ? ', blocked' : ''}${identities}${odd}`;
    }
    case 'handle.observed':
      return event.data.handle === null ? 'none' : `@${event.data.handle}`;
    case 'sister.observed':
      return event.data.user ?? 'none';
    case 'sister.named':
      return `by ${event.data.by ?? 'a user who is forgotten'}`;
    case 'subject.observed':
      return seenSummary(event.data);
    case 'resource.removed':
      return `${event.data.what}, seen by ${event.data.seenBy === 'read' ? 'a read' : 'the change stream'}`;
    case 'restore.granted':
      return `${event.data.what.join(', ')} ${byWhom(event.data)}`;
    case 'code.accepted':
      return `${event.data.code} ${byWhom(event.data)}`;
    case 'user-document.imported':
      return [event.data.code, event.data.record, byWhom(event.data)]
        .filter((one) => one !== null)
        .join(', ');
    case 'transfer.promised':
      return `${event.data.what.join(', ')} to ${event.data.to} ${byWhom(event.data)}`;
    case 'transfer.granted':
      return `${event.data.what.join(', ')} of ${event.data.from} ${byWhom(event.data)}`;
    case 'transfer.cancelled':
      return `${event.data.what.join(', ')} of ${event.data.from} ${byWhom(event.data)}`;
    case 'transfer.declined':
    case 'transfer.closed':
      return `${event.data.what.join(', ')}: ${event.data.because}`;
    case 'account.transferred':
      return `${event.data.did} from ${event.data.from}`;
    case 'account.released':
      return `${event.data.did} to ${event.data.to}`;
    case 'handle.transferred':
      return `@${event.data.handle} from ${event.data.from}`;
    case 'handle.release-intended':
      return `to ${event.data.to}`;
    case 'handle.returned':
      return `not taken by ${event.data.to}`;
    case 'code.release-intended':
    case 'code.released':
      return `${event.data.code} to ${event.data.to}`;
    case 'actions.intended':
      return event.data.actions.map(({ type }) => type).join(', ');
    case 'verification.recorded':
      return `count ${event.data.count}`;
    case 'code.assigned':
      return event.data.code;
    case 'account.creation-intended':
      return event.data.handle;
    case 'account.creation-refused':
      return `${event.data.field} ${event.data.reason}`;
    case 'account.creation-failed':
      return event.data.code;
    case 'inactive-accounts.listed':
      return `${event.data.accounts} ${event.data.accounts === 1 ? 'account' : 'accounts'}`;
    case 'account.creation-abandoned':
      return event.data.reason;
    case 'account.created':
    case 'account.recorded':
    case 'handle.recorded':
      return `${event.data.handle} ${event.data.did}`;
    case 'handle.changed':
      return `${event.data.from} to ${event.data.to}`;
    case 'handle.refused':
      return `${event.data.handle} ${event.data.reason}`;
    case 'converged':
      return `${event.data.actions} ${event.data.actions === 1 ? 'action' : 'actions'}, ${event.data.latencyMs} ms`;
    case 'converge.deferred':
      return `until ${event.data.retryAt}`;
    case 'converge.failed':
      return `${event.data.code}, try ${event.data.attempt}`;
    case 'user.excluded':
      return event.data.entry;
    case 'user.quarantined':
      return `${event.data.code}, after ${event.data.attempts} tries`;
    case 'sweep.finished':
      return `${event.data.users} users, ${event.data.drifted} out of sync${event.data.complete ? '' : `, ${event.data.inexact ?? 'broke off'}`}`;
    case 'account.adopted':
      return `${event.data.handle} ${event.data.did}`;
    case 'account.deactivated':
      return `${event.data.did} because ${event.data.because}`;
    case 'account.remnant-deleted':
    case 'account.record-dropped':
    case 'account.reactivated':
    case 'account.deleted':
    case 'account.retired':
    case 'password.refused':
    case 'password.accepted':
    case 'password.reset':
    case 'email.changed':
    case 'email.parking-intended':
    case 'email.parked':
      return event.data.did;
    case 'email.refused':
      return event.data.reason;
    case 'adoption.granted':
    case 'adoption.withdrawn':
      return `${event.data.did} ${byWhom(event.data)}`;
    case 'removal.granted':
    case 'password-reset.granted':
    case 'user.paused':
    case 'user.resumed':
    case 'user.retried':
    case 'user.forgotten':
    case 'reconcile.requested':
    case 'sweep.approved':
      return byWhom(event.data);
    case 'sweep.halted':
      return `${event.data.count} ${event.data.kind}, limit ${event.data.limit}`;
    case 'gap.opened': {
      const { cause, from, until } = event.data;
      return `${cause}, from ${from}${until === null ? '' : ` until ${until}`}`;
    }
    case 'gap.closed':
      return `by a ${event.data.by}`;
    case 'sister.dismissed':
    case 'auth0.user-absent':
    case 'auth0.user-invalid':
    case 'auth0.user-unlisted':
    case 'user-document.created':
    case 'sweep.started':
      return '';
  }
}

function seenSummary({
  account,
  code,
  document,
  verification,
  record,
}: EventData['subject.observed']): string {
  const seen = [
    account?.did ?? record,
    code,
    document && 'users document',
    verification !== undefined && 'verification',
  ].filter((one) => typeof one === 'string');
  return seen.length === 0 ? 'nothing' : seen.join(', ');
}

/** The reason is blank where the user was forgotten. */
function byWhom({ by, reason = '' }: Decided): string {
  return reason === '' ? `by ${by}` : `by ${by}: ${reason}`;
}
