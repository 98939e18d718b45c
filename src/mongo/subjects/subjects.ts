/** How subjects are read. How they are stored is in `stored-subject.ts`. */

import type { Document, Filter } from 'mongodb';
import { isExcludedReason, isMigrated, lackedSince } from '../../events/condition.ts';
import type { AccountHandle, TenantId, UserKey } from '../../identity.ts';
import type {
  Claimant,
  KnownSubject,
  OpenUser,
  Subject,
  SubjectReader,
  SubjectSummary,
  Sync,
} from '../../ports/subjects.ts';
import { collections } from '../driver/collections.ts';
import type { ReadableDb } from '../driver/database.ts';
import { reading } from '../driver/errors.ts';
import { readWhole } from '../driver/whole-read.ts';
import {
  ANY_PRIORITY,
  emailHash,
  ofTenants,
  type StoredSubject,
  subjectOf,
  unleased,
} from './stored-subject.ts';

const knownProjection = {
  'view.sights': 1,
  'view.code': 1,
  'view.did': 1,
  'view.linked': 1,
  'view.unusable': 1,
  'view.sync': 1,
  'view.conditions.reason': 1,
  'view.conditions.held': 1,
  'view.conditions.since': 1,
} as const;

const claimantProjection = {
  tenant: 1,
  'view.did': 1,
  'view.accountHandle': 1,
  'view.accountEmail': 1,
  'view.email': 1,
  'view.emailVerified': 1,
  'view.health': 1,
  'view.conditions': 1,
} as const;

const page = 1_000;
/** As a list of values, so that the index with `view.sync` in it is used. */
const NOT_SYNCED = { 'view.sync': { $in: ['OutOfSync', 'Unknown'] satisfies Sync[] } };
const openProjection = { tenant: 1, userId: 1, observedAt: 1, 'view.conditions.held': 1 } as const;
const summaryProjection = {
  userId: 1,
  observedAt: 1,
  'view.did': 1,
  'view.conditions.type': 1,
  'view.conditions.reason': 1,
} as const;

