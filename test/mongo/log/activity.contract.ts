/** What every count of what happened has to do, whatever the log is kept in. */
import { expect, it } from 'vitest';
import type { ConcordEvent } from '../../../src/events/event.ts';
import type { ActivityReader } from '../../../src/ports/event-log.ts';
import { aliceEvent } from '../../support/in-memory/alice-events.ts';
import { alice, assigned, at, signedUp } from '../subjects/people.ts';

const MINUTE_MS = 60_000;

export function converged(seconds: number, latencyMs: number): ConcordEvent {
  return aliceEvent('converged', seconds, { conditions: [], actions: 1, latencyMs });
}

export function activityContract(open: (events: readonly ConcordEvent[]) => Promise<ActivityReader>): void {
  it('counts what was heard, done and failed, stretch by stretch', async () => {
    const { activity } = await open([
      signedUp('main:0', alice, at(-1)),
      signedUp('main:1', alice, at(0)),
      signedUp('main:2', alice, at(59)),
      assigned('e-3', alice, at(30)),
      aliceEvent('user.retried', 40, { by: 'carol' }),
      aliceEvent('converge.failed', 50, {
        ...{ conditions: [], code: 'TIMEOUT', message: '', attempt: 1, retryAt: null },
      }),
      assigned('e-4', alice, at(130)),
      assigned('e-5', alice, at(180)),
    ]);
    const none = { heard: 0, effects: 0, failed: 0, converged: 0, latencies: new Map() };
    expect(await activity(at(0), at(180), MINUTE_MS)).toEqual([
      { ...none, at: at(0), heard: 2, effects: 1, failed: 1 },
      { ...none, at: at(120), effects: 1 },
    ]);
    expect(await activity(at(300), at(360), MINUTE_MS)).toEqual([]);
  });

  it('puts each latency into a class whose middle is at most a twentieth off', async () => {
    const latencies = [0, 1, 2, 3, 10, 99, 100, 101, 1_234, 60_000, 86_400_000];
    const { activity } = await open(latencies.map((ms, index) => converged(index, ms)));
    const [stretch] = await activity(at(0), at(60), MINUTE_MS);
    expect(stretch?.converged).toBe(latencies.length);
    const told = [...(stretch?.latencies ?? [])].flatMap(([ms, count]) => Array<number>(count).fill(ms));
    expect(told).toHaveLength(latencies.length);
    for (const [index, ms] of told.sort((a, b) => a - b).entries()) {
      const real = Math.max(1, latencies[index] ?? 0);
      expect(Math.abs(ms - real) / real).toBeLessThanOrEqual(0.051);
    }
  });
}
