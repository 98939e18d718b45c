import { describe, expect, it } from 'vitest';
import { learnFromAuth0, learnHandle } from '../../../src/engine/reconcile/learn.ts';
import { fold } from '../../../src/events/fold.ts';
import type { Auth0User } from '../../../src/ports/auth0.ts';
import { alice, at, bob } from '../../mongo/subjects/people.ts';
import { aliceEvent, observed } from '../../support/in-memory/alice-events.ts';

const user: Auth0User = {
  userId: alice.userId,
  email: 'alice@example.com',
  emailVerified: true,
  blocked: false,
  createdAt: at(0),
};
const absent = aliceEvent('auth0.user-absent', 2, { userId: alice.userId });

describe('what Auth0 says', () => {
  it.each([
    { reason: 'is new of a user nobody knew', events: [], answer: user, learned: ['auth0.user-observed'] },
    { reason: 'and was known is nothing new', events: [observed(1)], answer: user, learned: [] },
    {
      reason: 'another address',
      events: [observed(1)],
      answer: { ...user, email: 'bob@example.com' },
      learned: ['auth0.user-observed'],
    },
    {
      reason: 'no address any more',
      events: [observed(1)],
      answer: { ...user, email: undefined },
      learned: ['auth0.user-observed'],
    },
    {
      reason: 'not verified any more',
      events: [observed(1)],
      answer: { ...user, emailVerified: false },
      learned: ['auth0.user-observed'],
    },
    {
      reason: 'blocked',
      events: [observed(1)],
      answer: { ...user, blocked: true },
      learned: ['auth0.user-observed'],
    },
    {
      reason: 'created at another time',
      events: [observed(1)],
      answer: { ...user, createdAt: at(1) },
      learned: ['auth0.user-observed'],
    },
    {
      reason: 'another user was linked into this one',
      events: [observed(1)],
      answer: { ...user, linked: [bob.userId] },
      learned: ['auth0.user-observed'],
    },
    {
      reason: 'the same linked users are nothing new',
      events: [observed(1, { linked: [bob.userId] })],
      answer: { ...user, linked: [bob.userId] },
      learned: [],
    },
    {
      reason: 'a linked user is one by itself again',
      events: [observed(1, { linked: [bob.userId] })],
      answer: user,
      learned: ['auth0.user-observed'],
    },
    { reason: 'nobody any more', events: [observed(1)], answer: 'absent', learned: ['auth0.user-absent'] },
    { reason: 'nobody from the beginning', events: [], answer: 'absent', learned: ['auth0.user-absent'] },
    { reason: 'still nobody is nothing new', events: [observed(1), absent], answer: 'absent', learned: [] },
    {
      reason: 'the same user again, after nobody',
      events: [observed(1), absent],
      answer: user,
      learned: ['auth0.user-observed'],
    },
  ] as const)('$reason', ({ events, answer, learned }) => {
    const facts = fold(events);
    const news = learnFromAuth0(facts, alice.userId, answer);
    expect(news.map(({ type }) => type)).toEqual(learned);
  });

  it('once told is known: learning it again gives nothing', () => {
    for (const answer of [
      user,
      { ...user, email: undefined },
      { ...user, emailVerified: false, blocked: true },
    ]) {
      const [news] = learnFromAuth0(fold([]), alice.userId, answer);
      if (news?.type !== 'auth0.user-observed') throw new Error('nothing was learned');
      const facts = fold([aliceEvent('auth0.user-observed', 1, news.data)]);
      expect(facts.auth0).toEqual(answer);
      expect(learnFromAuth0(facts, alice.userId, answer)).toEqual([]);
    }
  });
});

describe('the platform handle', () => {
  const known = (handle: string | null) => fold([aliceEvent('handle.observed', 1, { handle })]);
  it.each([
    ['none, and none was known', fold([]), undefined, []],
    ['a first one', fold([]), 'alice', [{ type: 'handle.observed', data: { handle: 'alice' } }]],
    ['the one that was known', known('alice'), 'alice', []],
    ['another one', known('alice'), 'alix', [{ type: 'handle.observed', data: { handle: 'alix' } }]],
    [
      'other letters are another one',
      known('alice'),
      'Alice',
      [{ type: 'handle.observed', data: { handle: 'Alice' } }],
    ],
    ['none any more', known('alice'), undefined, [{ type: 'handle.observed', data: { handle: null } }]],
    ['still none', known(null), undefined, []],
  ] as const)('%s', (_reason, facts, handle, learned) => {
    expect(learnHandle(facts, handle)).toEqual(learned);
  });
});
