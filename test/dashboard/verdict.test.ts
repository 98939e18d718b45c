import { expect, test } from 'vitest';
import { TRUSTED_FOR_MS, verdictOf } from '../../dashboard/overview/verdict.ts';
import type { OverviewAnswer } from '../../src/dashboard-data/answers/overview.ts';

const AT = '2026-11-23T01:00:00.000Z';

const WELL: OverviewAnswer = {
  asOf: AT,
  sync: 'Synced',
  health: 'Healthy',
  isPartial: false,
  users: {
    ...{ known: 128, synced: 128, outOfSync: 0, unknown: 0, unseen: 0, deleted: 0 },
    ...{ failing: 0, backingOff: 0, quarantined: 0, held: 0, paused: 0 },
  },
  resources: [],
  situations: [],
  failures: [],
  queue: { due: 0, oldestDueSince: null, waiting: 128 },
  tenants: [],
  indexes: [{ status: 'fit', message: 'users.code' }],
  alerts: [],
  lookedAt: AT,
  stale: [],
  upstreams: [],
};

const ALERT = {
  ...{ id: 'a', kind: 'gap', tenant: null, what: 'a gap', command: 'concord pull', since: AT },
  ...{ users: null, orMore: false, example: null },
};

const REMOVAL: OverviewAnswer['situations'][number] = {
  ...{ resource: 'account', reason: 'RemovalInGrace', users: 1, held: 0, example: 'auth0|a', since: AT },
  command: 'concord approve',
};

const users = (some: Partial<OverviewAnswer['users']>) => ({ users: { ...WELL.users, ...some } });

