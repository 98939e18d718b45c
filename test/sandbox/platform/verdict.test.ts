import { describe, expect, test } from 'vitest';
import type { RemovalStep, RemovedPart } from '../../../src/sandbox/platform/handlers.ts';
import {
  type FinalState,
  type RushStory,
  UNDER_WAY_MS,
  verdictOn,
} from '../../../src/sandbox/platform/verdict.ts';

const BEGAN = Date.parse('2026-11-29T12:00:00.000Z');
const DID = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa';
const OTHER_DID = 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb';

function moment(ms: number): Date {
  return new Date(BEGAN + ms);
}

function step(part: RemovedPart, more: Partial<RemovalStep> = {}): RemovalStep {
  return { part, at: moment(0), removed: true, ...more };
}

const STAYED: RushStory = {
  user: 'auth0|ann',
  email: 'ann@example.com',
  code: 'ac26lilia',
  handle: 'ann',
  left: undefined,
};
const ERASED: readonly RemovalStep[] = [
  step('verification'),
  step('handle'),
  step('account', { did: DID }),
  step('account-record', { code: 'ac26lilia' }),
  step('user-document', { code: 'ac26lilia' }),
  step('auth0-user'),
];
/** The users document stays. */
const TRIMMED = ERASED.filter(({ part }) => part !== 'user-document');
/** Nothing had been there yet, but a verification and a document without an account. */
const EARLY = ERASED.map((one) =>
  one.part === 'account' || one.part === 'account-record'
    ? { part: one.part, at: one.at, removed: false, ...(one.code === undefined ? {} : { code: one.code }) }
    : one,
);

const NOTHING: FinalState = {
  verifications: undefined,
  userDocument: undefined,
  handle: undefined,
  accounts: [],
  isInAuth0: false,
  said: { sync: 'Synced', health: 'Healthy', quarantined: false, conditions: [] },
};
const ACCOUNT = {
  ...{ did: DID, handle: 'ann.at.test' },
  ...{ plannedAt: moment(-6_000), intendedAt: moment(-5_000), createdAt: moment(-4_000) },
};
const COMPLETE: FinalState = {
  ...NOTHING,
  verifications: 1,
  userDocument: { code: 'ac26lilia', did: DID },
  handle: 'ann',
  accounts: [ACCOUNT],
  isInAuth0: true,
};

function left(steps: readonly RemovalStep[]): RushStory {
  return { ...STAYED, left: { how: 'erasure', steps } };
}

/** What is back, in short. */
function returned(steps: readonly RemovalStep[], state: FinalState): string[] {
  return verdictOn(left(steps), state).returned.map(({ part, as }) => `${part} ${as}`);
}

describe('a person who stayed', () => {
  test('lacks nothing when everything is there and Concord says so', () => {
    expect(verdictOn(STAYED, COMPLETE)).toMatchObject({ lacking: [], returned: [], underWay: [] });
    const byCode = {
      ...COMPLETE,
      handle: undefined,
      accounts: [{ ...ACCOUNT, handle: 'ac26lilia.at.test' }],
    };
    expect(verdictOn({ ...STAYED, handle: undefined }, byCode).lacking).toEqual([]);
  });

  test.each<[string, Partial<FinalState>, RegExp]>([
    ['no verification', { verifications: undefined }, /^verification: missing/],
    ['a count of 0', { verifications: 0 }, /^verification: count 0/],
    ['no document', { userDocument: undefined }, /^user-document: missing/],
    ['no code', { userDocument: { code: undefined, did: DID } }, /^user-document: no code/],
    ['another code', { userDocument: { code: 'ac26babab', did: DID } }, /^code: ac26babab, was ac26lilia/],
    ['no account', { accounts: [] }, /^account: missing/],
    ['another account', { userDocument: { code: 'ac26lilia', did: OTHER_DID } }, /is not recorded/],
    ['two accounts', { accounts: [ACCOUNT, { ...ACCOUNT, did: OTHER_DID }] }, /^account: 2 with one address/],
    ['no handle row', { handle: undefined }, /^handle: @ann is not in @handles/],
    ['another account handle', { accounts: [{ ...ACCOUNT, handle: 'ac26lilia.at.test' }] }, /and not ann/],
    ['no Auth0 user', { isInAuth0: false }, /^auth0-user: missing/],
    ['no word of Concord', { said: undefined }, /does not know/],
    [
      'a condition',
      { said: { sync: 'Synced', health: 'Degraded', quarantined: false, conditions: ['account/Held'] } },
      /^Concord says Synced, Degraded, account\/Held/,
    ],
  ])('lacks something with %s', (_what, change, expected) => {
    expect(verdictOn(STAYED, { ...COMPLETE, ...change }).lacking).toEqual([expect.stringMatching(expected)]);
  });
});

describe('a person who left', () => {
  test('is gone when nothing is there, or only the document that the erasure left', () => {
    expect(returned(ERASED, NOTHING)).toEqual([]);
    const kept = { ...NOTHING, userDocument: { code: 'ac26lilia', did: undefined } };
    expect(returned(TRIMMED, kept)).toEqual([]);
  });

  test.each<[string, readonly RemovalStep[], Partial<FinalState>, string[]]>([
    ['verification', ERASED, { verifications: 1 }, ['verification returned']],
    ['handle', ERASED, { handle: 'ann' }, ['handle returned']],
    ['document', ERASED, { userDocument: { code: 'ac26babab', did: undefined } }, ['user-document returned']],
    ['record', TRIMMED, { userDocument: { code: 'ac26lilia', did: DID } }, ['account-record returned']],
    [
      'code of a document that stays',
      TRIMMED,
      { userDocument: { code: 'ac26babab', did: undefined } },
      ['user-document returned'],
    ],
    [
      'document that was never there',
      [step('verification'), step('account-record', { removed: false }), step('auth0-user')],
      { userDocument: { code: 'ac26babab', did: undefined } },
      ['user-document created-after'],
    ],
    [
      'account',
      ERASED,
      { accounts: [{ ...ACCOUNT, did: OTHER_DID, intendedAt: moment(10), createdAt: moment(20) }] },
      ['account returned'],
    ],
  ])('is back with the %s', (_what, steps, change, expected) => {
    expect(returned(steps, { ...NOTHING, ...change })).toEqual(expected);
  });

  test('is back with an account that was begun after the removal', () => {
    const late = { ...ACCOUNT, plannedAt: moment(UNDER_WAY_MS), createdAt: moment(UNDER_WAY_MS + 1) };
    expect(returned(EARLY, { ...NOTHING, accounts: [late] })).toEqual(['account created-after']);
  });

  test('is not back with an account that was under way, which is named with its record', () => {
    const early = {
      ...ACCOUNT,
      plannedAt: moment(UNDER_WAY_MS - 1),
      intendedAt: moment(9_000),
      createdAt: moment(9_500),
    };
    const state = { ...NOTHING, accounts: [early] };
    const steps = EARLY.filter(({ part }) => part !== 'user-document');
    const recorded = { ...state, userDocument: { code: 'ac26lilia', did: DID } };
    expect(verdictOn(left(EARLY), state)).toMatchObject({ returned: [], underWay: [{ part: 'account' }] });
    expect(verdictOn(left(steps), recorded)).toMatchObject({
      returned: [],
      underWay: [{ part: 'account-record' }, { part: 'account' }],
    });
  });

  test('is back with an account that was under way and of which the log knows nothing', () => {
    const lost = { ...ACCOUNT, intendedAt: moment(0), createdAt: undefined };
    expect(returned(EARLY, { ...NOTHING, accounts: [lost] })).toEqual(['account created-after']);
  });
});