/** With `tenants`, the backlog counts their users only. */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: one method a query, as the port lists them.
export function subjectReader(db: ReadableDb, tenants?: readonly TenantId[]): SubjectReader {
  const mine = ofTenants(tenants);
  const collection = collections.subjects;
  const subjects = db.collection<StoredSubject>(collection);

  /** Pages by key rather than one cursor: the server drops a cursor that its reader leaves for ten minutes. */
  async function* pagesOf(
    wanted: Filter<StoredSubject>,
    options: { readonly projection?: Document },
  ): AsyncIterable<readonly StoredSubject[]> {
    let after: UserKey | undefined;
    for (;;) {
      const beyond = after === undefined ? {} : { _id: { $gt: after } };
      const found = await readWhole<StoredSubject>(
        db,
        { collection, filter: { ...wanted, ...beyond }, ...options, most: page, isPage: true },
        'list subjects',
      );
      if (found.length > 0) yield found;
      after = found.at(-1)?._id;
      if (found.length < page) return;
    }
  }

  return {
    async get(user) {
      const found = await reading('read a subject', () => subjects.findOne({ _id: { $eq: user } }));
      return found === null ? undefined : subjectOf(found);
    },

    async read(users) {
      const found = new Map<UserKey, Subject>();
      for (let start = 0; start < users.length; start += page) {
        const filter = { _id: { $in: users.slice(start, start + page) } };
        const wanted = { collection, filter, most: page };
        const stored = await readWhole<StoredSubject>(db, wanted, 'read subjects');
        for (const subject of stored) found.set(subject._id, subjectOf(subject));
      }
      return found;
    },

    async marksOf(users) {
      const found = new Map<UserKey, string>();
      for (let start = 0; start < users.length; start += page) {
        const filter = { _id: { $in: users.slice(start, start + page) } };
        const wanted = { collection, filter, projection: { 'view.mark': 1 }, most: page };
        const stored = await readWhole<Pick<StoredSubject, '_id' | 'view'>>(
          db,
          wanted,
          'read the marks of users',
        );
        for (const { _id, view } of stored) if (view !== undefined) found.set(_id, view.mark ?? '');
      }
      return found;
    },

    async known(users) {
      const found = new Map<UserKey, KnownSubject>();
      for (let start = 0; start < users.length; start += page) {
        const filter = { _id: { $in: users.slice(start, start + page) } };
        const wanted = { collection, filter, projection: knownProjection, most: page };
        const stored = await readWhole<StoredSubject>(db, wanted, 'read the subjects of users');
        for (const subject of stored) found.set(subject._id, knownOf(subject));
      }
      return found;
    },

    async carriersOf(handles) {
      const carriers = new Map<AccountHandle, UserKey[]>();
      for (let start = 0; start < handles.length; start += page) {
        const wanted = { 'view.accountHandle': { $in: handles.slice(start, start + page) } };
        const stored = await reading('find the users with a handle', () =>
          subjects.find(wanted, { projection: { 'view.accountHandle': 1 } }).toArray(),
        );
        for (const { _id, view } of stored) {
          const carried = view?.accountHandle;
          if (carried !== undefined) carriers.set(carried, [...(carriers.get(carried) ?? []), _id]);
        }
      }
      return carriers;
    },

    async holdersOfEmail(email) {
      const holding = { accountEmailHash: emailHash(email) };
      const found = await reading('find the users with an email', () =>
        subjects.find(holding, { projection: claimantProjection }).sort({ _id: 1 }).toArray(),
      );
      return found.map(claimantOf);
    },

    async holdersOfHandle(handle) {
      const found = await reading('find the users with a handle', () =>
        subjects
          .find({ 'view.accountHandle': { $eq: handle } }, { projection: claimantProjection })
          .sort({ _id: 1 })
          .toArray(),
      );
      return found.map(claimantOf);
    },

    async waitingFor(user) {
      const found = await reading('find the users that wait for a user', () =>
        subjects
          .find({ 'view.conditions.waitsFor': { $eq: user } }, { projection: { tenant: 1, userId: 1 } })
          .sort({ _id: 1 })
          .toArray(),
      );
      return found.map(({ _id, tenant, userId }) => ({ user: _id, tenant, userId }));
    },

    async successorsOf({ user, tenant, userId, emails }) {
      const others = { projection: { _id: 1 }, sort: { _id: 1 } } as const;
      const hashes = [...new Set(emails.map(emailHash))];
      const [linking, verified] = await reading('find the successors of a deleted user', () =>
        Promise.all([
          subjects.find({ linkedIds: { $eq: userId }, tenant: { $eq: tenant } }, others).toArray(),
          hashes.length === 0 ? [] : subjects.find({ verifiedEmailHash: { $in: hashes } }, others).toArray(),
        ]),
      );
      const byIdentity = linking.map((one) => ({ user: one._id, by: 'identity' as const }));
      const known = new Set([user, ...byIdentity.map((one) => one.user)]);
      const byAddress = verified.filter(({ _id }) => !known.has(_id));
      return [
        ...byIdentity.filter((one) => one.user !== user),
        ...byAddress.map(({ _id }) => ({ user: _id, by: 'address' as const })),
      ];
    },

    async verifiedIn(tenant, email) {
      const filter = { verifiedEmailHash: { $eq: emailHash(email) }, tenant: { $eq: tenant } };
      const found = await reading('find the users with a verified address', () =>
        subjects
          .find(filter, { projection: { _id: 1 } })
          .sort({ _id: 1 })
          .toArray(),
      );
      return found.map((subject) => subject._id);
    },

    async sistersOf(users) {
      const linkedUsers = new Map<UserKey, UserKey>();
      for (let start = 0; start < users.length; start += page) {
        const filter = { _id: { $in: users.slice(start, start + page) }, 'view.sister': { $exists: true } };
        const wanted = { collection, filter, projection: { 'view.sister': 1 }, most: page };
        const found = await readWhole<Pick<StoredSubject, '_id' | 'view'>>(
          db,
          wanted,
          'find the linked users of users',
        );
        for (const { _id, view } of found) if (view?.sister !== undefined) linkedUsers.set(_id, view.sister);
      }
      return linkedUsers;
    },

    async holdersOfDid(did) {
      const found = await reading('find the users with a DID', () =>
        subjects
          .find({ 'view.did': { $eq: did } }, { projection: { _id: 1 } })
          .sort({ _id: 1 })
          .toArray(),
      );
      return found.map((subject) => subject._id);
    },

    async *list(tenant, only = {}) {
      const unsettled = only.unsettled === true ? NOT_SYNCED : {};
      for await (const found of pagesOf({ tenant: { $eq: tenant }, ...unsettled }, {}))
        for (const subject of found) yield subjectOf(subject);
    },

    async *standings(tenant) {
      for await (const found of pagesOf({ tenant: { $eq: tenant } }, { projection: summaryProjection }))
        yield found.map(summaryOf);
    },

    async *open(tenant, now) {
      const idle = { tenant: { $eq: tenant }, due: { $exists: false }, 'view.quarantined': { $ne: true } };
      const died = { ...idle, 'lease.until': { $lte: now } };
      for (const wanted of [{ ...idle, ...NOT_SYNCED, ...unleased(now) }, died])
        for await (const found of pagesOf(wanted, { projection: openProjection }))
          yield found.map(openUserOf);
    },

    backlog: (now) =>
      reading('count the backlog', async () => {
        const due = { ...ANY_PRIORITY, 'due.at': { $lte: now }, ...mine };
        const leasedOnly = { 'lease.until': { $gt: now }, 'due.at': { $not: { $lte: now } }, ...mine };
        const [waiting, leased, oldest] = await Promise.all([
          subjects.countDocuments(due),
          subjects.countDocuments(leasedOnly),
          subjects
            .find({ ...due, 'due.since': { $exists: true } }, { projection: { _id: 0, 'due.since': 1 } })
            .sort({ 'due.since': 1 })
            .limit(1)
            .next(),
        ]);
        return { due: waiting + leased, oldestDueSince: oldest?.due?.since };
      }),
  };
}

function claimantOf(stored: StoredSubject): Claimant {
  const { user, tenant, did, accountHandle, accountEmail, ...subject } = subjectOf(stored);
  const { email, emailVerified, health, conditions } = subject;
  return { user, tenant, did, accountHandle, accountEmail, email, emailVerified, health, conditions };
}

function summaryOf({ _id, userId, observedAt, view }: StoredSubject): SubjectSummary {
  return { user: _id, userId, did: view?.did, conditions: view?.conditions ?? [], observedAt };
}

function openUserOf({ _id, tenant, userId, observedAt, view }: StoredSubject): OpenUser {
  const needsAction = view?.conditions?.some(({ held }) => held) ?? false;
  return { user: _id, tenant, userId, needsAction, observedAt };
}

function knownOf({ view }: StoredSubject): KnownSubject {
  return {
    isSeen: view?.sync !== undefined,
    sights: view?.sights ?? [],
    code: view?.code,
    did: view?.did,
    linked: view?.linked ?? [],
    unusable: view?.unusable ?? [],
    lackedSince: lackedSince(view?.conditions ?? []),
    needsAction: view?.conditions?.some(({ held }) => held) ?? false,
    wasExcluded: view?.conditions?.some(isExcludedReason) ?? false,
    hasMigrated: view?.conditions?.some(isMigrated) ?? false,
  };
}
