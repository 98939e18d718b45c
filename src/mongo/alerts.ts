/**
 * Alerts: one document a cause, with what is known of it and its outstanding notices. Both are written in one
 * update, so a crash neither loses a notice nor sends one about something that was not stored.
 */
import type { AnyBulkWriteOperation, Db } from 'mongodb';
import type { Alert, AlertReader, AlertStore, Delivery, Notice } from '../ports/alerts.ts';
import { upsertAll } from './driver/bulk.ts';
import { collections } from './driver/collections.ts';
import type { ReadableDb } from './driver/database.ts';
import { reading, writing } from './driver/errors.ts';

interface StoredDelivery {
  readonly notice: Notice;
  readonly receiver: string;
  readonly tries: number;
  /** Absent in what earlier versions stored. */
  readonly refusals?: number;
  readonly nextAt: Date;
}

interface StoredAlert {
  readonly _id: string;
  readonly alert: Alert;
  readonly outbox?: readonly StoredDelivery[];
}

/** There are a dozen kinds of causes, and few of each. */
const most = 1_000;
/** After a long failure a receiver gets only the newest notices; the older ones are in the logs. */
const mostUntold = 20;

export function alertReader(db: ReadableDb): AlertReader {
  const stored = db.collection<StoredAlert>(collections.alerts);
  return {
    all: () =>
      reading('read the alerts', async () => {
        const found = await stored
          .find({}, { projection: { alert: 1 } })
          .sort({ _id: 1 })
          .limit(most)
          .toArray();
        return found.map(({ alert }) => alertOf(alert));
      }),
  };
}

export function alertStore(db: Db): AlertStore {
  const stored = db.collection<StoredAlert>(collections.alerts);
  const entry = ({ notice, receiver }: Delivery) => ({ 'notice.id': notice.id, receiver });
  return {
    ...alertReader(db),

    keep: (alerts, deliveries) => {
      const upserts = alerts.map((alert): AnyBulkWriteOperation<StoredAlert> => {
        const untold = deliveries.filter(({ notice }) => notice.cause.id === alert.cause.id);
        const push = { outbox: { $each: [...untold], $slice: -mostUntold } };
        const update = { $set: { alert }, ...(untold.length === 0 ? {} : { $push: push }) };
        return { updateOne: { filter: { _id: alert.cause.id }, update, upsert: true } };
      });
      return upserts.length === 0 ? Promise.resolve() : upsertAll(stored, upserts, 'keep alerts');
    },

    drop: async (ids) => {
      if (ids.length === 0) return;
      await writing('drop alerts', async () => {
        const named = { _id: { $in: [...ids] } };
        // The outstanding notices of an earlier occurrence stay until they are delivered.
        await stored.updateMany(named, { $set: { 'alert.phase': 'closed' } });
        await stored.deleteMany({ ...named, 'outbox.0': { $exists: false } });
      });
    },

    deliveries: () =>
      reading('read the outstanding notices', async () => {
        const found = await stored
          .find({ 'outbox.0': { $exists: true } }, { projection: { outbox: 1 } })
          .limit(most)
          .toArray();
        return found
          .flatMap(({ outbox = [] }) => outbox)
          .map((stored) => ({ ...stored, refusals: stored.refusals ?? 0 }))
          .sort((a, b) => a.notice.at.getTime() - b.notice.at.getTime());
      }),

    done: async (delivery) => {
      const _id = delivery.notice.cause.id;
      await writing('record a delivered notice', async () => {
        await stored.updateOne({ _id }, { $pull: { outbox: entry(delivery) } });
        await stored.deleteOne({ _id, 'alert.phase': 'closed', 'outbox.0': { $exists: false } });
      });
    },

    later: async (delivery, { nextAt, isRefusal }) => {
      await writing('postpone a notice', () =>
        stored.updateOne(
          { _id: delivery.notice.cause.id, outbox: { $elemMatch: entry(delivery) } },
          {
            $set: { 'outbox.$.nextAt': nextAt },
            $inc: { 'outbox.$.tries': 1, 'outbox.$.refusals': isRefusal ? 1 : 0 },
          },
        ),
      );
    },
  };
}

/** What was not there when it was kept is not there when it is read, rather than undefined. */
function alertOf(alert: Alert): Alert {
  return { ...alert, clearSince: alert.clearSince, toldAt: alert.toldAt };
}
