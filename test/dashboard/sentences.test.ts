import { expect, test } from 'vitest';
import {
  eventSeries,
  isolated,
  latencySeries,
  shownDuration,
  shownNumber,
  spoken,
} from '../../dashboard/overview/series.ts';
import { untilOf } from '../../dashboard/parts/until.ts';
import { consequenceOf } from '../../dashboard/sweeps/consequence.ts';
import { emptySentence } from '../../dashboard/users/empty.ts';
import {
  count,
  healthWord,
  inBothZones,
  listed,
  moment,
  readable,
  syncWord,
  toneOfHealth,
  toneOfSync,
} from '../../dashboard/words.ts';
import type { HistoryAnswer } from '../../src/dashboard-data/answers/overview.ts';
import type { UsersQuery } from '../../src/dashboard-data/answers/users.ts';

test('a deleted user is never shown as in sync, nor in green', () => {
  expect([syncWord('Synced', 'Deleted'), toneOfSync('Synced', 'Deleted')]).toEqual(['Not managed', 'idle']);
  expect([healthWord('Deleted'), toneOfHealth('Deleted')]).toEqual(['Deleted in Auth0', 'idle']);
  // A removal that is pending is shown as what it is.
  expect([syncWord('OutOfSync', 'Deleted'), toneOfSync('OutOfSync', 'Deleted')]).toEqual([
    'OutOfSync',
    'warn',
  ]);
  expect([syncWord('Synced', 'Healthy'), toneOfSync('Synced', 'Healthy')]).toEqual(['Synced', 'good']);
});

test('numbers and lists', () => {
  expect([count(0, 'user'), count(1, 'user'), count(1204, 'user')]).toEqual([
    '0 users',
    '1 user',
    '1,204 users',
  ]);
  expect(count(2, 'index', 'indexes')).toBe('2 indexes');
  expect([listed([]), listed(['a']), listed(['a', 'b']), listed(['a', 'b', 'c'])]).toEqual([
    '',
    'a',
    'a and b',
    'a, b and c',
  ]);
});

test('a moment is told in UTC, and what is none is left as it is', () => {
  expect(moment('2026-11-23T01:14:57.123Z')).toBe('2026-11-23 01:14:57 UTC');
  expect(moment('never')).toBe('never');
  expect(inBothZones('2026-11-23T01:14:57.123Z')).toContain('2026-11-23 01:14:57 UTC');
  expect(inBothZones('never')).toBe('never');
});

test('times of a second and more are told in seconds, and shorter ones as they are', () => {
  expect(readable('2 actions, 16372 ms')).toBe('2 actions, 16 s');
  expect(readable('2 actions, 591 ms')).toBe('2 actions, 591 ms');
});

test('moments within a sentence are readable, and nothing else of it changes', () => {
  expect(readable('Paused until 2026-11-23T03:17:13.344Z: case 12T3Z; since 2026-11-22T00:00:00Z.')).toBe(
    'Paused until 2026-11-23 03:17 UTC: case 12T3Z; since 2026-11-22 00:00 UTC.',
  );
});

test.each<[UsersQuery, string]>([
  [{}, 'No users yet. Users appear here when they sign up.'],
  [{ situation: 'quarantined' }, 'No users are quarantined.'],
  [{ situation: 'unseen' }, 'All known users have been reconciled.'],
  [{ situation: 'deleted' }, 'No known user is deleted in Auth0.'],
  [{ health: 'Deleted' }, 'No known user is deleted in Auth0.'],
  [{ sync: 'OutOfSync' }, 'No users are OutOfSync.'],
  [{ health: 'Degraded' }, 'No users are Degraded.'],
  [{ resource: 'handle' }, 'The handle of all reconciled users is in sync.'],
  [{ reason: 'EmailTaken' }, 'No users have a condition with reason EmailTaken.'],
  [{ tenant: 'eu' }, 'No users are known in eu.'],
  [{ sync: 'OutOfSync', tenant: 'eu' }, 'No users match all filters. Remove a filter.'],
  [{ sync: 'OutOfSync', after: 'auth0|zoe' }, 'No more users.'],
])('an empty list of %j', (query, sentence) => {
  expect(emptySentence(query)).toBe(sentence);
});

