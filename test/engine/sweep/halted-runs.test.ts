/** Which halts of sweeps are open, by lines of the log. */
import { describe, expect, it } from 'vitest';
import { haltedRuns, isOpen } from '../../../src/engine/sweep/halted-runs.ts';
import type { ConcordEvent } from '../../../src/events/event.ts';
import { eventId } from '../../../src/identity.ts';
import type { EventQuery } from '../../../src/ports/event-log.ts';
import { at, otherTenant, person } from '../../mongo/subjects/people.ts';
import { aliceEvent } from '../../support/in-memory/alice-events.ts';
import { inMemoryEventLog } from '../../support/in-memory/event-log.ts';

const DAY = 86_400;
const share = { have: 0, of: 0 };
const SWEPT = {
  ...{ users: 9, drifted: 0, complete: true, durationMs: 1, resumes: 0, situations: [], orphans: null },
  totals: {
    ...{ verifications: share, users: share, codes: share, handles: share, accounts: share },
    waitingForEmailVerification: 0,
  },
};

const started = (seconds: number, run: string) => aliceEvent('sweep.started', seconds, { users: null }, run);
const finished = (seconds: number, complete = true) =>
  aliceEvent('sweep.finished', seconds, { ...SWEPT, complete }, `end-${seconds}`);
const halted = (seconds: number, run: string, kind: 'removals' | 'source' = 'removals') =>
  aliceEvent(
    'sweep.halted',
    seconds,
    { ...{ run: eventId(run), kind, limit: 1, count: 2, of: 9 }, users: [person('bob').user] },
    `halt-${run}-${kind}`,
  );
const approved = (seconds: number, run: string) =>
  aliceEvent('sweep.approved', seconds, { run: eventId(run), by: 'carol' });
const elsewhere = (event: ConcordEvent): ConcordEvent => ({ ...event, tenant: otherTenant });

async function ask(events: readonly ConcordEvent[], seconds = 10_000) {
  const log = inMemoryEventLog();
  await log.append(events);
  const queries: EventQuery[] = [];
  const read = (query: EventQuery) => {
    queries.push(query);
    return log.read(query);
  };
  return { runs: await haltedRuns({ read }, at(seconds)), queries };
}

const FIRST = [started(10, 'run-1'), halted(20, 'run-1'), finished(30)];

describe('a halt', () => {
  it.each<[string, readonly ConcordEvent[], readonly string[]]>([
    ['is open after the end of its own run', FIRST, ['run-1']],
    ['is closed by a later complete sweep', [...FIRST, started(40, 'run-2'), finished(50)], []],
    ['stays open while a later sweep runs', [...FIRST, started(40, 'run-2')], ['run-1']],
    ['stays open after one that broke off', [...FIRST, started(40, 'run-2'), finished(50, false)], ['run-1']],
    [
      'is closed by the one after that',
      [...FIRST, started(40, 'run-2'), finished(50, false), started(60, 'run-3'), finished(70)],
      [],
    ],
    [
      'is not closed by a sweep of another tenant',
      [...FIRST, elsewhere(started(40, 'run-2')), elsewhere(finished(50))],
      ['run-1'],
    ],
    [
      'is not closed by a sweep that began before it',
      [started(5, 'run-0'), halted(20, 'run-1'), finished(30)],
      ['run-1'],
    ],
    [
      'is not closed by an end whose beginning is another sweep that died',
      [...FIRST, started(40, 'run-2'), finished(50, false), finished(55)],
      ['run-1'],
    ],
    [
      'of a later sweep is one of its own, and the earlier one is closed',
      [...FIRST, started(40, 'run-2'), halted(45, 'run-2'), finished(50)],
      ['run-2'],
    ],
    [
      'of both kinds is closed as one',
      [...FIRST, halted(21, 'run-1', 'source'), started(40, 'run-2'), finished(50)],
      [],
    ],
    ['that is approved is not open', [...FIRST, approved(35, 'run-1')], []],
  ])('%s', async (_what, events, open) => {
    const { runs } = await ask(events);
    expect(runs.filter(isOpen).map(({ run }) => run)).toEqual(open);
  });

  it('names the first complete sweep after it, and when that finished', async () => {
    const { runs } = await ask([
      ...[...FIRST, started(40, 'run-2'), finished(50), started(60, 'run-3'), finished(70)],
    ]);
    expect(runs).toMatchObject([
      { run: 'run-1', approved: false, closed: { run: 'run-2', startedAt: at(40), finishedAt: at(50) } },
    ]);
  });

  it('is of the last seven days', async () => {
    expect((await ask(FIRST, 20 + 7 * DAY)).runs).toHaveLength(1);
    expect((await ask(FIRST, 21 + 7 * DAY)).runs).toEqual([]);
  });
});

describe('the reads', () => {
  /** A complete sweep a minute, and then as many that break off. */
  const many = (count: number, from: number, complete: boolean) =>
    Array.from({ length: count }, (_, index) => from + index * 60).flatMap((seconds) => [
      started(seconds, `run-of-${seconds}`),
      finished(seconds + 30, complete),
    ]);

  it('are none of sweeps where nothing was halted', async () => {
    const { queries } = await ask(many(3, 100, true));
    expect(queries).toHaveLength(1);
  });

  it('are bounded, however many sweeps there were', async () => {
    const { runs, queries } = await ask([...FIRST, ...many(1_000, 100, true)], 100_000);
    expect(runs).toMatchObject([{ closed: {} }]);
    expect(queries.slice(1)).toEqual([expect.objectContaining({ limit: 400, newestFirst: true })]);
  });

  it('find a sweep that closed a halt before more sweeps broke off than are read at once', async () => {
    const events = [...FIRST, started(40, 'run-2'), finished(50), ...many(1_000, 100, false)];
    const { runs, queries } = await ask(events, 100_000);
    expect(runs).toMatchObject([{ closed: { run: 'run-2' } }]);
    expect(queries.slice(1).map(({ limit }) => limit)).toEqual([400, 400]);
  });
});
