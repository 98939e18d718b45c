/**
 * Rows of `@handles`, moved from one user to another. The handle has a unique index, so a row cannot be there for both; and
 * a server that is no replica set has no transactions. So the row is removed first, and is kept as text in the log.
 */
import { BSON, type Collection, type Db, type Filter } from 'mongodb';
import type { UserKey } from '../../identity.ts';
import type { DocumentStore } from '../../ports/documents.ts';
import { collections } from '../driver/collections.ts';
import { isDuplicateKey, reading, writing } from '../driver/errors.ts';
import { platformHandleOf, type StoredHandle } from './document-shapes.ts';

const { EJSON } = BSON;

type HandleRows = Pick<DocumentStore, 'handleRow' | 'removeHandleRow' | 'insertHandleRow'>;
type Fields = Readonly<Record<string, unknown>>;

export function handleRows(db: Db): HandleRows {
  const handles = db.collection<StoredHandle>(collections.handles);
  return {
    async handleRow(user, handle) {
      const found = await rowOf(handles, user);
      return found === undefined || handleIn(found) !== handle ? undefined : textOf(found);
    },

    async removeHandleRow(user, row) {
      const found = await rowOf(handles, user);
      if (found === undefined) return 'missing';
      if (textOf(found) !== row) return 'other';
      // The whole row is in the filter: the log has it as it was read, and nothing of it is lost.
      // With `$in`, because MongoDB 4.0 fails on `$eq` with `$$ROOT`.
      const isAsRead = { $expr: { $in: ['$$ROOT', { $literal: [{ _id: user, ...found }] }] } };
      const filter: Filter<StoredHandle> = { _id: { $eq: user }, ...isAsRead };
      const { deletedCount } = await writing('remove a handle', () => handles.deleteOne(filter));
      return deletedCount === 1 ? 'removed' : 'other';
    },

    async insertHandleRow(user, row) {
      const fields = EJSON.parse(row, { relaxed: false }) as Fields;
      const { handle } = fields;
      const holders = await reading('find the owner of a handle', () =>
        handles.find({ handle: { $eq: handle } }, { projection: { _id: 1 }, limit: 2 }).toArray(),
      );
      if (holders.some(({ _id }) => _id === user)) return 'exists';
      if (holders.length > 0) return 'taken';
      return writing('insert a handle', async () => {
        try {
          await handles.insertOne({ ...fields, _id: user });
          return 'inserted';
        } catch (error) {
          if (!isDuplicateKey(error)) throw error;
          const now = await handles.findOne({ _id: { $eq: user } }, { projection: { handle: 1 } });
          return platformHandleOf(now?.handle) === handleIn(fields) ? 'exists' : 'taken';
        }
      });
    },
  };
}

async function rowOf(handles: Collection<StoredHandle>, user: UserKey): Promise<Fields | undefined> {
  const found = await reading('read a handle', () =>
    handles.findOne({ _id: { $eq: user } }, { promoteValues: false }),
  );
  if (found === null) return undefined;
  const { _id, ...fields } = found;
  return fields;
}

/** A number is read as an object here, so that its type is kept. */
function handleIn({ handle }: Fields): string | undefined {
  return platformHandleOf(typeof handle === 'object' && handle !== null ? handle.valueOf() : handle);
}

/** Types and the order of fields stay as they are stored. */
function textOf(fields: Fields): string {
  return EJSON.stringify(fields, { relaxed: false });
}