test.each<[string, Partial<OverviewAnswer>, string, string]>([
  ['everybody is whole', {}, 'good', 'All 128 users are in sync.'],
  ['one user', users({ known: 1, synced: 1 }), 'good', 'The only user is in sync.'],
  [
    'deleted users are not in sync',
    users({ known: 131, deleted: 3 }),
    'good',
    'All 128 users are in sync; 3 more are deleted in Auth0.',
  ],
  [
    'every user is deleted',
    users({ known: 1, synced: 0, deleted: 1 }),
    'idle',
    'No user is left to manage: 1 is deleted in Auth0.',
  ],
  [
    'a deleted user does not make up for one who is not known to be in sync',
    users({ known: 128, synced: 126, deleted: 1 }),
    'unknown',
    '126 of 127 users are known to be in sync.',
  ],
  [
    'the account of a deleted user waits for removal',
    {
      ...{ sync: 'OutOfSync', health: 'Progressing', ...users({ known: 129, deleted: 1 }) },
      situations: [REMOVAL],
    },
    'busy',
    'In progress: 1 account of deleted users waits for removal.',
  ],
  [
    'a pause does not hide such a removal',
    {
      ...{ sync: 'OutOfSync', health: 'Suspended' },
      ...users({ known: 129, synced: 127, outOfSync: 1, paused: 1, deleted: 1 }),
      situations: [REMOVAL],
    },
    'warn',
    '1 user is out of sync, 1 account of deleted users waits for removal and 1 user is paused.',
  ],
  [
    'nobody yet',
    users({ known: 0, synced: 0 }),
    'idle',
    'No users yet. Concord waits for the first sign-up.',
  ],
  [
    'somebody is paused, which is never green',
    { health: 'Suspended', ...users({ paused: 2, synced: 126 }) },
    'idle',
    '2 users are paused. No other user is out of sync.',
  ],
  [
    'paused, and nobody says so by the health',
    users({ paused: 1, synced: 127 }),
    'idle',
    '1 user is paused. No other user is out of sync.',
  ],
  [
    'out of sync is nobody but who is paused',
    { sync: 'OutOfSync', health: 'Suspended', ...users({ paused: 1, outOfSync: 1, synced: 127 }) },
    'idle',
    '1 user is paused. No other user is out of sync.',
  ],
  [
    'who is paused lacks something',
    {
      ...{ sync: 'OutOfSync', health: 'Suspended', ...users({ paused: 1, outOfSync: 1, synced: 127 }) },
      resources: [{ resource: 'account', have: 127, of: 128 }],
    },
    'warn',
    '1 user is out of sync and 1 user is paused.',
  ],
  [
    'what is lacking is not to be mended, by the policy',
    {
      ...{ sync: 'OutOfSync', health: 'Suspended', ...users({ paused: 128, outOfSync: 128, synced: 0 }) },
      resources: [{ resource: 'account', have: 123, of: 128 }],
      situations: [
        {
          ...{ resource: 'pause', reason: 'ObserveOnly', users: 128, held: 0 },
          ...{ example: 'auth0|a', since: AT, command: 'concord plan' },
        },
      ],
    },
    'bad',
    '5 of 128 users lack their account. The policy is observe-only, so Concord changes nothing.',
  ],
  [
    'somebody else is out of sync too',
    { sync: 'OutOfSync', health: 'Suspended', ...users({ paused: 1, outOfSync: 2, synced: 126 }) },
    'warn',
    '2 users are out of sync and 1 user is paused.',
  ],
  [
    'a policy holds all back',
    { health: 'Suspended' },
    'idle',
    'All users are in sync. The policy allows no changes.',
  ],
  [
    'being mended',
    { sync: 'OutOfSync', health: 'Progressing', ...users({ outOfSync: 5 }) },
    'busy',
    'In progress: 5 users are out of sync.',
  ],
  [
    'under way, with nobody to name',
    { sync: 'OutOfSync', health: 'Progressing' },
    'busy',
    'In progress: work is under way.',
  ],
  [
    'differing, and nobody mends it',
    { sync: 'OutOfSync', ...users({ outOfSync: 1, held: 1 }) },
    'warn',
    '1 user is out of sync and 1 user needs action.',
  ],
  [
    'degraded: the worst first, three at most',
    {
      sync: 'OutOfSync',
      health: 'Degraded',
      ...users({ outOfSync: 5, quarantined: 1, failing: 3, held: 2, unknown: 1 }),
    },
    'bad',
    '1 user is quarantined, 5 users are out of sync and 3 users are failing.',
  ],
  [
    'more in trouble than were read',
    { sync: 'OutOfSync', health: 'Degraded', isPartial: true, ...users({ outOfSync: 10_000 }) },
    'bad',
    'At least 10,000 users are out of sync.',
  ],
  ['an alert is open while all else is well', { alerts: [ALERT] }, 'bad', '1 alert is open.'],
  [
    'an index is unfit before anybody fails by it',
    { indexes: [{ status: 'unfit', message: 'users.code' }] },
    'bad',
    '1 index is unfit.',
  ],
  [
    'unknown is not green',
    { sync: 'Unknown', health: 'Progressing', ...users({ unseen: 3 }) },
    'unknown',
    'Unknown: 3 users were never reconciled.',
  ],
  [
    'never looked at is not well, although nothing is known to be wrong',
    users({ synced: 0, unseen: 128 }),
    'unknown',
    '0 of 128 users are known to be in sync.',
  ],
  [
    'somebody has just been heard of',
    { queue: { ...WELL.queue, due: 1 }, ...users({ synced: 127, unseen: 1 }) },
    'busy',
    '127 of 128 users are known to be in sync.',
  ],
  [
    'nobody looks, whatever was known before',
    { stale: [{ what: 'service', tenant: null, since: AT, message: 'No service has looked.' }] },
    'unknown',
    'Unknown: no service reports. The data below may be old.',
  ],
  [
    'one source is old',
    {
      stale: [
        {
          what: 'sweep',
          tenant: 'default',
          since: null,
          message: 'No full sweep of default has completed yet.',
        },
      ],
    },
    'unknown',
    'Unknown: some of the data below is out of date.',
  ],
])('%s', (_reason, change, tone, sentence) => {
  expect(verdictOf({ ...WELL, ...change }, 0, undefined)).toEqual({ tone, sentence });
});

test('before the first answer nothing is said', () => {
  expect(verdictOf(undefined, 0, undefined)).toEqual({ tone: 'unknown', sentence: 'Loading …' });
  expect(verdictOf(undefined, 0, 'MongoDB cannot be reached.')).toEqual({
    tone: 'unknown',
    sentence: 'Unknown: MongoDB cannot be reached.',
  });
});

test('what was well is not called so when the server has not been heard for a while', () => {
  expect(verdictOf(WELL, TRUSTED_FOR_MS, undefined).tone).toBe('good');
  expect(verdictOf(WELL, TRUSTED_FOR_MS + 1, undefined).tone).toBe('unknown');
});
