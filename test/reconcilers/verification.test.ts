import { describe, expect, it } from 'vitest';
import { fold } from '../../src/events/fold.ts';
import type { Documents } from '../../src/ports.ts';
import { apply, desired, plan } from '../../src/reconcilers/verification.ts';
import { alice } from '../mongo/people.ts';
import { applyContext } from '../support/in-memory/apply-context.ts';
import { inMemoryDocuments } from '../support/in-memory/documents.ts';
import { observed, told } from '../support/in-memory/told.ts';

const gone = told('auth0.user-absent', 9, { userId: alice.userId });

describe('what is desired', () => {
  it.each([
    ['nothing is known of the user', [], { type: 'none' }],
    ['the user is gone', [observed(1), gone], { type: 'none' }],
    ['the email is not verified', [observed(1, { emailVerified: false })], { type: 'at-least', count: 0 }],
    ['the email is verified', [observed(1)], { type: 'at-least', count: 1 }],
    [
      'a blocked user has verified all the same',
      [observed(1, { blocked: true })],
      { type: 'at-least', count: 1 },
    ],
  ] as const)('%s', (_reason, events, expected) => {
    expect(desired(fold(events))).toEqual(expected);
  });
});

describe('the plan', () => {
  const none = { type: 'none' } as const;
  const unverified = { type: 'at-least', count: 0 } as const;
  const verified = { type: 'at-least', count: 1 } as const;
  it.each([
    {
      reason: 'a user who is gone gets no document',
      wanted: none,
      count: undefined,
      action: undefined,
      says: 'UserGone',
    },
    { reason: 'and keeps the one there is', wanted: none, count: 3, action: undefined, says: 'UserGone' },
    {
      reason: 'a sign-up is recorded with 0',
      wanted: unverified,
      count: undefined,
      action: 0,
      says: 'NotRecorded',
    },
    { reason: '0 is what it should be', wanted: unverified, count: 0, action: undefined, says: 'Recorded' },
    { reason: 'more is not lowered', wanted: unverified, count: 2, action: undefined, says: 'Recorded' },
    {
      reason: 'a verified sign-up is recorded with 1',
      wanted: verified,
      count: undefined,
      action: 1,
      says: 'NotRecorded',
    },
    { reason: 'a verification raises the 0', wanted: verified, count: 0, action: 1, says: 'NotRecorded' },
    { reason: '1 is what it should be', wanted: verified, count: 1, action: undefined, says: 'Recorded' },
    {
      reason: 'the platform counts on by itself',
      wanted: verified,
      count: 7,
      action: undefined,
      says: 'Recorded',
    },
  ])('$reason', ({ wanted, count, action, says }) => {
    const documents: Documents = { verificationCount: count, user: undefined, handle: undefined };
    const { actions, condition } = plan(wanted, documents);
    expect(actions.map((step) => step.count)).toEqual(action === undefined ? [] : [action]);
    const status = action === undefined ? 'True' : 'False';
    expect(condition).toMatchObject({ type: 'verification', reason: says, status, held: false });
  });
});

it('applying empties the plan, twice is once, and nothing is lowered', async () => {
  const documents = inMemoryDocuments();
  const context = applyContext(alice.user);
  const action = { resource: 'verification', type: 'record-verification', count: 1 } as const;
  await apply(documents, action, context);
  await apply(documents, action, context);
  await apply(documents, { ...action, count: 0 }, context);
  expect(documents.verifications).toEqual(new Map([[alice.user, 1]]));
  const read = (await documents.read([alice.user])).get(alice.user);
  expect(read && plan({ type: 'at-least', count: 1 }, read).actions).toEqual([]);
  expect(context.told[0]).toEqual({ type: 'verification.recorded', data: { count: 1 } });
});
