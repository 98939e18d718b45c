/**
 * Where in the database something of a person is: what `export` reads, and by what `forget` goes.
 *
 * There is no default here: a new collection does not compile until it is decided what it holds of a person, and a new
 * type of event until it is decided where it may name one (`events/definition.ts`).
 */
import type { Document } from 'mongodb';
import type { Mention } from '../../events/definition.ts';
import { mentionsByType } from '../../events/mentions.ts';
import type { Forgotten } from '../../ports/event-log.ts';
import type { Person } from '../../ports/person-records.ts';
import { collections } from '../driver/collections.ts';
import { addressPattern, escaped, idPattern, naming } from '../platform/naming.ts';

export type CollectionName = keyof typeof collections;

/** A search for documents that are of another user, or of none, and name the person. */
export interface Search {
  readonly collection: CollectionName;
  /** Windows are cut along an index that begins with the fields of `walked` and ends with this. */
  readonly along: 'at' | '_id';
  readonly walked: Document;
  readonly filter: Document;
  /** The field with the mention. */
  readonly field: string;
  /** What `forget` writes; absent where the mention stays. */
  readonly blank?: Document;
}

interface Place {
  /** The documents of this person alone, found by an index; undefined where there are none. */
  readonly own: (who: Person) => Document | undefined;
  /** Documents that name the person among others, or in a text that has no other sign of its user. */
  readonly naming: (who: Forgotten) => readonly Omit<Search, 'collection'>[];
  /**
   * blanked: by the eraser. emptied: by what the read model shows of a forgotten user. released: with the reservations of
   * the user. platform: the platform's own, which Concord never removes. kept: names a person only by key, DID or hash.
   */
  readonly forget: 'blanked' | 'emptied' | 'released' | 'platform' | 'kept';
}

const byKey = ({ user }: Forgotten): Document => ({ _id: { $eq: user } });
const nothing = (): undefined => undefined;
const none = (): readonly never[] => [];

export const PLACES: Readonly<Record<CollectionName, Place>> = {
  users: { own: byKey, naming: none, forget: 'platform' },
  verifications: { own: byKey, naming: none, forget: 'platform' },
  handles: { own: byKey, naming: none, forget: 'platform' },
  subjects: { own: byKey, naming: subjectsNaming, forget: 'emptied' },
  events: { own: ({ user }) => ({ user: { $eq: user } }), naming: eventsNaming, forget: 'blanked' },
  rejects: { own: nothing, naming: rejectsNaming, forget: 'blanked' },
  reservations: { own: ({ user }) => ({ user: { $eq: user } }), naming: none, forget: 'released' },
  inactiveAccounts: { own: ({ dids }) => ({ _id: { $in: [...dids] } }), naming: none, forget: 'kept' },
  alerts: { own: alertsOf, naming: none, forget: 'kept' },
  // Counts by tenant and reason.
  ignored: { own: nothing, naming: none, forget: 'kept' },
  cursors: { own: nothing, naming: positionsNaming, forget: 'kept' },
};

/** All of them, in the order in which they are shown. */
export const COLLECTION_NAMES = Object.keys(collections).filter(
  (name): name is CollectionName => name in collections,
);

function eventsNaming(who: Forgotten): Omit<Search, 'collection'>[] {
  return mentionsByType().flatMap(([type, mentions]) =>
    mentions.map((mention) => ({
      ...{ along: 'at' as const, walked: { type }, field: `data.${mention.field}` },
      filter: { type, user: { $ne: who.user }, ...mentioned(who, mention) },
      ...(mention.blank === undefined ? {} : { blank: dataOf(mention.blank) }),
    })),
  );
}

function mentioned(who: Forgotten, { field, names }: Mention): Document {
  const path = `data.${field}`;
  const ofTenant = { tenant: { $eq: who.tenant } };
  const addresses = who.addresses.map(addressPattern);
  switch (names) {
    case 'payload':
      return anyOf(
        { ...ofTenant, ...naming(path, [idPattern(who)]) },
        addresses.length === 0 ? undefined : { user: null, ...naming(path, addresses) },
      );
    case 'text':
      return { ...ofTenant, ...naming(path, [idPattern(who), ...addresses]) };
    case 'key':
      return { [path]: { $eq: who.user } };
    case 'id':
      return { ...ofTenant, [path]: { $eq: who.userId } };
  }
}

function dataOf(blank: NonNullable<Mention['blank']>): Document {
  return Object.fromEntries(Object.entries(blank).map(([name, value]) => [`data.${name}`, value]));
}

function rejectsNaming(who: Forgotten): Omit<Search, 'collection'>[] {
  const addresses = who.addresses.map(addressPattern);
  const filter = anyOf(
    { tenant: { $eq: who.tenant }, ...naming('raw', [idPattern(who)]) },
    addresses.length === 0 ? undefined : naming('raw', addresses),
  );
  return [{ along: '_id', walked: {}, filter, field: 'raw', blank: { raw: '' } }];
}

function subjectsNaming(who: Forgotten): Omit<Search, 'collection'>[] {
  const { user, tenant, userId } = who;
  const others = { _id: { $ne: user } };
  const ofTenant = { tenant: { $eq: tenant } };
  const search = (field: string, filter: Document) =>
    ({ along: '_id', walked: {}, field, filter: { ...others, ...filter } }) as const;
  return [
    search('view.sister', { 'view.sister': { $eq: user } }),
    search('view.conditions.waitsFor', { 'view.conditions.waitsFor': { $eq: user } }),
    search('view.conditions.message', {
      ...ofTenant,
      ...naming('view.conditions.message', [idPattern(who)]),
    }),
    search('linkedIds', { ...ofTenant, linkedIds: { $eq: userId } }),
  ];
}

/** An alert names one of the users that it concerns, by key, and nothing of another. */
function alertsOf({ user }: Forgotten): Document {
  const example = { $eq: user };
  return { $or: [{ 'alert.cause.example': example }, { 'outbox.notice.cause.example': example }] };
}

/** The position of a long run names users by key; that in a change stream has the key of the last document in hexadecimal. */
function positionsNaming(who: Forgotten): Omit<Search, 'collection'>[] {
  const key = `(?<!\\w)${escaped(who.user)}(?![\\w-])`;
  const encoded = Buffer.from(who.user, 'utf8').toString('hex');
  return [{ along: '_id', walked: {}, filter: naming('position', [key, encoded]), field: 'position' }];
}

function anyOf(first: Document, second: Document | undefined): Document {
  return second === undefined ? first : { $or: [first, second] };
}

export function searchesFor(who: Forgotten): readonly Search[] {
  return COLLECTION_NAMES.flatMap((collection) =>
    PLACES[collection].naming(who).map((search) => ({ collection, ...search })),
  );
}
