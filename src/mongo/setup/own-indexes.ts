/** The collections of Concord, and the indexes that they have. */
import type { Document } from 'mongodb';
import { collections } from '../driver/collections.ts';

export interface IndexSpec {
  readonly collection: string;
  readonly name: string;
  readonly key: Readonly<Record<string, 1 | -1>>;
  readonly unique?: boolean;
  readonly sparse?: boolean;
  /** Index only the documents that have these fields. */
  readonly having?: readonly string[];
  /** The server removes documents this long after the date in the field. */
  readonly expireAfterSeconds?: number;
  /** Index only the documents that match, beside. */
  readonly where?: Document;
}

const REJECTS_KEPT_DAYS = 30;

export const ownIndexes: readonly IndexSpec[] = [
  // Without `_id`, which would double its size and the cost of every append to settle the order of ties.
  { collection: collections.events, name: 'user_type_at', key: { user: 1, type: 1, at: 1 } },
  { collection: collections.events, name: 'type_at', key: { type: 1, at: 1 } },
  // The few entries that say that a user was deleted.
  {
    collection: collections.events,
    name: 'deletion_hint',
    key: { user: 1, recordedAt: 1 },
    where: { 'data.hint': { $eq: 'deleted' } },
  },
  // `since` is in it so that the backlog can be read from the index alone.
  {
    collection: collections.subjects,
    name: 'due',
    key: { 'due.priority': 1, 'due.at': 1, 'due.since': 1 },
    having: ['due.at'],
  },
  { collection: collections.subjects, name: 'lease', key: { 'lease.until': 1 }, having: ['lease.until'] },
  { collection: collections.subjects, name: 'tenant', key: { tenant: 1, _id: 1 } },
  {
    collection: collections.subjects,
    name: 'email',
    key: { accountEmailHash: 1, _id: 1 },
    having: ['accountEmailHash'],
  },
  // Who in Auth0 has the address, or the identity, of a user who was deleted.
  {
    collection: collections.subjects,
    name: 'verified_email',
    key: { verifiedEmailHash: 1, _id: 1 },
    having: ['verifiedEmailHash'],
  },
  { collection: collections.subjects, name: 'linked', key: { linkedIds: 1 }, having: ['linkedIds'] },
  {
    collection: collections.subjects,
    name: 'handle',
    key: { 'view.accountHandle': 1 },
    having: ['view.accountHandle'],
  },
  { collection: collections.subjects, name: 'did', key: { 'view.did': 1 }, having: ['view.did'] },
  {
    collection: collections.subjects,
    name: 'waits_for',
    key: { 'view.conditions.waitsFor': 1, _id: 1 },
    having: ['view.conditions.waitsFor'],
  },
  // The users that a tick of the schedule may read again, by key.
  {
    collection: collections.subjects,
    name: 'open',
    key: { tenant: 1, 'view.sync': 1, _id: 1 },
    having: ['view.sync'],
  },
  // Counts users by status without reading all of them. Those marked due for the first time are not in it.
  {
    collection: collections.subjects,
    name: 'standing',
    key: { 'view.sync': 1, 'view.health': 1, tenant: 1 },
    having: ['view.sync'],
  },
  {
    collection: collections.inactiveAccounts,
    name: 'email',
    key: { emailHash: 1 },
    having: ['emailHash'],
  },
  {
    collection: collections.inactiveAccounts,
    name: 'handle',
    key: { handleHash: 1 },
    having: ['handleHash'],
  },
  { collection: collections.reservations, name: 'user', key: { user: 1 } },
  {
    collection: collections.rejects,
    name: 'last_at',
    key: { lastAt: 1 },
    expireAfterSeconds: REJECTS_KEPT_DAYS * 86_400,
  },
];

/** Of earlier versions, in our own collections: each has an index in `ownIndexes` that does more. */
export const formerIndexes: readonly IndexSpec[] = [
  { collection: collections.events, name: 'user_at', key: { user: 1, at: 1 } },
];

export const ownCollections = [
  collections.events,
  collections.subjects,
  collections.rejects,
  collections.ignored,
  collections.cursors,
  collections.alerts,
  collections.inactiveAccounts,
  collections.reservations,
];
