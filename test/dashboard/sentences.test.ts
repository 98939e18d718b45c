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
import type { HistoryAnswer, UsersQuery } from '../../src/dashboard-data/answers.ts';

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
  [{}, 'Nobody is known yet. Whoever signs up appears here.'],
  [{ situation: 'quarantined' }, 'Nobody is quarantined.'],
  [{ situation: 'unseen' }, 'Everybody was looked at.'],
  [{ situation: 'deleted' }, 'No known user is deleted in Auth0.'],
  [{ health: 'Deleted' }, 'No known user is deleted in Auth0.'],
  [{ sync: 'OutOfSync' }, 'Nobody is OutOfSync.'],
  [{ health: 'Degraded' }, 'Nobody is Degraded.'],
  [{ resource: 'handle' }, 'Everybody who was looked at has handle as desired.'],
  [{ reason: 'EmailTaken' }, 'Nobody is in the situation EmailTaken.'],
  [{ tenant: 'eu' }, 'Nobody is known in eu.'],
  [{ sync: 'OutOfSync', tenant: 'eu' }, 'Nobody fits all of this. Take a filter away.'],
  [{ sync: 'OutOfSync', after: 'auth0|zoe' }, 'Nobody comes after.'],
])('an empty list of %j', (query, sentence) => {
  expect(emptySentence(query)).toBe(sentence);
});

test('a search that finds nobody says what may be searched for', () => {
  expect(emptySentence({ search: '@alcie' })).toMatch(/^Nobody is known as @alcie\. .*DID/);
});

const NOW = Date.parse('2026-11-23T01:00:00.000Z');

test.each([
  ['1h', '', { until: '2026-11-23T02:00:00.000Z' }],
  ['1d', '', { until: '2026-11-24T01:00:00.000Z' }],
  ['1w', '', { until: '2026-11-30T01:00:00.000Z' }],
  ['resumed', '2026-11-23T02:00', { until: null }],
  ['moment', '', { wrong: 'Say until when.' }],
  ['moment', '2026-11-23T00:59:59Z', { wrong: 'That is over already.' }],
  ['moment', '2026-11-23T01:00:00Z', { wrong: 'That is over already.' }],
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
    ['Heard', [2, 1]],
    ['Effects', [6, 0]],
    ['Converged', [2, 0]],
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
    'In the last 1h: 3 heard, 6 effects, 2 converged, 3 failed; 95 % converged within 900 ms at the slowest time.',
  );
  expect(spoken({ ...HISTORY, buckets: [] })).toMatch(/nobody converged\.$/);
});
