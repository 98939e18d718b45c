/**
 * What others change in the platform's documents, as it happens: by one change stream over the database where
 * the server has them, and else by asking `@handles` for what says that it is new.
 *
 * Every change to a handle counts; of `users` and `verifications`, which Concord writes itself, only that a document
 * is deleted, is replaced as a whole, or loses its code or its account.
 */
import type { ChangeStream, ChangeStreamDocument, Db, Document } from 'mongodb';
import { UpstreamError } from '../../errors.ts';
import type { Removable } from '../../events/resources.ts';
import { isSimulatedKey, storedUserKey } from '../../identity.ts';
import type { ChangedHandle, DocumentChange, DocumentChanges } from '../../ports/documents.ts';
import { collections } from '../driver/collections.ts';
import { reading, unexpected } from '../driver/errors.ts';
import { platformHandleOf, type StoredHandle } from './document-shapes.ts';

/** How long the server waits before it answers without a change; a change is sent at once. */
const awaitMs = 1_000;
const page = 1_000;
/** More than this and a poll would be all that the server does. */
const pollTimeoutMs = 10_000;
/** Texts that begin with the digit 1 or 2, as the year of an ISO date does; and no date in words. */
const AFTER_ISO_DATES = '3';

const whole = ['drop', 'rename', 'dropDatabase', 'invalidate'];

/** The documents themselves stay on the server: there are passwords in them. */
const pipeline: readonly Document[] = [
  {
    $match: {
      $or: [
        { 'ns.coll': collections.handles, operationType: { $in: ['insert', 'update', 'replace', 'delete'] } },
        {
          'ns.coll': { $in: [collections.users, collections.verifications] },
          operationType: { $in: ['replace', 'delete'] },
        },
        {
          'ns.coll': collections.users,
          operationType: 'update',
          'updateDescription.removedFields': { $in: ['code', 'atproto'] },
        },
        {
          'ns.coll': { $in: [collections.handles, collections.users, collections.verifications] },
          operationType: { $in: whole },
        },
      ],
    },
  },
  {
    $project: {
      operationType: 1,
      documentKey: 1,
      clusterTime: 1,
      'ns.coll': 1,
      'updateDescription.removedFields': 1,
    },
  },
];

/** What a deleted document was. */
const DELETED: Readonly<Record<string, Removable>> = {
  [collections.users]: 'user-document',
  [collections.verifications]: 'verification',
  [collections.handles]: 'handle',
};
const UNSET: Readonly<Record<string, Removable>> = { code: 'code', atproto: 'account-record' };

export function documentChanges(db: Db): DocumentChanges {
  return {
    follow: (from, signal) => follow(db, from, signal),
    handlesSince: (since) => handlesSince(db, since),
  };
}

async function* follow(db: Db, from: string | undefined, signal: AbortSignal): AsyncIterable<DocumentChange> {
  if (signal.aborted) return;
  const resumed = from === undefined ? {} : { resumeAfter: { _data: from } };
  const stream = db.watch([...pipeline], { maxAwaitTimeMS: awaitMs, ...resumed });
  const close = () => void stream.close().catch(() => undefined);
  signal.addEventListener('abort', close);
  try {
    for (let isFirst = from !== undefined; ; isFirst = false) {
      const change = await next(stream, signal, isFirst);
      if (change === 'stopped') return;
      yield change;
    }
  } finally {
    signal.removeEventListener('abort', close);
    await stream.close();
  }
}

async function next(
  stream: ChangeStream,
  signal: AbortSignal,
  isResumed: boolean,
): Promise<DocumentChange | 'stopped'> {
  const what = 'follow the changes to documents';
  const change = await reading(what, () => stream.tryNext()).catch((error: unknown) => {
    // Closing the stream from outside may end the call with an error of the driver's.
    if (signal.aborted) return 'stopped' as const;
    // Versions differ in what they call a token that they cannot make sense of.
    const isRefused = isResumed && error instanceof UpstreamError && error.code === 'REFUSED';
    throw isRefused ? unexpected(`${what} from the stored position`, 'POSITION_LOST', false) : error;
  });
  if (signal.aborted || change === 'stopped') return 'stopped';
  // What was watched is gone, and the server has ended the stream: there is nothing to go on from.
  if (stream.closed) throw unexpected(what, 'POSITION_LOST', false);
  const position = positionOf(change === null ? stream.resumeToken : change._id);
  return change === null
    ? { user: undefined, removed: [], position, at: undefined, isWhole: false }
    : { ...changeOf(change), position };
}

function changeOf(change: ChangeStreamDocument): Omit<DocumentChange, 'position'> {
  const user = 'documentKey' in change ? storedUserKey(String(change.documentKey._id)) : undefined;
  const seconds = change.clusterTime?.t;
  const at = seconds === undefined ? undefined : new Date(seconds * 1_000);
  // Reported only for its position.
  if (user !== undefined && isSimulatedKey(user)) return { user: undefined, at, removed: [], isWhole: false };
  return { user, at, removed: removedIn(change), isWhole: whole.includes(change.operationType) };
}

function removedIn(change: ChangeStreamDocument): Removable[] {
  if (change.operationType === 'delete') return [DELETED[change.ns.coll] ?? []].flat();
  if (change.operationType !== 'update') return [];
  return (change.updateDescription.removedFields ?? []).flatMap((field) => UNSET[field] ?? []);
}

/** Opaque; its one field is a text on every server that there is. */
function positionOf(token: unknown): string | undefined {
  const isToken = typeof token === 'object' && token !== null && '_data' in token;
  return isToken && typeof token._data === 'string' ? token._data : undefined;
}

/** Served by indexes on `updatedAt` and `createdAt` where there are any; the documents are read once otherwise. */
async function* handlesSince(db: Db, since: Date): AsyncIterable<readonly ChangedHandle[]> {
  const handles = db.collection<StoredHandle & Document>(collections.handles);
  const stamps = [
    { $gte: since },
    { $gte: since.toISOString(), $lt: AFTER_ISO_DATES },
    { $gte: since.getTime() },
  ];
  const filter = {
    $or: ['updatedAt', 'createdAt'].flatMap((field) => stamps.map((is) => ({ [field]: is }))),
  };
  const projection = { handle: 1, updatedAt: 1, createdAt: 1 };
  const found = handles.find(filter, { projection, batchSize: page, maxTimeMS: pollTimeoutMs });
  try {
    let batch: ChangedHandle[] = [];
    for (;;) {
      const row = await reading('read new handles', () => found.next());
      if (row !== null) batch.push(changedHandleOf(row));
      if (batch.length > 0 && (row === null || batch.length === page)) {
        yield batch;
        batch = [];
      }
      if (row === null) return;
    }
  } finally {
    await found.close();
  }
}

function changedHandleOf(row: StoredHandle & Document): ChangedHandle {
  const times = [row['updatedAt'], row['createdAt']].flatMap((stamp: unknown) =>
    stamp instanceof Date || typeof stamp === 'string' || typeof stamp === 'number'
      ? new Date(stamp).getTime()
      : [],
  );
  const atMs = Math.max(0, ...times.filter(Number.isFinite));
  return { user: storedUserKey(String(row._id)), handle: platformHandleOf(row.handle), at: new Date(atMs) };
}
