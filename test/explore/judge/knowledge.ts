/**
 * What Concord can know was there: the oracle's own account of it, made from the log, from what was read by a
 * reconciliation or a sweep that came to its end, and from what the change stream told. What is known and is
 * missing when a reconciliation reads it was removed by others (W1), and a code that is known never changes (W4).
 */
import type { ConcordEvent, EventData, EventType } from '../../../src/events/event.ts';
import type { Removable } from '../../../src/events/resources.ts';
import type { Code, Did, UserKey } from '../../../src/identity.ts';
import type { Auth0Answer } from '../../../src/ports/auth0.ts';
import type { World } from '../model/world.ts';

export type What = 'verification' | 'document' | 'record' | 'account';

/** Of one user, replaced and never changed. */
export interface Known {
  /** Since the user's present life in Auth0 began. */
  readonly there: ReadonlySet<What>;
  /** The account that is meant by `account`. */
  readonly did: Did | undefined;
  /** Of all lives. */
  readonly codes: ReadonlySet<Code>;
  readonly isAbsent: boolean;
  readonly isBlocked: boolean;
  readonly createdAtMs: number;
  /** The newest decision to restore: what was removed before it says nothing any more. */
  readonly restoredAtMs: number;
}

export const NOTHING_KNOWN: Known = {
  there: new Set(),
  did: undefined,
  codes: new Set(),
  isAbsent: false,
  isBlocked: false,
  createdAtMs: Number.NEGATIVE_INFINITY,
  restoredAtMs: Number.NEGATIVE_INFINITY,
};

const WHAT_WAS_REMOVED: Readonly<Record<Removable, What | undefined>> = {
  verification: 'verification',
  'user-document': 'document',
  'account-record': 'record',
  account: 'account',
  code: undefined,
  handle: undefined,
};

export function knowing(known: Known, ...there: readonly What[]): Known {
  return there.every((what) => known.there.has(what))
    ? known
    : { ...known, there: new Set([...known.there, ...there]) };
}

function knowingAccount(known: Known, did: Did, ...there: readonly What[]): Known {
  const next = knowing(known, 'account', ...there);
  return next.did === did ? next : { ...next, did };
}

function unknowing(known: Known, ...gone: readonly What[]): Known {
  const there = new Set([...known.there].filter((what) => !gone.includes(what)));
  return { ...known, there, did: there.has('account') ? known.did : undefined };
}

export function knowingCode(known: Known, code: Code | undefined | null): Known {
  return code === undefined || code === null || known.codes.has(code)
    ? known
    : { ...known, codes: new Set([...known.codes, code]) };
}

/** What the change stream tells: of an earlier life it says nothing about this one. */
export function hearing(known: Known, removed: Removable, at: Date): Known {
  const what = WHAT_WAS_REMOVED[removed];
  const atMs = at.getTime();
  if (what === undefined || atMs < known.createdAtMs || atMs <= known.restoredAtMs) return known;
  // Of a user who has not been read yet: whoever was created later is another one.
  const createdAtMs = Number.isFinite(known.createdAtMs) ? known.createdAtMs : atMs;
  return knowing({ ...known, createdAtMs }, what);
}

/** With a lost account its record may be replaced as well. */
function restoredWith(removed: Removable): readonly What[] {
  const what = WHAT_WAS_REMOVED[removed];
  if (what === undefined) return [];
  return what === 'account' ? ['account', 'record'] : [what];
}

type Learning = { readonly [T in EventType]?: (known: Known, data: EventData[T], at: Date) => Known };

/** Of a user who was never read before nothing says that what is known is of an earlier life. */
function isNewLife({ isAbsent, createdAtMs: before }: Known, createdAtMs: number): boolean {
  return isAbsent || (Number.isFinite(before) && createdAtMs > before);
}

/** What an event says; those that are not listed say nothing of what is there. */
const LEARNING: Learning = {
  'auth0.user-absent': (known) => ({ ...known, isAbsent: true }),
  'auth0.user-observed': (known, { createdAt, blocked }) => {
    const readMs = createdAt === null ? Number.NaN : Date.parse(createdAt);
    const isNew = isNewLife(known, readMs);
    const { there, did, createdAtMs: before } = isNew ? NOTHING_KNOWN : known;
    const createdAtMs = Number.isNaN(readMs) ? before : readMs;
    return { ...known, createdAtMs, isAbsent: false, isBlocked: blocked, there, did };
  },
  'verification.recorded': (known) => knowing(known, 'verification'),
  'user-document.created': (known) => knowing(known, 'document'),
  'code.assigned': (known, { code }) => knowingCode(knowing(known, 'document'), code),
  'subject.observed': (known, { code, verification, document, record, account }) => {
    const there: What[] = [
      ...(verification === undefined ? [] : (['verification'] as const)),
      ...(document === undefined ? [] : (['document'] as const)),
    ];
    const next = knowingCode(knowing(known, ...there), code);
    if (record !== undefined) return knowingAccount(next, record, 'document', 'record');
    return account === null ? next : knowingAccount(next, account.did);
  },
  'user-document.imported': (known, { code, record }) => {
    const next = knowingCode(knowing(known, 'document'), code);
    return record === null ? next : knowingAccount(next, record, 'document', 'record');
  },
  'restore.granted': (known, { what }, at) => ({
    ...unknowing(known, ...what.flatMap((one) => restoredWith(one))),
    restoredAtMs: at.getTime(),
  }),
  'account.created': (known, { did, documented }) =>
    documented === false ? knowingAccount(known, did) : knowingAccount(known, did, 'document', 'record'),
  'account.recorded': (known, { did }) => knowingAccount(known, did, 'document', 'record'),
  'account.adopted': (known, { did }) => knowingAccount(known, did, 'document', 'record'),
  'account.transferred': (known, { did }) => knowingAccount(known, did, 'document', 'record'),
  'account.released': (known) => unknowing(known, 'record', 'account'),
  // The code is another user's from now on.
  'transfer.closed': (known, { what, because }) =>
    because === 'taken' && what.includes('code') ? { ...known, codes: new Set() } : known,
  'account.deleted': (known) => unknowing(known, 'record', 'account'),
  'account.record-dropped': (known) => unknowing(known, 'record', 'account'),
  'account.remnant-deleted': (known) => unknowing(known, 'record', 'account'),
};

