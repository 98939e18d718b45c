import { expect, test } from 'vitest';
import { ACTIONS, type Action, obstacleTo } from '../../dashboard/user/permitted.ts';
import { byDay, isFailure, withEarlier, withNewest } from '../../dashboard/user/story.ts';
import type { ConditionAnswer, TimelineEvent, UserAnswer } from '../../src/dashboard-data/answers/users.ts';

const AT = '2026-11-23T01:00:00.000Z';

const ALICE: UserAnswer = {
  ...{ user: 'auth0|alice', tenant: 'default', code: 'ac26tovab', handle: 'alice.test', did: 'did:plc:a' },
  ...{ sync: 'Synced', health: 'Healthy', attempts: 0, quarantined: false, dueAt: null, troubles: [] },
  ...{ asOf: AT, source: 'log', unread: [], platformHandle: null, sister: null, pause: null, failure: null },
  deleted: null,
  ...{ conditions: [], resources: [], plan: null, withheld: null, retryAt: null, untold: [] },
};

const held = (reason: string): ConditionAnswer => ({
  ...{ resource: 'account', status: 'False', reason, message: 'An account exists.', held: true, since: AT },
});

const EVERYDAY: readonly Action[] = ['reconcile', 'look', 'pause'];
const EXCLUDED = {
  withheld: { reason: 'Excluded', message: 'The configuration excludes this user (exclude: guest-*).' },
} satisfies Partial<UserAnswer>;

test.each<[string, Partial<UserAnswer>, readonly Action[]]>([
  ['whole', {}, EVERYDAY],
  [
    'paused: a pass would change nothing',
    { pause: { by: 'maria', reason: 'wait', until: null, at: AT } },
    ['look', 'resume'],
  ],
  ['failed once', { attempts: 1 }, ['reconcile', 'look', 'pause', 'retry']],
  ['quarantined', { quarantined: true, attempts: 10 }, ['reconcile', 'look', 'pause', 'retry']],
  [
    'an account that a person may say is theirs',
    { troubles: [held('UnownedAccountFound')] },
    ['reconcile', 'look', 'pause', 'adopt'],
  ],
  [
    'a document that was removed',
    { troubles: [held('DocumentRemoved')] },
    ['reconcile', 'look', 'pause', 'restore'],
  ],
  [
    'an account that is missing',
    { troubles: [held('AccountMissing')] },
    ['reconcile', 'look', 'pause', 'restore'],
  ],
  [
    'an address that another account had',
    { troubles: [held('EmailTaken')] },
    ['reconcile', 'look', 'pause', 'retry'],
  ],
  [
    'held, and there is nothing to adopt',
    { troubles: [held('EmailHeldByUser')] },
    ['reconcile', 'look', 'pause'],
  ],
  ['excluded by the configuration, whatever else is known', { ...EXCLUDED, quarantined: true }, []],
  ['not a user', { withheld: { reason: 'NotAUser', message: 'This is not the id of a user.' } }, []],
  ['forgotten', { deleted: { since: AT, forgotten: true } }, []],
  ['observed only', { withheld: { reason: 'ObserveOnly', message: 'To observe only.' } }, EVERYDAY],
])('%s', (_reason, change, permitted) => {
  const user = { ...ALICE, ...change };
  expect(ACTIONS.filter((action) => obstacleTo(action, user) === null)).toEqual(permitted);
});

test('of an excluded user every action says what excludes the user', () => {
  for (const action of ACTIONS)
    expect(obstacleTo(action, { ...ALICE, ...EXCLUDED })).toBe(EXCLUDED.withheld.message);
});

const told = (event: number, at = AT): TimelineEvent => ({
  ...{ event: `e${event}`, type: 'converged', at, part: 'told', what: 'whole', because: [] },
});

const page = (from: number, to: number, next: string | null, total: number) => ({
  events: Array.from({ length: from - to + 1 }, (_, index) => told(from - index)),
  next,
  total: { count: total, isMore: false },
});

const ids = (events: readonly TimelineEvent[]) => events.map(({ event }) => event);

test('what is new comes before what was read, also what was read on demand', () => {
  const known = withEarlier(withNewest(undefined, page(6, 4, 'e4', 6)), page(3, 1, null, 6));
  expect(ids(known.events)).toEqual(['e6', 'e5', 'e4', 'e3', 'e2', 'e1']);

  const grown = withNewest(known, page(8, 6, 'e6', 8));
  expect(ids(grown.events)).toEqual(['e8', 'e7', 'e6', 'e5', 'e4', 'e3', 'e2', 'e1']);
  expect(grown).toMatchObject({ next: null, total: { count: 8 } });
});

test('nothing new changes nothing', () => {
  const known = withNewest(undefined, page(6, 4, 'e4', 6));
  expect(withNewest(known, page(6, 4, 'e4', 6))).toEqual(known);
});

test('where so much happened that the pages do not meet, no gap is hidden', () => {
  const known = withEarlier(withNewest(undefined, page(6, 4, 'e4', 6)), page(3, 1, null, 6));
  expect(withNewest(known, page(90, 88, 'e88', 90))).toEqual(page(90, 88, 'e88', 90));
});

test('a line that two pages have is shown once', () => {
  const known = withEarlier(withNewest(undefined, page(6, 4, 'e4', 6)), page(4, 3, 'e3', 6));
  expect(ids(known.events)).toEqual(['e6', 'e5', 'e4', 'e3']);
});

test('days are those of UTC, in the order of the lines', () => {
  const lines = [
    told(3, '2026-11-23T00:00:00.000Z'),
    told(2, '2026-11-22T23:59:59.999Z'),
    told(1, '2026-11-22T01:00:00.000Z'),
  ];
  expect(byDay(lines).map(({ day, events }) => [day, ids(events)])).toEqual([
    ['2026-11-23', ['e3']],
    ['2026-11-22', ['e2', 'e1']],
  ]);
});

test('what failed stands out', () => {
  expect(['converge.failed', 'user.quarantined', 'converged'].map(isFailure)).toEqual([true, true, false]);
});
