/** Runs, what is under way and what was halted, as the log and the kept positions have them. */
import { expect, it } from 'vitest';
import { sweepsAnswer } from '../../src/dashboard-data/sweeps.ts';
import { writePosition } from '../../src/engine/sweep/sweep-position.ts';
import type { ConcordEvent, EventData } from '../../src/events/event.ts';
import { eventId } from '../../src/identity.ts';
import type { KeptPosition } from '../../src/ports/runs.ts';
import { at, otherTenant, person, tenant } from '../mongo/subjects/people.ts';
import { aliceEvent } from '../support/in-memory/alice-events.ts';
import { inMemoryEventLog } from '../support/in-memory/event-log.ts';

const MINUTE = 60_000;
const share = { have: 0, of: 0 };
const totals = {
  ...{ verifications: share, users: share, codes: share, handles: share, accounts: share },
  waitingForEmailVerification: 0,
};

function finished(seconds: number, changes: Partial<EventData['sweep.finished']> = {}): ConcordEvent {
  return aliceEvent('sweep.finished', seconds, {
    ...{ users: 100, drifted: 3, complete: true, durationMs: 5_000, resumes: 1 },
    ...{ totals, situations: [], orphans: null },
    ...changes,
  });
}

const started = (seconds: number, id: string) => aliceEvent('sweep.started', seconds, { users: null }, id);
const many = Array.from({ length: 30 }, (_, index) => person(`user-${String(index).padStart(2, '0')}`).user);
const halt = { kind: 'removals', limit: 25, count: 30, of: 100, users: many } as const;

async function ask(events: readonly ConcordEvent[], positions: Readonly<Record<string, KeptPosition>> = {}) {
  const log = inMemoryEventLog();
  await log.append(events);
  return sweepsAnswer({
    sources: {
      events: log,
      positions: { read: async (name) => positions[name] },
      silence: { leastMs: MINUTE, mostMs: MINUTE },
    },
    tenants: [tenant],
    clock: { now: () => at(1_000) },
  });
}

it('shows each run with its end, and one without as broken off', async () => {
  const { runs, tenants, halts } = await ask([
    started(1, 'run-1'),
    started(10, 'run-2'),
    finished(15, { unreadable: 2 }),
    started(20, 'run-3'),
    finished(29, { complete: false, inexact: 'repeated-rows', drifted: 0 }),
    { ...started(21, 'run-other'), tenant: otherTenant },
  ]);
  expect(runs).toEqual([
    expect.objectContaining({
      run: 'run-3',
      endedAt: at(29).toISOString(),
      complete: false,
      inexact: 'repeated-rows',
      drifted: 0,
      unreadable: 0,
    }),
    {
      ...{ run: 'run-2', tenant, startedAt: at(10).toISOString(), endedAt: at(15).toISOString() },
      ...{ users: 100, drifted: 3, unreadable: 2, complete: true, inexact: null },
      ...{ durationMs: 5_000, resumes: 1, halted: [] },
    },
    expect.objectContaining({ run: 'run-1', endedAt: null, complete: null, users: null }),
  ]);
  expect(tenants).toEqual([{ tenant, sweptAt: at(15).toISOString(), running: null }]);
  expect(halts).toEqual([]);
});

it('shows how far the one under way has come, and whether anybody is at it', async () => {
  const position = writePosition({
    ...{
      run: eventId('run-2'),
      startedAt: at(20),
      listing: 'l',
      users: 40,
      drifted: 2,
      resumes: 1,
      renames: [],
      disappeared: [],
    },
    tally: {
      independent: {},
      counts: {
        all: 0,
        verifications: 0,
        users: 0,
        codes: 0,
        handles: 0,
        wanted: 0,
        accounts: 0,
        waiting: 0,
      },
      situations: [],
    },
  });
  const events = [started(1, 'run-1'), finished(5), started(20, 'run-2')];
  const kept = (heldUntil: Date | undefined) => ({ 'sweep:main': { position, at: undefined, heldUntil } });
  const running = await ask(events, kept(at(1_030)));
  const expected = { startedAt: at(20).toISOString(), users: 40, of: 100, drifted: 2, resumes: 1 };
  expect(running.tenants[0]?.running).toEqual({ ...expected, isAlive: true });
  expect(running.runs[0]).toMatchObject({ run: 'run-2', endedAt: null, users: 40, drifted: 2, resumes: 1 });
  expect((await ask(events, kept(at(990)))).tenants[0]?.running).toEqual({ ...expected, isAlive: false });
  // What is kept of an earlier run says nothing of this one.
  const anew = await ask([...events, started(30, 'run-3')], kept(at(1_030)));
  expect(anew.tenants[0]?.running).toMatchObject({ users: null, drifted: null, resumes: 0, isAlive: true });
  expect(anew.runs[0]).toMatchObject({ run: 'run-3', users: null });
});

it('shows what was halted with some of those concerned, and who approved it', async () => {
  const run = eventId('run-1');
  const events = [
    started(1, 'run-1'),
    aliceEvent('sweep.halted', 4, { run, ...halt }),
    aliceEvent('sweep.halted', 5, { run, ...halt, kind: 'renames', users: many.slice(0, 2) }),
    finished(6),
  ];
  const { halts, runs } = await ask(events);
  expect(runs[0]?.halted).toEqual(['removals', 'renames']);
  expect(halts.map(({ kind }) => kind)).toEqual(['renames', 'removals']);
  expect(halts[1]).toEqual({
    ...{ run, tenant, kind: 'removals', at: at(4).toISOString(), limit: 25, count: 30, of: 100 },
    what: '30 accounts of 100 users would be removed, and the limit is 25.',
    ...{ sample: many.slice(0, 20), approved: null, closed: null },
    approvableUntil: new Date(at(4).getTime() + 7 * 86_400_000).toISOString(),
  });
  const later = await ask([...events, aliceEvent('sweep.approved', 7, { run, by: 'carol' })]);
  expect(later.halts.map(({ approved }) => approved)).toEqual(
    Array(2).fill({ by: 'carol', at: at(7).toISOString(), reason: null }),
  );
  const closed = await ask([...events, started(8, 'run-2'), finished(9)]);
  expect(closed.halts.map((one) => one.closed)).toEqual(
    Array(2).fill({ run: 'run-2', at: at(9).toISOString() }),
  );
});
