/** The documents of a tenant whose users are all converged, and what Concord's passes would have left of them. */
import type { Db } from 'mongodb';
import { ensureCollections } from '../../../src/mongo/setup/indexes.ts';
import { emailHash } from '../../../src/mongo/subjects/stored-subject.ts';
import { CREATED_AT, type Human, human } from './people.ts';

const BATCH = 2_000;
const AT_ONCE = 3;

/** Leaves the first `drifted` users without their verification. */
export async function seed(db: Db, tenant: string, users: number, drifted: number): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let from = next; from < users; from = next) {
      next += BATCH;
      const people = Array.from({ length: Math.min(BATCH, users - from) }, (_, at) => human(from + at));
      await insert(db, 'users', people.map(userOf));
      const verified = people.slice(Math.max(0, drifted - from));
      await insert(db, 'verifications', verified.map(verificationOf));
      await insert(db, '@handles', people.flatMap(handleOf));
      await insert(
        db,
        'concord.subjects',
        people.map((one) => subjectOf(one, tenant)),
      );
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  await db.collection('users').createIndex({ code: 1 }, { unique: true, sparse: true });
  await db.collection('@handles').createIndex({ handle: 1 }, { unique: true });
  await ensureCollections(db);
}

async function insert(db: Db, collection: string, documents: readonly { _id: string }[]): Promise<void> {
  if (documents.length === 0) return;
  const options = { ordered: false, writeConcern: { w: 1 } } as const;
  await db.collection<{ _id: string }>(collection).insertMany([...documents], options);
}

function userOf({ userId, code, did, accountHandle }: Human) {
  const atproto = { did, handle: accountHandle, password: 'sealed', createdAt: CREATED_AT.toISOString() };
  return { _id: userId, code, when: CREATED_AT, ...(did === undefined ? {} : { atproto }) };
}

function verificationOf({ userId, emailVerified }: Human) {
  return { _id: userId, count: emailVerified ? 1 : 0 };
}

function handleOf({ userId, platformHandle }: Human) {
  return platformHandle === undefined ? [] : [{ _id: userId, handle: platformHandle }];
}

function subjectOf(one: Human, tenant: string) {
  const { userId, email, emailVerified, code, did, accountHandle, platformHandle, isHandleTaken } = one;
  const condition = (type: string, reason: string) => ({
    ...{ type, reason, status: 'True', held: false },
    message: 'A sentence of about the length that such sentences have.',
    since: CREATED_AT.toISOString(),
    event: '01936b3c-0000-7000-8000-000000000000',
  });
  const named = platformHandle === undefined ? 'NoPlatformHandle' : 'PlatformHandle';
  const account = did === undefined ? {} : { did, accountHandle, accountEmail: email };
  return {
    _id: userId,
    tenant,
    userId,
    observedAt: CREATED_AT,
    view: {
      ...{ email, emailVerified, code, ...account },
      ...(platformHandle === undefined ? {} : { platformHandle }),
      conditions: [
        condition('auth0', 'UserKnown'),
        condition('verification', 'Recorded'),
        condition('user-document', 'HasCode'),
        condition('account', did === undefined ? 'WaitingForEmailVerification' : 'AccountActive'),
        condition('email', did === undefined ? 'NoAccount' : 'EmailSet'),
        condition('handle', did === undefined ? 'NoAccount' : isHandleTaken ? 'HandleTaken' : named),
      ],
      ...{ sync: 'Synced', health: 'Healthy', attempts: 0, quarantined: false },
    },
    ...(did === undefined ? {} : { accountEmailHash: emailHash(email) }),
  };
}
