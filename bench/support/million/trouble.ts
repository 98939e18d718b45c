/** People in trouble: the first so many of the subjects, in every way that there is. */
import type { Db } from 'mongodb';

const SINCE = '2026-02-01T10:00:00.000Z';

const WAYS = [
  { type: 'handle', reason: 'HandleTaken', status: 'False', held: true },
  { type: 'account', reason: 'Failing', status: 'False', held: false },
  { type: 'account', reason: 'EmailTaken', status: 'False', held: true },
  { type: 'account', reason: 'NotObserved', status: 'Unknown', held: false },
  { type: 'pause', reason: 'Paused', status: 'False', held: false },
  { type: 'verification', reason: 'Failing', status: 'False', held: false },
] as const;

export async function trouble(db: Db, count: number): Promise<void> {
  // No limit is what the server takes it for.
  if (count === 0) return;
  const subjects = db.collection<{ _id: string; due?: object }>('concord.subjects');
  const everyone = await subjects
    .find({}, { projection: { _id: 1 } })
    .sort({ _id: 1 })
    .limit(count)
    .toArray();
  for (let from = 0; from < everyone.length; from += 1_000) {
    await subjects.bulkWrite(
      everyone
        .slice(from, from + 1_000)
        .map(({ _id }, index) => ({ updateOne: { filter: { _id }, update: wrong(index) } })),
      { ordered: false },
    );
  }
}

function wrong(at: number) {
  const { type, reason, status, held } = WAYS[at % WAYS.length] ?? WAYS[0];
  const isFailing = reason === 'Failing';
  const isQuarantined = isFailing && at % 5 === 0;
  const condition = {
    ...{ type, reason, status, held, since: SINCE, event: '01936b3c-0000-7000-8000-000000000000' },
    message:
      'A sentence of about the length that such sentences have, for people who want to know what to do.',
  };
  const failure = {
    code: 'TIMEOUT',
    upstream: 'pds',
    message: `account: pds ${type} timed out`,
    since: SINCE,
    at: SINCE,
  };
  return {
    $set: {
      'view.sync': status === 'Unknown' ? 'Unknown' : 'OutOfSync',
      'view.health': type === 'pause' ? 'Suspended' : held || isFailing ? 'Degraded' : 'Progressing',
      'view.attempts': isFailing ? 4 : 0,
      'view.quarantined': isQuarantined,
      ...(isFailing ? { 'view.failure': failure } : {}),
      ...(isFailing && !isQuarantined
        ? { due: { at: new Date(Date.now() + 3_600_000), priority: 0, count: 1 } }
        : {}),
      // In the place of the condition that was well.
      'view.conditions.3': condition,
    },
  };
}
