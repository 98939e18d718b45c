/**
 * The one place that changes events. The log is insert only, for it is the proof of everything that was
 * done; but a person who is gone has the right to be forgotten, and the law puts that above our proof. So
 * what is personal is blanked in place, and what happened, when, and why it followed, stays readable.
 *
 * It is a module of its own, so that whoever holds an event log cannot change it, and whoever holds this
 * can do nothing else.
 */
import type { Collection, Db, Document } from 'mongodb';
import { blanked, isPersonal } from '../events/blank.ts';
import type { ConcordEvent } from '../events/event.ts';
import type { Eraser, Forgotten } from '../ports.ts';
import { collections } from './collections.ts';
import { reading, writing } from './errors.ts';

const writeChunk = 500;
/** Documents searched by one command, so that it ends long before a socket is given up, however long the log. */
const searchWindow = 10_000;

interface Stored {
  readonly _id: string;
  readonly [field: string]: unknown;
}

export function eraser(db: Db): Eraser {
  const log = db.collection<ConcordEvent>(collections.events);
  const events = db.collection<Stored>(collections.events);
  const rejects = db.collection<Stored>(collections.rejects);
  return {
    async blankEvents(user) {
      const personal = (
        await reading('read the events of a user', () => log.find({ user: { $eq: user } }).toArray())
      ).filter(isPersonal);
      for (let start = 0; start < personal.length; start += writeChunk) {
        const updates = personal.slice(start, start + writeChunk).map((event) => ({
          updateOne: {
            filter: { _id: event._id, user: { $eq: user } },
            update: { $set: { data: blanked(event).data } },
          },
        }));
        await writing('blank the events of a user', () => events.bulkWrite(updates, { ordered: false }));
      }
      return personal.length;
    },

    async blankMentions(who) {
      const { user, tenant } = who;
      const ofTenant = { tenant: { $eq: tenant } };
      // An address may be another living identity's too, whose own entries are not ours to take; its id may not.
      const inLog = anyOf(
        { ...ofTenant, ...naming('data.raw', [idPattern(who)]) },
        who.addresses.length === 0
          ? undefined
          : { user: null, ...naming('data.raw', who.addresses.map(addressPattern)) },
      );
      const inRejects = anyOf(
        { ...ofTenant, ...naming('raw', [idPattern(who)]) },
        who.addresses.length === 0 ? undefined : naming('raw', who.addresses.map(addressPattern)),
      );
      let mentions = 0;
      for (const type of ['auth0.log-received', 'auth0.event-received']) {
        const ofOthers = { type, user: { $ne: user } };
        mentions += await blankAll(events, 'at', ofOthers, inLog, 'data.raw', { type });
      }
      // One reason is given for all whom a run concerns, and may name one of them.
      const inReason = naming('data.reason', [idPattern(who), ...who.addresses.map(addressPattern)]);
      for (const type of ['sweep.approved', 'removal.granted']) {
        const ofOthers = { ...ofTenant, type, user: { $ne: user } };
        mentions += await blankAll(events, 'at', ofOthers, inReason, 'data.reason', { type });
      }
      // A sister has the person's key and handle on record, as those of the same person; she may be there still.
      const sisters = await writing('blank what names a user', () =>
        log.updateMany(
          { type: 'sister.observed', 'data.user': { $eq: user } },
          { $set: { 'data.user': null, 'data.handle': null } },
        ),
      );
      const named = await writing('blank what names a user', () =>
        log.updateMany({ type: 'sister.named', 'data.by': { $eq: user } }, { $set: { 'data.by': null } }),
      );
      // `linked` of another user stays: Auth0 shows it as an identity of that user.
      return {
        events: mentions + sisters.modifiedCount + named.modifiedCount,
        rejects: await blankAll(rejects, '_id', {}, inRejects, 'raw', {}),
      };
    },
  };
}

/** Window by window along an index that begins with `walked` and ends with the field `by`. */
async function blankAll(
  collection: Collection<Stored>,
  by: 'at' | '_id',
  of: Document,
  naming: Document,
  field: string,
  walked: Document,
): Promise<number> {
  let blankedCount = 0;
  let from: unknown;
  for (;;) {
    const beyond = from === undefined ? {} : { [by]: { $gt: from } };
    const last = await reading('search for what names a user', () =>
      collection
        .find({ ...walked, ...beyond }, { projection: by === '_id' ? { _id: 1 } : { _id: 0, [by]: 1 } })
        .sort({ [by]: 1 })
        .skip(searchWindow)
        .limit(1)
        .next(),
    );
    const next = last?.[by];
    const window = {
      ...(from === undefined ? {} : { $gte: from }),
      ...(next === undefined ? {} : { $lt: next }),
    };
    const within = Object.keys(window).length === 0 ? {} : { [by]: window };
    const written = await writing('blank what names a user', () =>
      collection.updateMany({ ...of, ...within, ...naming }, { $set: { [field]: '' } }),
    );
    blankedCount += written.modifiedCount;
    if (next === undefined) return blankedCount;
    from = next;
  }
}

function anyOf(first: Document, second: Document | undefined): Document {
  return second === undefined ? first : { $or: [first, second] };
}

function naming(field: string, patterns: readonly string[]): Document {
  return { [field]: { $regex: patterns.join('|'), $options: 'i' } };
}

/** The id as JSON or a URL writes it, and not as the beginning or end of a longer one. */
function idPattern({ userId }: Forgotten): string {
  return `(?<!\\w)${escaped(userId).replaceAll('\\|', '(?:\\||%7c|\\\\u007c)')}(?![\\w-])`;
}

/** `bob@example.com` and `bob%40example.com`, and neither `jimbob@example.com` nor `bob@example.com.au`. */
function addressPattern(address: string): string {
  const at = address.lastIndexOf('@');
  const local = escaped(address.slice(0, Math.max(at, 0)));
  const domain = escaped(address.slice(at + 1));
  return `(?:^|[^\\w.+-]|%[0-9a-f]{2})${local}(?:@|%40|\\\\u0040)${domain}(?![\\w-]|\\.\\w)`;
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
