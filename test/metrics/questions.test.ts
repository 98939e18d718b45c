/** What the answers of the database come to on the page. */
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import type { ConcordEvent } from '../../src/events/event.ts';
import { eventId } from '../../src/identity.ts';
import { type QuestionDeps, questions } from '../../src/metrics/questions.ts';
import type { StatusCounts } from '../../src/ports/status-counts.ts';
import { alice, at, otherTenant, tenant } from '../mongo/subjects/people.ts';
import { aliceEvent } from '../support/in-memory/alice-events.ts';
import { inMemoryEventLog } from '../support/in-memory/event-log.ts';
import { virtualClock } from '../support/virtual-clock.ts';

const sweepOf = { complete: true, resumes: 0, situations: [], orphans: null };
const share = { have: 0, of: 0 };
const totals = {
  ...{ verifications: share, users: share, codes: share, handles: share, accounts: share },
  waitingForEmailVerification: 0,
};

const NOBODY: StatusCounts = {
  ...{ seen: [], unseen: [], waiting: 0, situations: [], affected: [], isPartial: false },
};

async function page(
  events: readonly ConcordEvent[],
  changes: Partial<Pick<QuestionDeps, 'subjects' | 'statusCounts'>> = {},
): Promise<string[]> {
  const log = inMemoryEventLog();
  await log.append(events);
  const registry = new Registry();
  const asked = questions({
    registry,
    clock: virtualClock(at(1_000)),
    tenants: [tenant, otherTenant],
    events: log,
    subjects: { backlog: async () => ({ due: 0, oldestDueSince: undefined }) },
    statusCounts: async () => NOBODY,
    ...changes,
  });
  for (const question of asked) question.hide();
  // Once more, since an answer stands in place of the one before.
  for (const question of [...asked, ...asked]) await question.ask();
  return (await registry.metrics()).split('\n').filter((line) => line.startsWith('concord_'));
}

test('who waits, and since when; nothing of a longest wait while nobody does', async () => {
  const backlog = async () => ({ due: 3, oldestDueSince: at(10) });
  const lines = await page([], { subjects: { backlog } });
  expect(lines).toContain('concord_due_users 3');
  expect(lines).toContain(`concord_due_oldest_timestamp_seconds ${at(10).getTime() / 1_000}`);
  const idle = await page([]);
  expect(idle).toContain('concord_due_users 0');
  expect(idle.join('\n')).not.toContain('concord_due_oldest');
});

test('how users stand, who is paused, and no reason that is not a word', async () => {
  const situation = {
    ...({ tenant, resource: 'account', held: false, deleted: false } as const),
    ...{ example: alice.user, since: at(0), message: '' },
  };
  const trouble = { tenant, failure: undefined, waits: false, held: false, paused: false } as const;
  const lines = await page([], {
    statusCounts: async () => ({
      ...NOBODY,
      seen: [
        { tenant, sync: 'Synced', health: 'Healthy', users: 5 },
        { tenant, sync: 'OutOfSync', health: 'Degraded', users: 3 },
        { tenant, sync: 'Synced', health: 'Deleted', users: 4 },
      ],
      unseen: [{ tenant, users: 2 }],
      affected: [
        { ...trouble, quarantined: false, users: 2 },
        { ...trouble, quarantined: true, users: 1 },
      ],
      situations: [
        { ...situation, reason: 'EmailTaken', held: true, users: 2 },
        { ...situation, reason: 'alice@example.com', users: 1 },
        { ...situation, reason: 'RemovalDue', users: 2 },
        { ...situation, reason: 'RemovalDue', deleted: true, users: 3 },
        { ...situation, resource: 'pause', reason: 'Paused', users: 4 },
      ],
    }),
  });
  const of = (name: string) => lines.filter((line) => line.startsWith(`${name}{`));
  expect(of('concord_users')).toEqual([
    `concord_users{tenant="${tenant}",sync="Synced",health="Healthy"} 5`,
    `concord_users{tenant="${tenant}",sync="OutOfSync",health="Degraded"} 3`,
    `concord_users{tenant="${tenant}",sync="Synced",health="Deleted"} 4`,
    `concord_users{tenant="${tenant}",sync="Unknown",health="Progressing"} 2`,
  ]);
  expect(of('concord_quarantined_users')).toContain(`concord_quarantined_users{tenant="${tenant}"} 1`);
  expect(of('concord_paused_users')).toEqual([
    `concord_paused_users{tenant="${tenant}"} 4`,
    `concord_paused_users{tenant="${otherTenant}"} 0`,
  ]);
  const where = `tenant="${tenant}",resource="account"`;
  expect(of('concord_drifted_users')).toContain(
    `concord_drifted_users{${where},reason="EmailTaken",held="true"} 2`,
  );
  expect(of('concord_drifted_users')).toContain(
    `concord_drifted_users{${where},reason="other",held="false"} 1`,
  );
  expect(of('concord_drifted_users')).toContain(
    `concord_drifted_users{${where},reason="RemovalDue",held="false"} 5`,
  );
  expect(lines.join('\n')).not.toContain('example.com');
});

