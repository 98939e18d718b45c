import { describe, expect, it } from 'vitest';
import { HeldLease } from '../../../../src/engine/reconcile/leases/held-lease.ts';
import { LeaseLostError, UpstreamError } from '../../../../src/errors.ts';
import { createLogger } from '../../../../src/logger.ts';
import { alice, trigger } from '../../../mongo/subjects/people.ts';
import type { Hooks } from '../../../support/in-memory/hooks.ts';
import { inMemoryWorkQueue } from '../../../support/in-memory/work-queue.ts';
import { virtualClock } from '../../../support/virtual-clock.ts';

const SETTINGS = { leaseMs: 60_000, maxLeaseMs: 200_000 };

async function hold() {
  const hooks: Hooks = {};
  const clock = virtualClock();
  const { queue } = inMemoryWorkQueue(hooks);
  const lines: string[] = [];
  const logger = createLogger({ level: 'error', stream: { write: (line) => void lines.push(line) } });
  await queue.markDue([trigger(alice)], clock.now(), 'trigger');
  const claim = () => queue.claim(clock.now(), SETTINGS.leaseMs);
  const lease = await claim();
  if (lease === undefined) throw new Error('Nobody is due.');
  const held = new HeldLease({ queue, clock, logger, settings: SETTINGS }, lease);
  let end: () => void = () => undefined;
  const working = held.during(
    () =>
      new Promise<void>((resolve) => {
        end = resolve;
      }),
  );
  return { hooks, clock, queue, held, claim, working, lines, end: () => end() };
}

describe('a lease', () => {
  it('is renewed while the work goes on, and no longer', async () => {
    const { clock, held, claim, working, end } = await hold();
    await clock.advance(150_000);
    expect(await claim()).toBeUndefined();
    await held.ensure();
    end();
    await working;
    await clock.advance(60_000);
    expect(await claim()).toMatchObject({ unfinished: 1, isTakeover: true });
  });

  it('ends at the maximum, and begins no effect in its last half', async () => {
    const { clock, held, claim, lines } = await hold();
    await clock.advance(169_000);
    await held.ensure();
    await clock.advance(2_000);
    await expect(held.ensure()).rejects.toThrow(/engine.maxLeaseMs/);
    expect(await claim()).toBeUndefined();
    await clock.advance(29_000);
    expect(await claim()).toMatchObject({ unfinished: 1, isTakeover: true });
    await expect(held.ensure()).rejects.toThrow(LeaseLostError);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ user: alice.user, maxLeaseMs: 200_000 }]);
  });

  it('outlives a renewal that fails', async () => {
    const { hooks, clock, claim } = await hold();
    let renewals = 0;
    hooks.before = ({ method }) => {
      if (method !== 'renew') return;
      renewals += 1;
      if (renewals <= 2)
        throw new UpstreamError('not now', { upstream: 'mongodb', code: 'UNREACHABLE', retryable: true });
    };
    await clock.advance(119_000);
    expect(renewals).toBeGreaterThan(3);
    expect(await claim()).toBeUndefined();
  });

  it('that ran out because no renewal arrived is not renewed, although it is free', async () => {
    const { hooks, clock, held, claim } = await hold();
    hooks.before = ({ method }) => {
      if (method === 'renew')
        throw new UpstreamError('not now', { upstream: 'mongodb', code: 'UNREACHABLE', retryable: true });
    };
    await clock.advance(60_000);
    hooks.before = () => undefined;
    await expect(held.ensure()).rejects.toThrow(LeaseLostError);
    await clock.advance(60_000);
    expect(await claim()).toMatchObject({ isTakeover: true });
  });

  it('that another worker has is known to be lost as soon as the timer says so', async () => {
    const { clock, queue, held } = await hold();
    await queue.release(held.current);
    await clock.advance(20_000);
    await expect(held.ensure()).rejects.toThrow(LeaseLostError);
  });
});
