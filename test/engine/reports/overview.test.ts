/** Whether all is well, by what the database says; the figures themselves are the adapters'. */
import { describe, expect, it } from 'vitest';
import { type OverviewDeps, overview, type Watchfulness } from '../../../src/engine/reports/overview.ts';
import type { Alert } from '../../../src/ports/alerts.ts';
import type { KeptPosition } from '../../../src/ports/runs.ts';
import type { AffectedUser, StatusCounts } from '../../../src/ports/status-counts.ts';
import { failing } from '../../alerts/people.ts';
import { alice, person, tenant } from '../../mongo/subjects/people.ts';
import { FIT_INDEXES } from '../../support/in-memory/alerts.ts';
import { inMemoryEventLog } from '../../support/in-memory/event-log.ts';
import { inMemoryIgnored } from '../../support/in-memory/ignored.ts';
import { inCommon } from '../../support/in-memory/status-counts.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const MINUTE = 60_000;
const ago = (minutes: number) => new Date(NOW.getTime() - minutes * MINUTE);
const expected: Watchfulness = {
  ...{ lookedRun: 'alerts', lookedWithinMs: MINUTE },
  ...{ logUnreadAfterMs: 60 * MINUTE, sweepOverdueAfterMs: null },
};

interface World {
  readonly counts: {
    readonly synced?: number;
    readonly outOfSync?: number;
    readonly unknown?: number;
    readonly unseen?: number;
    readonly deleted?: number;
    readonly deletedOutOfSync?: number;
  };
  readonly people: readonly AffectedUser[];
  readonly oldestDueSince: Date | undefined;
  readonly indexes: typeof FIT_INDEXES;
  readonly alerts: readonly Alert[];
  readonly positions: Readonly<Record<string, KeptPosition>>;
}

function position(text: string, at?: Date): KeptPosition {
  return { position: text, at, heldUntil: undefined };
}

const logAt = (at: Date) => ({
  [`auth0-log:${tenant}`]: position(JSON.stringify({ from: null, until: at.toISOString() }), at),
});
const looked = { alerts: position(NOW.toISOString()) };
const well: World = {
  ...{ counts: { synced: 10 }, people: [], oldestDueSince: undefined, indexes: FIT_INDEXES, alerts: [] },
  positions: { ...looked, ...logAt(NOW) },
};

function observation(changes: Partial<World> = {}) {
  const world = { ...well, ...changes };
  const { synced = 0, outOfSync = 0, unknown = 0, unseen = 0 } = world.counts;
  const { deleted = 0, deletedOutOfSync = 0 } = world.counts;
  const kind = { tenant, health: 'Progressing' } as const;
  const statusCounts: StatusCounts = {
    seen: [
      { ...kind, sync: 'Synced', users: synced },
      { ...kind, sync: 'OutOfSync', users: outOfSync },
      { ...kind, sync: 'Unknown', users: unknown },
      { tenant, health: 'Deleted', sync: 'Synced', users: deleted },
      { tenant, health: 'Deleted', sync: 'OutOfSync', users: deletedOutOfSync },
    ],
    ...{ unseen: [{ tenant, users: unseen }], waiting: 0, isPartial: false },
    ...inCommon(world.people, NOW),
  };
  const deps: OverviewDeps = {
    events: inMemoryEventLog(),
    positions: { read: async (name) => world.positions[name] },
    silence: { leastMs: MINUTE, mostMs: MINUTE },
    statusReader: { counts: async () => statusCounts },
    subjects: { backlog: async () => ({ due: 1, oldestDueSince: world.oldestDueSince }) },
    documents: { indexes: async () => world.indexes },
    alerts: { all: async () => world.alerts },
    ignored: inMemoryIgnored(),
  };
  return overview(deps, [tenant], expected, NOW);
}

const paused: AffectedUser = {
  ...failing({}, { attempts: 0 }),
  conditions: [
    { type: 'pause', status: 'False', reason: 'Paused', held: false, since: ago(5).toISOString() },
  ],
  failure: undefined,
};
const removal: AffectedUser = {
  ...failing({}, { attempts: 0, who: person('dora') }),
  health: 'Deleted',
  conditions: [
    { type: 'account', status: 'False', reason: 'RemovalDue', held: false, since: ago(5).toISOString() },
  ],
  failure: undefined,
};
const alert = { phase: 'open', cause: { id: 'x' } } as unknown as Alert;

