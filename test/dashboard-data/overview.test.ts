/** The overview as the page is told it: moments written out, sentences and commands, and nothing personal. */
import { expect, it } from 'vitest';
import { told } from '../../src/dashboard-data/overview.ts';
import type { Overview } from '../../src/engine/reports/overview.ts';
import { eventId } from '../../src/identity.ts';
import { alice, at, tenant } from '../mongo/subjects/people.ts';

const NOW = at(1_000);
const share = { known: 10, synced: 7, outOfSync: 2, unknown: 0, unseen: 1, deleted: 0 };
const users = { ...share, excluded: 0, failing: 2, backingOff: 1, quarantined: 0, held: 1, paused: 0 };
const quiet: Overview = {
  ...{ asOf: NOW, sync: 'Synced', health: 'Healthy', users, isPartial: false },
  ...{ resources: [], troubles: [], failures: [], tenants: [], indexes: [] },
  ...{ alerts: [], ignored: [], stale: [] },
  ...{ queue: { due: 1, oldestDueSince: at(990), waiting: 3 }, lookedAt: undefined },
};
const sweep = { last: undefined, completeAt: at(500), listedAt: at(500), begun: undefined, halts: [] };
const source = { id: tenant, gaps: [], log: undefined, stream: undefined, sweep };

it('writes every moment out, and null where there is none', () => {
  expect(told(quiet)).toMatchObject({
    ...{ asOf: NOW.toISOString(), lookedAt: null, users },
    queue: { due: 1, oldestDueSince: at(990).toISOString(), waiting: 3 },
  });
});

it('says of each situation what to type', () => {
  const trouble = {
    ...({ resource: 'account', reason: 'UnownedAccountFound', users: 2, held: 2 } as const),
    ...{ example: alice.user, command: `concord adopt '${alice.user}'` },
  };
  const { situations } = told({ ...quiet, troubles: [{ ...trouble, since: at(5) }] });
  expect(situations).toEqual([{ ...trouble, since: at(5).toISOString() }]);
});

it('says why passes fail in the words of other systems only: ours might name somebody', () => {
  const failure = { code: 'X', users: 1, quarantined: 0, example: alice.user, since: at(5), message: 'why' };
  const { failures } = told({
    ...quiet,
    failures: [
      { ...failure, upstream: 'pds' },
      { ...failure, upstream: null },
    ],
  });
  expect(failures.map(({ message }) => message)).toEqual(['why', '']);
  expect(failures.map(({ title }) => title)).toEqual(['the PDS', null]);
});

it('says of a tenant how its sources stand, and whether anybody sweeps it', () => {
  const stream = { deliveredAt: at(900), patienceMs: 99_000 };
  const gap = { id: eventId('e-1'), tenant, cause: 'pull-failing', from: at(800), until: undefined } as const;
  const begun = { at: at(950), heldUntil: at(999), kept: undefined, usual: 40 };
  const [seen] = told({
    ...quiet,
    tenants: [{ ...source, stream, gaps: [gap], sweep: { ...sweep, begun } }],
  }).tenants;
  expect(seen).toMatchObject({
    ...{ tenant, log: null, sweptAt: at(500).toISOString(), halts: 0 },
    stream: { deliveredAt: at(900).toISOString(), isSilent: true },
    gaps: [{ since: at(800).toISOString(), message: expect.stringContaining('The log has not been read') }],
    running: { startedAt: at(950).toISOString(), users: null, of: 40, resumes: 0, isAlive: false },
  });
  const patient = { ...source, stream: { ...stream, patienceMs: 100_000 } };
  expect(told({ ...quiet, tenants: [patient] }).tenants[0]?.stream?.isSilent).toBe(false);
});

it('says what nothing has looked at, in words that do not grow old', () => {
  const { stale } = told({
    ...quiet,
    stale: [
      { what: 'service', tenant: undefined, since: undefined },
      { what: 'log', tenant, since: at(1) },
    ],
  });
  expect(stale).toEqual([
    {
      ...{ what: 'service', tenant: null, since: null },
      message: 'No service has checked this yet. Is one running? concord serve',
    },
    {
      ...{ what: 'log', tenant, since: at(1).toISOString() },
      message: `No process has read the log of ${tenant} recently: concord pull`,
    },
  ]);
});
