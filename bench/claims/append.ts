/** P1 to P3: appending a hundred entries at a time, eight at once. */
import { eventLog } from '../../src/mongo/log/event-log.ts';
import type { Bench, Claim, Family } from '../claim.ts';
import { bareCollection, bareInsert } from '../rivals/bare-insert.ts';
import { openDatabase } from '../support/database.ts';
import { BATCH, type Entry, eventsOf, newBatch } from '../support/entries.ts';
import { atOnce, rateOf } from '../support/work.ts';

const against = 'bare insertMany';
const unit = 'logs/s';
const P1: Claim = {
  id: 'P1',
  name: 'append of 100, no duplicates',
  against,
  unit,
  aim: { atLeast: 1 },
};
const P2: Claim = {
  id: 'P2',
  name: 'append of 100, all duplicates',
  against: `${against} of new documents`,
  unit,
  aim: { atLeast: 2 },
};
const P3: Claim = {
  id: 'P3',
  name: 'append of 100, 10 % duplicates',
  against: `${against} of new documents`,
  unit,
  aim: { atLeast: 0.9 },
};

const AT_ONCE = 8;
const ROUNDS = { full: 36, quick: 7 };

export const append: Family = { claims: [P1, P2, P3], measure };

async function measure(bench: Bench): Promise<void> {
  const batches = bench.quick ? 16 : 48;
  const database = await openDatabase(await bench.mongod());
  const log = eventLog(database.concord.db);
  const entries = await bareCollection(database.bare);
  const logs = batches * BATCH;
  const fresh = (): Entry[][] => Array.from({ length: batches }, () => newBatch());

  const bare = async (): Promise<number> => {
    const work = fresh();
    return rateOf(logs, () => atOnce(AT_ONCE, work, (batch) => bareInsert(entries, batch)));
  };
  const ours = async (work: readonly (readonly Entry[])[], duplicates: number): Promise<number> => {
    const appended = work.map(eventsOf);
    let found = 0;
    const rate = await rateOf(logs, () =>
      atOnce(AT_ONCE, appended, async (events) => {
        const result = await log.append(events);
        found += result.duplicates.length;
      }),
    );
    if (found !== duplicates) throw new Error(`${found} duplicates were found, and there were ${duplicates}`);
    return rate;
  };

  await bench.compare(P1, { ours: () => ours(fresh(), 0), against: bare }, ROUNDS);

  const known = fresh();
  for (const batch of known) await log.append(eventsOf(batch));
  await bench.compare(P2, { ours: () => ours(known, logs), against: bare }, ROUNDS);

  const doubled = logs / 10;
  const oneInTen = (): Entry[][] =>
    fresh().map((batch, at) =>
      batch.map((entry, place) => (place % 10 === 0 ? (known[at]?.[place] ?? entry) : entry)),
    );
  await bench.compare(P3, { ours: () => ours(oneInTen(), doubled), against: bare }, ROUNDS);
  await database.close();
}