export function learning(known: Known, { type, data, at }: ConcordEvent): Known {
  const learn = LEARNING[type] as ((known: Known, data: ConcordEvent['data'], at: Date) => Known) | undefined;
  return learn?.(known, data, at) ?? known;
}

/** What one process has read of one user, and what it knew before. */
export class Observation {
  /** What the log and all that was read before said when this process read the log. */
  #known: Known = NOTHING_KNOWN;
  #seen: Known = NOTHING_KNOWN;
  #present: ReadonlySet<What> = new Set();
  #missingDids: ReadonlySet<Did> = new Set();
  #movedDids: ReadonlySet<Did> = new Set();
  #user: Auth0Answer | undefined;
  #isRead = false;

  readLog(known: Known): void {
    this.#known = known;
  }

  readUser(user: Auth0Answer): void {
    this.#user = user;
  }

  readDocuments(world: World, user: UserKey): void {
    const document = world.documents.users.get(user);
    const present = new Set<What>();
    if (world.documents.verifications.has(user)) present.add('verification');
    if (document !== undefined) present.add('document');
    if (document?.account !== undefined) present.add('record');
    this.#present = present;
    this.#isRead = true;
    this.#seen = knowingCode(knowing(this.#seen, ...present), document?.code);
  }

  /** `isOwn` when the log or the document names it as this user's. */
  readAccount(did: Did, isThere: boolean, isOwn: boolean): void {
    const missing = new Set(this.#missingDids);
    if (isThere) missing.delete(did);
    else missing.add(did);
    this.#missingDids = missing;
    if (isThere && isOwn) this.#seen = knowingAccount(this.#seen, did);
  }

  /** Whether an account that is not active had moved to another PDS. */
  readLocation(did: Did, hasMoved: boolean): void {
    const moved = new Set(this.#movedDids);
    if (hasMoved) moved.add(did);
    else moved.delete(did);
    this.#movedDids = moved;
  }

  hasMoved(did: Did): boolean {
    return this.#movedDids.has(did);
  }

  /** Whether the account that is known to be the user's had. */
  get isMigrated(): boolean {
    const did = this.#did;
    return did !== undefined && this.#movedDids.has(did);
  }

  get #did(): Did | undefined {
    return this.#seen.did ?? (this.#isNewLife() ? undefined : this.#known.did);
  }

  /** What this process has written is there, as far as it knows. */
  wrote(what: What, did: Did | undefined): void {
    this.#seen = did === undefined ? knowing(this.#seen, what) : knowingAccount(this.#seen, did);
    this.#present = new Set([...this.#present, what]);
  }

  /** The account was removed by this process itself, and nobody else. */
  removedAccount(): void {
    this.#known = unknowing(this.#known, 'record', 'account');
    this.#seen = unknowing(this.#seen, 'record', 'account');
  }

  /** What has been read, for the next process to know once this one has come to its end. */
  addTo(known: Known): Known {
    const { there, did } = this.#seen;
    const next = did === undefined ? knowing(known, ...there) : knowingAccount(known, did, ...there);
    return [...this.#seen.codes].reduce(knowingCode, next);
  }

  get codes(): ReadonlySet<Code> {
    return new Set([...this.#known.codes, ...this.#seen.codes]);
  }

  /** Nothing is created for a user who was read to be blocked, or not there. */
  get refusal(): 'blocked' | 'deleted' | undefined {
    const known = this.#known.isAbsent ? 'absent' : { blocked: this.#known.isBlocked };
    const user = this.#user ?? known;
    if (typeof user !== 'object') return 'deleted';
    return user.blocked ? 'blocked' : undefined;
  }

  /** What was known to be there, and was not when it was last read. Of an account that moved nothing is missing here. */
  get missing(): readonly What[] {
    const known = this.#isNewLife() ? this.#seen.there : new Set([...this.#known.there, ...this.#seen.there]);
    const missing = this.#isRead
      ? (['verification', 'document', 'record'] as const).filter(
          (what) => known.has(what) && !this.#present.has(what) && !(what === 'record' && this.isMigrated),
        )
      : [];
    const did = this.#did;
    const isAccountMissing =
      known.has('account') && did !== undefined && this.#missingDids.has(did) && !this.isMigrated;
    return isAccountMissing ? [...missing, 'account'] : missing;
  }

  #isNewLife(): boolean {
    const user = this.#user;
    if (typeof user !== 'object') return false;
    return isNewLife(this.#known, user.createdAt?.getTime() ?? Number.NaN);
  }
}
