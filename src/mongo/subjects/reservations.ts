/**
 * Reservations: one document for each reserved value. Its `_id` is made of the value, so that of two users who take one
 * value at the same moment the server accepts one. To read first and write then would be a race.
 */
import type { AnyBulkWriteOperation, Db } from 'mongodb';
import type { EventId, UserKey } from '../../identity.ts';
import type {
  HeldValue,
  Reservation,
  ReservationReader,
  Reservations,
  UniqueValue,
} from '../../ports/reservations.ts';
import { collections } from '../driver/collections.ts';
import type { ReadableDb } from '../driver/database.ts';
import { duplicatePositions, reading, unexpected, writing } from '../driver/errors.ts';
import { emailHash } from './stored-subject.ts';

interface StoredReservation extends Reservation {
  readonly _id: string;
}

const page = 1_000;
/** A value that was taken may be released before it is known who has it; then it is tried again. */
const MAX_TRIES = 3;

export function reservationReader(db: ReadableDb): ReservationReader {
  const stored = db.collection<StoredReservation>(collections.reservations);
  return {
    find: (values) =>
      reading('find the reservations of a value', async () => {
        const found = await stored.find({ _id: { $in: values.map(keyOf) } }).toArray();
        return heldAmong(values, found);
      }),

    ofUser: (user) =>
      reading('find the reservations of a user', async () =>
        (await stored.find({ user: { $eq: user } }).toArray()).map(reservationOf),
      ),

    async *all() {
      let after = '';
      for (;;) {
        const found = await reading('list reservations', () =>
          stored
            .find({ _id: { $gt: after } })
            .sort({ _id: 1 })
            .limit(page)
            .toArray(),
        );
        if (found.length > 0) yield found.map(reservationOf);
        if (found.length < page) return;
        after = found.at(-1)?._id ?? after;
      }
    },
  };
}

export function reservations(db: Db): Reservations {
  const stored = db.collection<StoredReservation>(collections.reservations);

  const release = async (user: UserKey, intents?: readonly EventId[]): Promise<void> => {
    const of = intents === undefined ? {} : { intent: { $in: [...intents] } };
    await writing('release reservations', () => stored.deleteMany({ user: { $eq: user }, ...of }));
  };

  /** False when another user has one of them; then those before it are reserved. */
  const take = (values: readonly UniqueValue[], by: Reservation, over: readonly EventId[]) =>
    writing('reserve values', async () => {
      const { user, intent, at, until } = by;
      const operations = values.map(
        (value): AnyBulkWriteOperation<StoredReservation> => ({
          updateOne: {
            filter: { _id: { $eq: keyOf(value) }, $or: [{ user }, { intent: { $in: [...over] } }] },
            update: { $set: { user, intent, at, until } },
            upsert: true,
          },
        }),
      );
      try {
        await stored.bulkWrite(operations, { ordered: true });
        return true;
      } catch (error) {
        if (duplicatePositions(error) === undefined) throw error;
        return false;
      }
    });

  return {
    ...reservationReader(db),
    release,

    async reserve(values, by, over = []) {
      for (let tries = 0; tries < MAX_TRIES; tries += 1) {
        if (await take(values, by, over)) return [];
        // What refused the write may not be with a majority yet, and a read that asks for one would not find it.
        const found = await reading('find the reservations of a value', () =>
          stored.find({ _id: { $in: values.map(keyOf) } }, { readConcern: 'local' }).toArray(),
        );
        await release(by.user, [by.intent]);
        const held = heldAmong(
          values,
          found.filter(({ user, intent }) => user !== by.user && !over.includes(intent)),
        );
        if (held.length > 0) return held;
      }
      throw unexpected('reserve values: others reserve and release them', 'WRITE_CONFLICT', true);
    },
  };
}

function keyOf({ kind, value }: UniqueValue): string {
  return `${kind}:${kind === 'email' ? emailHash(value) : value}`;
}

function heldAmong(
  values: readonly UniqueValue[],
  found: readonly StoredReservation[],
): readonly HeldValue[] {
  const byKey = new Map(found.map((one) => [one._id, reservationOf(one)]));
  return values.flatMap((value) => {
    const by = byKey.get(keyOf(value));
    return by === undefined ? [] : { ...value, by };
  });
}

function reservationOf({ user, intent, at, until }: StoredReservation): Reservation {
  return { user, intent, at, until };
}