test('a search that finds nobody says what may be searched for', () => {
  expect(emptySentence({ search: '@alcie' })).toMatch(/^No user matches @alcie\. .*DID/);
});

const NOW = Date.parse('2026-11-23T01:00:00.000Z');

test.each([
  ['1h', '', { until: '2026-11-23T02:00:00.000Z' }],
  ['1d', '', { until: '2026-11-24T01:00:00.000Z' }],
  ['1w', '', { until: '2026-11-30T01:00:00.000Z' }],
  ['resumed', '2026-11-23T02:00', { until: null }],
  ['moment', '', { wrong: 'Enter a time.' }],
  ['moment', '2026-11-23T00:59:59Z', { wrong: 'This time is in the past.' }],
  ['moment', '2026-11-23T01:00:00Z', { wrong: 'This time is in the past.' }],
  ['moment', '2026-11-23T03:30:00Z', { until: '2026-11-23T03:30:00.000Z' }],
] as const)('a pause of %s %s', (span, at, expected) => {
  expect(untilOf(span, at, NOW)).toEqual(expected);
});

test('an approval says what it lets happen', () => {
  const halt = { count: 412, of: 1840 };
  expect(consequenceOf({ kind: 'removals', ...halt })).toMatch(/^412 accounts .* deactivated or deleted/);
  expect(consequenceOf({ kind: 'renames', ...halt })).toMatch(/^412 accounts may get another handle/);
  expect(consequenceOf({ kind: 'source', ...halt })).toMatch(
    /^Auth0 listed 412 users where 1,840 users are known/,
  );
});

const HISTORY: HistoryAnswer = {
  asOf: '2026-11-23T01:02:00.000Z',
  range: '1h',
  bucketMs: 60_000,
  buckets: [
    { at: '2026-11-23T01:00:00.000Z', heard: 2, effects: 6, failed: 0, converged: 2, p50Ms: 140, p95Ms: 900 },
    {
      at: '2026-11-23T01:01:00.000Z',
      heard: 1,
      effects: 0,
      failed: 3,
      converged: 0,
      p50Ms: null,
      p95Ms: null,
    },
  ],
};

test('a chart draws what was counted, and no time where nobody converged', () => {
  expect(latencySeries(HISTORY).at).toEqual([NOW / 1000, NOW / 1000 + 60]);
  expect(latencySeries(HISTORY).series.map(({ values }) => values)).toEqual([
    [140, null],
    [900, null],
  ]);
  expect(eventSeries(HISTORY).series.map(({ name, values }) => [name, values])).toEqual([
    ['Ingested', [2, 1]],
    ['Applied', [6, 0]],
    ['Reconciled', [2, 0]],
    ['Failed', [0, 3]],
  ]);
  expect([shownDuration(1500), shownDuration(null), shownNumber(1500), shownNumber(null)]).toEqual([
    '1.5 s',
    '–',
    '1,500',
    '–',
  ]);
});

test('a value alone is a point, since no line leads to it', () => {
  expect(isolated([null, 3, null, 4, 5, null, undefined, 6])).toEqual([1, 7]);
  expect(isolated([7])).toEqual([0]);
  expect(isolated([])).toEqual([]);
});

test('a chart is also a sentence', () => {
  expect(spoken(HISTORY)).toBe(
    'In the last 1h: 3 events ingested, 6 actions applied, 2 users reconciled, 3 reconciliations failed; p95 at most 900 ms.',
  );
  expect(spoken({ ...HISTORY, buckets: [] })).toMatch(/no reconciliation times\.$/);
});