describe('the two axes of the whole', () => {
  it.each<{ reason: string; world: Partial<World>; sync: string; health: string }>([
    { reason: 'all is well', world: {}, sync: 'Synced', health: 'Healthy' },
    { reason: 'nobody is known yet', world: { counts: {} }, sync: 'Synced', health: 'Healthy' },
    {
      reason: 'somebody is due for a moment',
      world: { counts: { synced: 9, unseen: 1 }, oldestDueSince: ago(0.5) },
      sync: 'Synced',
      health: 'Healthy',
    },
    {
      reason: 'nobody has been looked at yet, however short that is ago',
      world: { counts: { unseen: 65 }, oldestDueSince: ago(0.1) },
      sync: 'Unknown',
      health: 'Progressing',
    },
    {
      reason: 'many have not been looked at yet',
      world: { counts: { synced: 80, unseen: 20 } },
      sync: 'Unknown',
      health: 'Progressing',
    },
    {
      reason: 'somebody new waits',
      world: { counts: { synced: 9, unseen: 1 }, oldestDueSince: ago(2) },
      sync: 'Unknown',
      health: 'Progressing',
    },
    {
      reason: 'somebody known waits',
      world: { oldestDueSince: ago(2) },
      sync: 'Synced',
      health: 'Progressing',
    },
    {
      reason: 'only time can tell',
      world: { counts: { synced: 9, outOfSync: 1 } },
      sync: 'OutOfSync',
      health: 'Progressing',
    },
    {
      reason: 'somebody could not be looked at',
      world: { counts: { outOfSync: 1, unknown: 1 } },
      sync: 'Unknown',
      health: 'Progressing',
    },
    {
      reason: 'paused is never green',
      world: { counts: { outOfSync: 1 }, people: [paused] },
      sync: 'OutOfSync',
      health: 'Suspended',
    },
    {
      reason: 'users are deleted, which is nothing to reconcile',
      world: { counts: { synced: 9, deleted: 1 } },
      sync: 'Synced',
      health: 'Healthy',
    },
    {
      reason: 'the account of a deleted user waits for removal',
      world: { counts: { synced: 9, deletedOutOfSync: 1 } },
      sync: 'OutOfSync',
      health: 'Progressing',
    },
    {
      reason: 'somebody fails',
      world: { counts: { outOfSync: 1 }, people: [failing()] },
      sync: 'OutOfSync',
      health: 'Degraded',
    },
    { reason: 'an alert is open', world: { alerts: [alert] }, sync: 'Synced', health: 'Degraded' },
    {
      reason: 'an alert that nobody was told of is none',
      world: { alerts: [{ ...alert, phase: 'pending' }] },
      sync: 'Synced',
      health: 'Healthy',
    },
    { reason: 'an index is missing', world: { indexes: [] }, sync: 'Synced', health: 'Degraded' },
    {
      reason: 'no service looks',
      world: { positions: { ...logAt(NOW), alerts: position(ago(2).toISOString()) } },
      sync: 'Synced',
      health: 'Degraded',
    },
  ])('$reason: $sync, $health', async ({ world, sync, health }) => {
    expect(await observation(world)).toMatchObject({ sync, health });
  });
});

describe('what is stale', () => {
  it('is named, with when something last looked', async () => {
    const positions = { ...logAt(ago(61)), alerts: position(ago(2).toISOString()) };
    expect((await observation({ positions })).stale).toEqual([
      { what: 'service', tenant: undefined, since: ago(2) },
      { what: 'log', tenant, since: ago(61) },
    ]);
    expect((await observation({ positions: {} })).stale).toMatchObject([
      { since: undefined },
      { since: undefined },
    ]);
  });
});

describe('who is counted', () => {
  it('is everyone in trouble, by reason and by failure', async () => {
    const bob = failing({}, { who: person('bob'), quarantined: true, dueAt: ago(-5) });
    const seen = await observation({ counts: { synced: 7, outOfSync: 3 }, people: [failing(), bob, paused] });
    expect(seen.users).toMatchObject({
      known: 10,
      failing: 2,
      backingOff: 1,
      quarantined: 1,
      paused: 1,
      held: 0,
    });
    expect(seen.troubles).toMatchObject([
      { resource: 'account', reason: 'Failing', users: 2, example: alice.user },
      { resource: 'pause', reason: 'Paused', users: 1 },
    ]);
    expect(seen.failures).toMatchObject([{ code: 'BAD_REQUEST', users: 2, quarantined: 1 }]);
    expect(seen.resources.find(({ resource }) => resource === 'account')).toMatchObject({ have: 8, of: 10 });
    expect(seen.resources.find(({ resource }) => resource === 'handle')).toMatchObject({ have: 10, of: 10 });
  });

  it('is each user once: a deleted one is in no other count, and in no share of a resource', async () => {
    const counts = { synced: 7, outOfSync: 1, unseen: 1, deleted: 2, deletedOutOfSync: 1 };
    const seen = await observation({ counts, people: [failing(), removal] });
    const { known, synced, outOfSync, unknown, unseen, deleted } = seen.users;
    expect({ known, synced, outOfSync, unknown, unseen, deleted }).toEqual({
      ...{ known: 12, synced: 7, outOfSync: 1, unknown: 0, unseen: 1, deleted: 3 },
    });
    expect(seen.resources.find(({ resource }) => resource === 'account')).toMatchObject({ have: 7, of: 8 });
    expect(seen.troubles.map(({ reason }) => reason)).toEqual(['Failing', 'RemovalDue']);
  });
});