test('gaps that are open, and halts that are open, but not those that are over', async () => {
  const gap = { from: at(0).toISOString(), until: null };
  const halted = { kind: 'removals', limit: 1, count: 2, of: 9, users: [alice.user] } as const;
  const lines = await page([
    aliceEvent('sweep.halted', 0, { ...halted, kind: 'source', run: eventId('run-0') }, 'closed-halt'),
    aliceEvent('sweep.started', 1, { users: null }, 'complete'),
    aliceEvent(
      'sweep.finished',
      2,
      { ...sweepOf, totals, users: 9, drifted: 0, durationMs: 1 },
      'complete-end',
    ),
    aliceEvent('gap.opened', 1, { ...gap, cause: 'stream-paused' }, 'closed'),
    aliceEvent('gap.opened', 2, { ...gap, cause: 'pull-failing' }),
    aliceEvent('gap.closed', 3, { gap: eventId('closed'), by: 'pull' }),
    aliceEvent('sweep.halted', 4, { ...halted, run: eventId('run-1') }),
    aliceEvent('sweep.halted', 5, { ...halted, kind: 'renames', run: eventId('run-2') }),
    aliceEvent('sweep.approved', 6, { run: eventId('run-2'), by: 'carol' }),
  ]);
  const shown = lines.filter((line) => /open_gaps|halted_runs/.test(line));
  expect(shown).toEqual([
    `concord_open_gaps{tenant="${tenant}",cause="pull-failing"} 1`,
    `concord_halted_runs{tenant="${tenant}",kind="removals"} 1`,
  ]);
});

test.each([
  ['total-too-high', 1],
  ['lacks-many', 0],
] as const)('the last sweep by a listing that was not exact: %s', async (inexact, complete) => {
  const ended = { ...sweepOf, totals, users: 10, drifted: 0, durationMs: 1, complete: false, inexact };
  const lines = await page([aliceEvent('sweep.finished', 1, ended)]);
  expect(lines.filter((line) => /sweep_last_(complete|exact)/.test(line))).toEqual([
    `concord_sweep_last_complete{tenant="${tenant}"} ${complete}`,
    `concord_sweep_last_exact{tenant="${tenant}"} 0`,
  ]);
});

test('the last sweep of each tenant, and nothing of one that was never swept', async () => {
  const lines = await page([
    aliceEvent('sweep.finished', 1, { ...sweepOf, totals, users: 9, drifted: 3, durationMs: 1_500 }),
    aliceEvent('sweep.finished', 2, {
      ...sweepOf,
      totals,
      users: 10,
      drifted: 0,
      durationMs: 2_500,
      complete: false,
    }),
  ]);
  expect(lines.filter((line) => line.includes('sweep_last'))).toEqual([
    `concord_sweep_last_end_timestamp_seconds{tenant="${tenant}"} ${at(2).getTime() / 1_000}`,
    `concord_sweep_last_duration_seconds{tenant="${tenant}"} 2.5`,
    `concord_sweep_last_users{tenant="${tenant}"} 10`,
    `concord_sweep_last_drifted_users{tenant="${tenant}"} 0`,
    `concord_sweep_last_complete{tenant="${tenant}"} 0`,
    `concord_sweep_last_exact{tenant="${tenant}"} 0`,
  ]);
});
