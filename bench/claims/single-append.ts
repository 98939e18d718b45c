/** P7: events that are appended one by one, by many. */
import { eventLog } from '../../src/mongo/log/event-log.ts';
import type { Bench, Claim, Family } from '../claim.ts';
import { emmettStore } from '../rivals/emmett.ts';
import { openDatabase } from '../support/database.ts';
import { type Entry, eventsOf, newBatch } from '../support/entries.ts';
import { atOnce, rateOf } from '../support/work.ts';

const P7: Claim = {
  id: 'P7',
  name: 'single-event append, 32 writers',
  against: 'emmett-mongodb, a new stream an event',
  unit: 'events/s',
  aim: { atLeast: 8 },
};

const WRITERS = 32;

export const singleAppend: Family = { claims: [P7], measure };

async function measure(bench: Bench): Promise<void> {
  if (bench.emmett === undefined) {
    bench.skip(P7, 'it is no dependency; name a folder where it was installed with --emmett');
    return;
  }
  const database = await openDatabase(await bench.mongod());
  const log = eventLog(database.concord.db);
  const store = await emmettStore(bench.emmett, database.uri, database.name);
  const entries = (batches: number): Entry[] => Array.from({ length: batches }, () => newBatch()).flat();

  const ours = (): Promise<number> => {
    const events = eventsOf(entries(20));
    return rateOf(events.length, () => atOnce(WRITERS, events, (event) => log.append([event])));
  };
  const against = (): Promise<number> => {
    const events = entries(4);
    return rateOf(events.length, () =>
      atOnce(WRITERS, events, (entry) =>
        store.appendToStream(`log:${entry.log_id}`, [
          { type: 'auth0.log-received', data: { raw: JSON.stringify(entry) } },
        ]),
      ),
    );
  };
  await bench.compare(P7, { ours, against }, { full: 30, quick: 7 });
  await store.close();
  await database.close();
}
