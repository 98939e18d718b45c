import { afterEach, describe, expect, it } from 'vitest';
import type { ReconciliationResult } from '../../../src/engine/reconcile/reconcile.ts';
import { type WorkerDeps, Workers } from '../../../src/engine/reconcile/workers.ts';
import { createLogger } from '../../../src/logger.ts';
import type { Lease } from '../../../src/ports/queue.ts';
import { person, view } from '../../mongo/subjects/people.ts';
import type { Hooks } from '../../support/in-memory/hooks.ts';
import { inMemoryWorkQueue } from '../../support/in-memory/work-queue.ts';
import { settled, virtualClock } from '../../support/virtual-clock.ts';

/** The longest call to another system. */
const CALL_MS = 5_000;

const people = (count: number) => Array.from({ length: count }, (_, n) => person(`user-${n}`));

/** Passes that take `passMs` and then complete, over a queue in memory and a clock that stands still. */
function setUp(
  options: { readonly concurrency?: number; readonly passMs?: number; readonly retry?: boolean } = {},
) {
  const { concurrency = 4, passMs = 100, retry = false } = options;
  const hooks: Hooks = {};
  const clock = virtualClock();
  const { queue } = inMemoryWorkQueue(hooks);
  const seen: string[] = [];
  const leases: Lease[] = [];
  const ended: string[] = [];
  let inFlight = 0;
  let most = 0;
  const result: ReconciliationResult = {
    user: person('alice').user,
    end: 'converged',
    conditions: [],
    applied: [],
    failures: [],
    retryAt: undefined,
    durationMs: passMs,
    latencyMs: undefined,
  };
  const settings = { concurrency, leaseMs: 60_000, maxLeaseMs: 600_000, pollMs: 1_000 };
  const deps: WorkerDeps = {
    queue,
    clock,
    settings,
    logger: createLogger({ level: 'silent', pretty: false }),
    reconcile: async (lease: Lease) => {
      seen.push(lease.user);
      leases.push(lease);
      inFlight += 1;
      most = Math.max(most, inFlight);
      await clock.delay(passMs);
      inFlight -= 1;
      if (retry) throw new Error('the log could not be written');
      await queue.complete(lease, view, clock.now());
      return result;
    },
    onReconciliation: (lease) => void ended.push(lease.user),
  };
  const workers = new Workers(deps);
  return { hooks, clock, queue, seen, leases, ended, workers, most: () => most, deps };
}

type Setting = ReturnType<typeof setUp>;
const begun: Setting[] = [];

/** Started workers are stopped when the test is over, whatever came of it. */
function start(setting: Setting): Setting {
  begun.push(setting);
  setting.workers.start();
  return setting;
}

afterEach(async () => {
  for (const { workers, clock } of begun.splice(0)) {
    const stopping = workers.stop(0, CALL_MS);
    await clock.advance(1);
    await stopping;
  }
});

async function markDue({ queue, clock }: Setting, count: number): Promise<void> {
  await queue.markDue(people(count), clock.now(), 'trigger');
}

