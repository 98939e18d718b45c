/** A subject as it is stored, one document a user, and what it is searched by. The queue in it is in `work-queue.ts`. */

import { createHash } from 'node:crypto';
import type { Collection, Document } from 'mongodb';
import type { Auth0UserId, EventId, TenantId, UserKey } from '../../identity.ts';
import type { Subject, SubjectView } from '../../ports/subjects.ts';
import type { DuePriority } from '../../ports/trigger.ts';

export interface StoredSubject {
  readonly _id: UserKey;
  readonly tenant: TenantId;
  readonly userId: Auth0UserId;
  /** There while the user is due, also while the user is leased. */
  readonly due?: {
    readonly at: Date;
    readonly priority: 0 | 1;
    readonly count: number;
    /** How many of `count` were routine triggers. */
    readonly routine?: number;
    readonly since?: Date;
    readonly latest?: Date;
    readonly causes?: readonly EventId[];
  };
  readonly lease?: { readonly token: string; readonly until: Date };
  /**
   * Leases since the last one that was given back, this one included: each claim adds one, and giving the lease back takes
   * it away. So it counts holders that never came back, and needs no write of theirs.
   */
  readonly unfinished?: number;
  /** What the holder of the lease answers: moved here from `due`, so that later triggers stay apart from it. */
  readonly taken?: { readonly since?: Date; readonly causes?: readonly EventId[] };
  readonly observedAt?: Date;
  readonly view?: Partial<SubjectView>;
  readonly accountEmailHash?: string;
  readonly verifiedEmailHash?: string;
  /** `view.linked`, of users who have any, so that the index is as small as that. */
  readonly linkedIds?: readonly Auth0UserId[];
}

export type Subjects = Collection<StoredSubject>;

/** Not leased, or leased until a time that has come: `$not` also matches where there is no such field. */
export function unleased(now: Date): { readonly 'lease.until': Document } {
  return { 'lease.until': { $not: { $gt: now } } };
}

/** How `due.priority` is stored: what is smaller is claimed first. */
export const priorities = { trigger: 0, sweep: 1 } as const satisfies Record<DuePriority, 0 | 1>;

/** Excludes no user, and lets the server use the index on `due`, which begins with it: else it reads all users. */
export const ANY_PRIORITY = { 'due.priority': { $in: Object.values(priorities) } };

/** Enough to explain a reconciliation; a user with a storm of webhooks does not grow the document. */
export const maxCauses = 20;

export type TenantFilter = { readonly tenant?: { readonly $in: TenantId[] } };

export function ofTenants(tenants: readonly TenantId[] | undefined): TenantFilter {
  return tenants === undefined ? {} : { tenant: { $in: [...tenants] } };
}

type Searched = Pick<StoredSubject, 'accountEmailHash' | 'verifiedEmailHash' | 'linkedIds'>;

/** What a subject is searched by, beside what it shows; what is undefined is not stored. */
function searchedBy({
  accountEmail,
  verifiedEmail,
  linked,
}: Pick<SubjectView, 'accountEmail' | 'verifiedEmail' | 'linked'>): {
  readonly [Field in keyof Required<Searched>]: Searched[Field] | undefined;
} {
  return {
    accountEmailHash: accountEmail === undefined ? undefined : emailHash(accountEmail),
    verifiedEmailHash: verifiedEmail === undefined ? undefined : emailHash(verifiedEmail),
    linkedIds: linked.length === 0 ? undefined : linked,
  };
}

/** Those fields as an update of a subject that may have other ones. */
export function searchUpdate(view: SubjectView): { readonly $set: Searched; readonly $unset: Document } {
  const fields = Object.entries(searchedBy(view));
  return {
    $set: Object.fromEntries(fields.filter(([, value]) => value !== undefined)),
    $unset: Object.fromEntries(
      fields.filter(([, value]) => value === undefined).map(([name]) => [name, true]),
    ),
  };
}

/** None of them. */
export const SEARCHED_BY_NOTHING = {
  accountEmailHash: true,
  verifiedEmailHash: true,
  linkedIds: true,
} as const;

/**
 * What an email is found by. Hashed, because MongoDB 4.0 refuses a document whose index key is over 1,024
 * bytes, and how long an address is, is not ours to say.
 */
export function emailHash(email: string): string {
  return createHash('sha256').update(email.toLowerCase()).digest('base64url');
}

/** A user that was marked due and never reconciled has no view yet: nothing is known of it. */
export function subjectOf(stored: StoredSubject): Subject {
  const view = stored.view ?? {};
  return {
    user: stored._id,
    tenant: stored.tenant,
    userId: stored.userId,
    dueAt: stored.due?.at,
    sights: view.sights ?? [],
    mark: view.mark ?? '',
    email: view.email,
    emailVerified: view.emailVerified ?? false,
    verifiedEmail: view.verifiedEmail,
    linked: view.linked ?? [],
    unusable: view.unusable ?? [],
    code: view.code,
    did: view.did,
    accountHandle: view.accountHandle,
    accountEmail: view.accountEmail,
    platformHandle: view.platformHandle,
    sister: view.sister,
    conditions: view.conditions ?? [],
    sync: view.sync ?? 'Unknown',
    health: view.health ?? 'Progressing',
    attempts: view.attempts ?? 0,
    quarantined: view.quarantined ?? false,
    failure: view.failure,
  };
}
