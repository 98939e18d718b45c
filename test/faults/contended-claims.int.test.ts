/**
 * One user, one worker: 32 workers fight over a few users with leases that run out under them. Nobody is ever
 * given a user whom another holds. As many claims as are affordable on the real queue, the rest on the one in
 * memory, which passes the same contract.
 */
import { expect, test } from 'vitest';
import { LeaseLostError } from '../../src/errors.ts';
import { ensureCollections } from '../../src/mongo/setup/indexes.ts';
import { workQueue } from '../../src/mongo/subjects/work-queue.ts';
import type { Lease, WorkQueue } from '../../src/ports/queue.ts';
import { at, person, trigger, view } from '../mongo/subjects/people.ts';
import { openWorld } from '../mongo/world.ts';
import { seededRandom } from '../support/in-memory/random.ts';
import { inMemoryWorkQueue } from '../support/in-memory/work-queue.ts';
import { figure } from './support/figure.ts';

const WORKERS = 32;
const USERS = 12;
const ON_MONGODB = process.env['CONCORD_LONG'] === '1' ? 100_000 : 20_000;
const IN_MEMORY = 100_000 - Math.min(ON_MONGODB, 100_000) + 20_000;
/** In the queue's own time, of which every claim takes a millisecond. */
const LEASE_MS = 40;

const world = openWorld();

interface Tally {
  /** Calls of `claim`. */
  claims: number;
  granted: number;
  overlaps: number;
  /** Completions that were refused, because the lease had run out and somebody else had taken it. */
  lost: number;
}

interface Held {
  readonly lease: Lease;
  readonly since: Date;
}

async function fight(queue: WorkQueue, claims: number): Promise<Tally> {
  const random = seededRandom(12);
  const tally: Tally = { claims: 0, granted: 0, overlaps: 0, lost: 0 };
  const holders = new Map<string, Held>();
  let nowMs = 0;
  const tick = (): Date => {
    nowMs += 1;
    return new Date(at(0).getTime() + nowMs);
  };
  const everyone = Array.from({ length: USERS }, (_, index) => trigger(person(`user-${index}`)));
  await queue.markDue(everyone, tick(), 'trigger');

  const take = (lease: Lease, now: Date): void => {
    tally.granted += 1;
    const other = holders.get(lease.user);
    // Whoever has not begun to give it back holds it until its time runs out. Answers may overtake each other,
    // so the one that is heard of later may be the earlier one.
    if (other !== undefined && other.lease.until > now && other.since < lease.until) tally.overlaps += 1;
    if (other === undefined || other.since < now) holders.set(lease.user, { lease, since: now });
  };
  const giveUp = (lease: Lease): void => {
    if (holders.get(lease.user)?.lease.token === lease.token) holders.delete(lease.user);
  };
  const end = async (lease: Lease): Promise<void> => {
    giveUp(lease);
    try {
      // Due again at once: there is always somebody to fight over.
      await queue.complete(lease, view, undefined, tick());
    } catch (error) {
      if (!(error instanceof LeaseLostError)) throw error;
      tally.lost += 1;
    }
  };
  const work = async (): Promise<void> => {
    while (tally.claims < claims) {
      tally.claims += 1;
      const now = tick();
      const lease = await queue.claim(now, LEASE_MS);
      if (lease === undefined) continue;
      take(lease, now);
      switch (random.int(4)) {
        case 0:
        case 1:
          await end(lease);
          break;
        case 2:
          giveUp(lease);
          await queue.release(lease);
          break;
        case 3:
          // Works on until the time is over, and only then wants to write.
          while (nowMs < lease.until.getTime() - at(0).getTime() && tally.claims < claims) {
            tally.claims += 1;
            const meanwhile = tick();
            const another = await queue.claim(meanwhile, LEASE_MS);
            if (another === undefined) continue;
            take(another, meanwhile);
            await end(another);
          }
          await end(lease);
      }
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  return tally;
}

test('nobody is given a user whom another holds', { timeout: 600_000 }, async () => {
  const db = world.fresh();
  await ensureCollections(db);
  const real = await fight(workQueue(db), ON_MONGODB);
  const inMemory = await fight(inMemoryWorkQueue().queue, IN_MEMORY);
  const claims = real.claims + inMemory.claims;
  figure(
    `R12: ${real.overlaps + inMemory.overlaps} overlaps in ${claims} contended claims by ${WORKERS} workers, ${real.claims} of them on MongoDB (${real.granted} granted, ${real.lost} leases lost)`,
  );
  expect(real.overlaps + inMemory.overlaps).toBe(0);
  expect(claims).toBeGreaterThanOrEqual(100_000);
  for (const { granted, lost } of [real, inMemory]) {
    expect(granted).toBeGreaterThan(1_000);
    // Leases did run out under their holders.
    expect(lost).toBeGreaterThan(10);
  }
});