describe('workers', () => {
  it('look at everybody who is due, once, and so many at a time', async () => {
    const setting = setUp({ concurrency: 3 });
    await markDue(setting, 10);
    start(setting);
    await setting.clock.advance(1_000);
    expect(setting.seen).toHaveLength(10);
    expect(new Set(setting.seen).size).toBe(10);
    expect(setting.ended).toHaveLength(10);
    expect(setting.most()).toBe(3);
    expect(setting.clock.elapsedMs()).toBe(1_000);
    expect(setting.workers.reconciliationsInFlight).toBe(0);
  });

  it('begin at once when woken, and otherwise at the next poll', async () => {
    const setting = start(setUp());
    await settled();
    await markDue(setting, 1);
    await setting.clock.advance(10);
    expect(setting.seen).toHaveLength(0);
    setting.workers.wake();
    await settled();
    expect(setting.seen).toHaveLength(1);
    await setting.clock.advance(500);
    await markDue(setting, 2);
    await setting.clock.advance(1_000);
    expect(setting.seen).toHaveLength(3);
  });

  it('sleep no longer than until the next user becomes due', async () => {
    const setting = setUp();
    await setting.queue.markDue(people(1), new Date(setting.clock.now().getTime() + 300), 'trigger');
    start(setting);
    await setting.clock.advance(299);
    expect(setting.seen).toHaveLength(0);
    await setting.clock.advance(1);
    expect(setting.seen).toHaveLength(1);
  });

  it('miss no wake-up that comes while they ask the queue', async () => {
    const setting = setUp();
    let woken = false;
    setting.hooks.after = async ({ method }) => {
      if (method !== 'nextDueAt' || woken) return;
      woken = true;
      await markDue(setting, 1);
      setting.workers.wake();
    };
    start(setting);
    await settled();
    expect(setting.seen).toHaveLength(1);
  });

  it('started twice work once', async () => {
    const setting = setUp({ concurrency: 1 });
    await markDue(setting, 3);
    setting.workers.start();
    start(setting);
    await settled();
    expect(setting.most()).toBe(1);
  });

  it('that run until done end when nobody is due and no pass is under way', async () => {
    const setting = setUp({ concurrency: 2 });
    await markDue(setting, 5);
    let isOver = false;
    const running = setting.workers
      .runUntil(async () => true)
      .then(() => {
        isOver = true;
      });
    await setting.clock.advance(299);
    expect(isOver).toBe(false);
    await setting.clock.advance(1);
    await running;
    expect(setting.ended).toHaveLength(5);
  });

  it('that run until done wait for retries while they are not done', async () => {
    const setting = setUp();
    await setting.queue.markDue(people(1), new Date(setting.clock.now().getTime() + 5_000), 'trigger');
    const running = setting.workers.runUntil(async () => (await setting.queue.nextDueAt()) === undefined);
    await setting.clock.advance(6_000);
    await running;
    expect(setting.ended).toHaveLength(1);
  });
});

describe('stopping', () => {
  it('lets passes under way finish and begins no more', async () => {
    const setting = setUp({ concurrency: 2 });
    await markDue(setting, 5);
    start(setting);
    await settled();
    const stopping = setting.workers.stop(10_000, CALL_MS);
    await setting.clock.advance(100);
    expect(await stopping).toBe(0);
    await setting.clock.advance(5_000);
    expect(setting.ended).toHaveLength(2);
  });

  it('waits no longer than the deadline, and says how many did not finish', async () => {
    const setting = setUp({ concurrency: 2, passMs: 60_000 });
    await markDue(setting, 5);
    start(setting);
    await settled();
    const stopping = setting.workers.stop(1_000, CALL_MS);
    await setting.clock.advance(1_000);
    expect(await stopping).toBe(2);
    // A call of them may be under way for that long, and not for as long as a lease.
    const claim = () => setting.queue.claimUser(person('user-0'), setting.clock.now(), 60_000);
    expect(await claim()).toBeUndefined();
    await setting.clock.advance(CALL_MS + 1);
    expect(await claim()).toBeDefined();
  });

  it('lets a pass finish whose user was being claimed at that moment', async () => {
    const setting = setUp({ passMs: 100 });
    await markDue(setting, 1);
    let stopping: Promise<number> | undefined;
    setting.hooks.after = ({ method }) => {
      if (method === 'claim') stopping ??= setting.workers.stop(10_000, CALL_MS);
    };
    start(setting);
    await setting.clock.advance(50);
    let isOver = false;
    void stopping?.then(() => {
      isOver = true;
    });
    await settled();
    expect(isOver).toBe(false);
    await setting.clock.advance(100);
    expect(await stopping).toBe(0);
    expect(setting.ended).toHaveLength(1);
  });

  it('when nothing was started is over at once', async () => {
    expect(await setUp().workers.stop(1_000, CALL_MS)).toBe(0);
  });
});

