/**
 * Where an event of another user, or of none, may name a person: what `export` searches and `forget` blanks.
 *
 * There is no default here: a new type of event does not compile until it is decided where it may name others.
 */
import type { EventType } from './event.ts';

export interface Mention {
  /** The field below `data`; of an array of objects, the field of each. */
  readonly field: string;
  /**
   * `payload`: text from outside, with an id of the tenant, or with an address where the event is no user's: an address
   * may be another living user's too, whose own entries are not this person's.
   * `text`: text that we or people wrote, with the id or an address. `key` and `id`: exactly that, or a list of it.
   */
  readonly names: 'payload' | 'text' | 'key' | 'id';
  /**
   * What `forget` sets. Absent where the mention stays, because a key identifies no person without other data, and
   * says why something happened to the other user.
   */
  readonly blank?: Readonly<Record<string, string | null>>;
}

const NONE: readonly Mention[] = [];
const RAW: readonly Mention[] = [{ field: 'raw', names: 'payload', blank: { raw: '' } }];
/** One reason is given for all users of a decision, and may name one of them. */
const REASON: readonly Mention[] = [{ field: 'reason', names: 'text', blank: { reason: '' } }];
/** Messages name other users by key, and no addresses. */
const CONDITIONS: readonly Mention[] = [
  { field: 'conditions.waitsFor', names: 'key' },
  { field: 'conditions.message', names: 'text' },
];
const TO: readonly Mention[] = [{ field: 'to', names: 'key' }];
const FROM: readonly Mention[] = [{ field: 'from', names: 'key' }];
/** Of an account that is the other user's now. */
const EVIDENCE: readonly Mention[] = [{ field: 'evidence', names: 'text' }];

export const MENTIONS: Readonly<Record<EventType, readonly Mention[]>> = {
  'auth0.log-received': RAW,
  'auth0.event-received': RAW,
  // Auth0 shows it as an identity of the other user.
  'auth0.user-observed': [{ field: 'linked', names: 'id' }],
  'auth0.user-absent': NONE,
  'auth0.user-unlisted': NONE,
  'auth0.user-invalid': NONE,
  'handle.observed': NONE,
  // The linked user, who may be there still, has the person's key and handle on record as those of the same person.
  'sister.observed': [{ field: 'user', names: 'key', blank: { user: null, handle: null } }],
  'sister.named': [{ field: 'by', names: 'key', blank: { by: null } }],
  'sister.dismissed': NONE,
  'subject.observed': NONE,
  'resource.removed': NONE,
  'actions.intended': NONE,
  'verification.recorded': NONE,
  'user-document.created': NONE,
  'user-document.imported': NONE,
  'code.assigned': NONE,
  'account.creation-intended': NONE,
  'account.creation-refused': NONE,
  'account.creation-failed': NONE,
  'account.creation-abandoned': NONE,
  'inactive-accounts.listed': NONE,
  'account.created': NONE,
  'account.record-dropped': NONE,
  'account.recorded': NONE,
  'account.remnant-deleted': NONE,
  'account.adopted': EVIDENCE,
  'account.deactivated': NONE,
  'account.reactivated': NONE,
  'account.deleted': NONE,
  'account.released': TO,
  'account.retired': NONE,
  'account.transferred': FROM,
  'handle.changed': NONE,
  'handle.recorded': NONE,
  'handle.refused': NONE,
  'handle.release-intended': TO,
  'handle.returned': TO,
  'handle.transferred': FROM,
  'code.release-intended': TO,
  'code.released': TO,
  'email.changed': NONE,
  'email.refused': NONE,
  'email.parking-intended': NONE,
  'email.parked': NONE,
  'password.refused': NONE,
  'password.accepted': NONE,
  'password.reset': NONE,
  'password-reset.granted': NONE,
  'transfer.promised': [...TO, ...REASON],
  'transfer.granted': [...FROM, ...EVIDENCE, ...REASON],
  'transfer.declined': FROM,
  'transfer.cancelled': [...FROM, ...REASON],
  'transfer.closed': TO,
  'adoption.granted': [...EVIDENCE, ...REASON],
  'adoption.withdrawn': REASON,
  'removal.granted': REASON,
  'restore.granted': REASON,
  'code.accepted': REASON,
  'user.paused': REASON,
  'user.resumed': REASON,
  'user.retried': REASON,
  'reconcile.requested': REASON,
  'user.forgotten': NONE,
  'user.excluded': NONE,
  'user.quarantined': NONE,
  converged: CONDITIONS,
  'converge.deferred': CONDITIONS,
  'converge.failed': [...CONDITIONS, { field: 'message', names: 'text' }],
  'sweep.started': NONE,
  'sweep.halted': [{ field: 'users', names: 'key' }],
  'sweep.approved': REASON,
  'sweep.finished': NONE,
  'gap.opened': NONE,
  'gap.closed': NONE,
};
