import { describe, expect, it } from 'vitest';
import { fold } from '../../../src/events/fold.ts';
import { apply, desired, plan } from '../../../src/reconcilers/document/verification.ts';
import { alice, NO_DOCUMENTS } from '../../mongo/subjects/people.ts';
import { aliceEvent, observed } from '../../support/in-memory/alice-events.ts';
import { applyContext } from '../../support/in-memory/apply-context.ts';
import { inMemoryDocuments } from '../../support/in-memory/documents.ts';

const gone = aliceEvent('auth0.user-absent', 9, { userId: alice.userId });

describe('what is desired', () => {
  it.each([
    ['nothing is known of the user', [], { type: 'unwanted', reason: 'UserUnknown' }],
    ['the user is gone', [observed(1), gone], { type: 'unwanted', reason: 'UserGone' }],
    ['the email is not verified', [observed(1, { emailVerified: false })], { type: 'at-least', count: 0 }],
    ['the email is verified', [observed(1)], { type: 'at-least', count: 1 }],
    ['the user is blocked', [observed(1, { blocked: true })], { type: 'unwanted', reason: 'UserBlocked' }],
    [
      'the document was there',
      [observed(1), aliceEvent('verification.recorded', 2, { count: 3 })],
      { type: 'at-least', count: 1, initial: 3, wasThere: true },
    ],
  ] as const)('%s', (_reason, events, expected) => {
    expect(desired(fold(events))).toMatchObject(expected);
  });
});

describe('the plan', () => {
  const none = { type: 'unwanted', reason: 'UserGone', message: 'The user is deleted in Auth0.' } as const;
  const blocked = { type: 'unwanted', reason: 'UserBlocked', message: 'The user is blocked.' } as const;
  const unverified = { type: 'at-least', count: 0, initial: 0, wasThere: false } as const;
  const verified = { type: 'at-least', count: 1, initial: 1, wasThere: false } as const;
  it.each([
    {
      reason: 'a user who is gone gets no document',
      wanted: none,
      count: undefined,
      action: undefined,
      says: 'UserGone',
    },
    {
      reason: 'a blocked user gets no document',
      wanted: blocked,
      count: undefined,
      action: undefined,
      says: 'UserBlocked',
    },
    {
      reason: 'a restored document has the count that it had',
      wanted: { ...verified, initial: 4 },
      count: undefined,
      action: 4,
      says: 'NotRecorded',
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
    const documents = { ...NO_DOCUMENTS, verificationCount: count };
    const { actions, condition } = plan(wanted, documents);
    expect(actions.map((step) => step.count)).toEqual(action === undefined ? [] : [action]);
    const status = action === undefined ? 'True' : 'False';
    expect(condition).toMatchObject({ type: 'verification', reason: says, status, held: false });
  });
});

it('a document that was there and is missing is not created again, and holds the user', () => {
  const wanted = { type: 'at-least', count: 1, initial: 1, wasThere: true } as const;
  const { actions, condition, holdsUser } = plan(wanted, NO_DOCUMENTS);
  expect(actions).toEqual([]);
  expect(holdsUser).toBe(true);
  expect(condition).toMatchObject({ status: 'False', reason: 'DocumentRemoved', held: true });
  expect(condition.message).toContain('concord restore');
});

it('a document that is removed before it is raised does not come back', async () => {
  const documents = inMemoryDocuments();
  const context = applyContext(alice.user);
  await apply(
    documents,
    { resource: 'verification', type: 'record-verification', count: 1, isNew: false },
    context,
  );
  expect(documents.verifications.size).toBe(0);
  expect(context.told).toEqual([]);
});

it('applying empties the plan, twice is once, and nothing is lowered', async () => {
  const documents = inMemoryDocuments();
  const context = applyContext(alice.user);
  const action = { resource: 'verification', type: 'record-verification', count: 1, isNew: true } as const;
  await apply(documents, action, context);
  await apply(documents, action, context);
  await apply(documents, { ...action, count: 0, isNew: false }, context);
  expect(documents.verifications).toEqual(new Map([[alice.user, 1]]));
  const read = (await documents.read([alice.user])).get(alice.user);
  expect(read && plan({ type: 'at-least', count: 1, initial: 1, wasThere: true }, read).actions).toEqual([]);
  expect(context.told[0]).toEqual({ type: 'verification.recorded', data: { count: 1 } });
});