describe('trouble', () => {
  it('with the queue is waited out', async () => {
    const setting = setUp();
    await markDue(setting, 1);
    let claims = 0;
    setting.hooks.before = ({ method }) => {
      if (method !== 'claim') return;
      claims += 1;
      if (claims <= 3) throw new Error('the queue cannot be read');
    };
    start(setting);
    await setting.clock.advance(5_999);
    expect([claims, setting.seen.length]).toEqual([3, 0]);
    await setting.clock.advance(1);
    expect(setting.seen).toHaveLength(1);
  });

  it('with a pass gives the user back, to be looked at again after a while', async () => {
    const setting = setUp({ concurrency: 1, passMs: 0, retry: true });
    await markDue(setting, 1);
    start(setting);
    await setting.clock.advance(20_000);
    // Nothing can be written, so every try is in vain: some in 20 seconds, and not thousands.
    expect(setting.seen.length).toBeGreaterThan(2);
    expect(setting.seen.length).toBeLessThan(12);
    expect(setting.ended).toEqual([]);
  });

  it('with every pass at once is no storm either', async () => {
    const setting = setUp({ concurrency: 4, passMs: 1, retry: true });
    await markDue(setting, 8);
    start(setting);
    await setting.clock.advance(20_000);
    expect(setting.seen.length).toBeLessThan(4 * 12);
    expect(new Set(setting.seen).size).toBeGreaterThan(1);
  });

  it('with giving a lease back is no fault of its user, however long it lasts', async () => {
    const setting = setUp({ concurrency: 1, passMs: 1, retry: true });
    let isOut = true;
    setting.hooks.before = ({ method }) => {
      if (method === 'release' && isOut) throw new Error('the queue cannot be written');
    };
    await markDue(setting, 1);
    start(setting);
    // Longer than the lease, which this process has lost by then: it still works on the user.
    await setting.clock.advance(300_000);
    expect(setting.seen).toHaveLength(1);
    isOut = false;
    await setting.clock.advance(5_000);
    expect(setting.leases.length).toBeGreaterThan(1);
    expect(setting.leases.map(({ unfinished }) => unfinished)).toEqual(setting.leases.map(() => 0));
  });

  it('with giving a lease back that does not end leaves it to another worker', async () => {
    const setting = setUp({ concurrency: 1, passMs: 1, retry: true });
    setting.hooks.before = ({ method }) => {
      if (method === 'release') throw new Error('the queue cannot be written');
    };
    await markDue(setting, 1);
    start(setting);
    await setting.clock.advance(599_000);
    expect(setting.seen).toHaveLength(1);
    await setting.clock.advance(5_000);
    expect(setting.leases.map(({ unfinished }) => unfinished)).toEqual([0, 1]);
  });
});

describe('users whose last reconciliation did not end', () => {
  /** Leases that dead processes held, and that have run out. */
  async function leftBehind(setting: Setting, count: number): Promise<void> {
    await markDue(setting, count);
    for (let left = count; left > 0; left -= 1) await setting.queue.claim(setting.clock.now(), 1_000);
    await setting.clock.advance(1_001);
  }

  it('are reconciled one at a time, while others go on beside them', async () => {
    const setting = setUp({ concurrency: 4 });
    await leftBehind(setting, 3);
    await setting.queue.markDue(
      [person('carol'), person('dave'), person('erin')],
      setting.clock.now(),
      'trigger',
    );
    start(setting);
    await setting.clock.advance(1);
    const suspects = () => setting.leases.filter(({ unfinished }) => unfinished > 0);
    expect(suspects()).toHaveLength(1);
    expect(setting.leases).toHaveLength(4);
    await setting.clock.advance(100);
    expect(suspects()).toHaveLength(2);
    await setting.clock.advance(1_000);
    expect(setting.ended).toHaveLength(6);
    expect(await setting.queue.nextDueAt()).toBeUndefined();
  });

  it('cause no polling while one of them is reconciled', async () => {
    const setting = setUp({ concurrency: 4, passMs: 900 });
    let claims = 0;
    setting.hooks.before = ({ method }) => {
      if (method === 'claim') claims += 1;
    };
    await leftBehind(setting, 2);
    claims = 0;
    start(setting);
    await setting.clock.advance(800);
    expect(claims).toBe(2);
  });
});
