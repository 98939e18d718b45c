/** The clock of the server that takes our writes, read beside ours. */
import type { Document } from 'mongodb';
import type { Clock, DatabaseClock } from '../../ports/clock.ts';
import type { ReadableDb } from '../driver/database.ts';
import { reading, unexpected } from '../driver/errors.ts';

export function databaseClock(db: Pick<ReadableDb, 'command'>, { now }: Pick<Clock, 'now'>): DatabaseClock {
  return {
    aheadMs: () =>
      reading('report its time', async () => {
        const askedAt = now();
        const answer = await db.command({ isMaster: 1 });
        const serverAheadMs = serverAheadOf(answer, askedAt, now());
        if (serverAheadMs === undefined) throw unexpected('report its time: no localTime', 'NO_TIME', false);
        return -serverAheadMs;
      }),
  };
}

/** By an answer to `isMaster`. The server read its clock between question and answer; the middle is the best estimate. */
export function serverAheadOf(answer: Document, askedAt: Date, answeredAt: Date): number | undefined {
  const localTime: unknown = answer['localTime'];
  if (!(localTime instanceof Date)) return undefined;
  return localTime.getTime() - (askedAt.getTime() + answeredAt.getTime()) / 2;
}
