import { describe, expect, it } from 'vitest';
import { LeaseLostError } from '../../src/errors.ts';
import { fold } from '../../src/events/fold.ts';
import type { Documents } from '../../src/ports.ts';
import { apply, type DocumentAction, desired, plan } from '../../src/reconcilers/user-document.ts';
import { alice, at, bob, code, person } from '../mongo/people.ts';
import { applyContext } from '../support/in-memory/apply-context.ts';
import { inMemoryDocuments } from '../support/in-memory/documents.ts';
import { seededRandom } from '../support/in-memory/random.ts';
import { observed, told } from '../support/in-memory/told.ts';

const create: DocumentAction = { resource: 'user-document', type: 'create-user-document', signedUpAt: at(0) };
const assign: DocumentAction = { resource: 'user-document', type: 'assign-code', signedUpAt: at(0) };

describe('what is desired', () => {
  const gone = told('auth0.user-absent', 9, { userId: alice.userId });
  const document = { type: 'document', signedUpAt: at(0) };
  it.each([
    ['nothing is known of the user', [], { type: 'none' }],
    ['the user is gone', [observed(1), gone], { type: 'none' }],
    ['a user who has not verified has a code too', [observed(1, { emailVerified: false })], document],
    ['a user without an address has a code too', [observed(1, { email: null })], document],
    ['a blocked user has a code', [observed(1, { blocked: true })], document],
  ] as const)('%s', (_reason, events, expected) => {
    expect(desired(fold(events))).toEqual(expected);
  });
});

describe('the plan', () => {
  const wanted = { type: 'document', signedUpAt: at(0) } as const;
  const user = (drawn?: string): NonNullable<Documents['user']> => ({
    code: drawn === undefined ? undefined : code(drawn),
    account: undefined,
    pending: undefined,
  });
  it.each([
    {
      reason: 'gone, and nothing there',
      wanted: { type: 'none' } as const,
      user: undefined,
      action: undefined,
      says: 'UserGone',
    },
    {
      reason: 'gone, and the document stays',
      wanted: { type: 'none' } as const,
      user: user(),
      action: undefined,
      says: 'UserGone',
    },
    { reason: 'absent', wanted, user: undefined, action: 'create-user-document', says: 'NoDocument' },
    {
      reason: 'a document of before there were codes',
      wanted,
      user: user(),
      action: 'assign-code',
      says: 'NoCode',
    },
    { reason: 'equal gives nothing', wanted, user: user('ac26nobeb'), action: undefined, says: 'HasCode' },
    {
      reason: 'a code of another year is for ever',
      wanted,
      user: user('ac19nobeb'),
      action: undefined,
      says: 'HasCode',
    },
  ])('$reason', ({ wanted: desiredDocument, user: found, action, says }) => {
    const documents: Documents = { verificationCount: undefined, user: found, handle: undefined };
    const { actions, condition } = plan(desiredDocument, documents);
    expect(actions.map(({ type }) => type)).toEqual(action === undefined ? [] : [action]);
    const status = action === undefined ? 'True' : 'False';
    expect(condition).toMatchObject({ type: 'user-document', reason: says, status, held: false });
  });
});

describe('applying', () => {
  it('empties the plan and tells of the document and the code', async () => {
    const documents = inMemoryDocuments();
    const context = applyContext(alice.user);
    await apply(documents, seededRandom(), create, context);
    const read = (await documents.read([alice.user])).get(alice.user);
    expect(read && plan({ type: 'document', signedUpAt: at(0) }, read).actions).toEqual([]);
    expect(documents.users.get(alice.user)?.when).toEqual(at(0));
    expect(context.told).toEqual([
      { type: 'user-document.created', data: {} },
      { type: 'code.assigned', data: { code: read?.user?.code } },
    ]);
  });

  it('twice leaves the first code, and tells of nothing the second time', async () => {
    const documents = inMemoryDocuments();
    const random = seededRandom();
    await apply(documents, random, create, applyContext(alice.user));
    const first = documents.users.get(alice.user);
    const again = applyContext(alice.user);
    await apply(documents, random, create, again);
    await apply(documents, random, assign, again);
    expect(documents.users.get(alice.user)).toEqual(first);
    expect(again.told).toEqual([]);
  });

  it('gives a document without a code one, and leaves the rest of it', async () => {
    const documents = inMemoryDocuments();
    documents.users.set(alice.user, { when: at(5) });
    const context = applyContext(alice.user);
    await apply(documents, seededRandom(), assign, context);
    expect(documents.users.get(alice.user)).toEqual({ when: at(5), code: expect.stringMatching(/^ac26/) });
    expect(context.told.map(({ type }) => type)).toEqual(['code.assigned']);
  });

  it('gives 200 users at once 200 codes where hardly more are to be had', async () => {
    const documents = inMemoryDocuments();
    // Three letters a place: 243 short codes, and 2,187 of the longer ones for those who find none.
    const random = seededRandom(3, { numbersBelow: 3 });
    const people = Array.from({ length: 200 }, (_, n) => person(`user-${n}`).user);
    await Promise.all(people.map((user) => apply(documents, random, create, applyContext(user))));
    const codes = [...documents.users.values()].map((user) => user.code);
    expect(new Set(codes).size).toBe(200);
    expect(new Set(codes.map((each) => each?.length))).toEqual(new Set([9, 11]));
  });

  it('ends with an error, not with a second holder, when no code is left', async () => {
    const documents = inMemoryDocuments();
    const random = seededRandom(1, { numbersBelow: 1 });
    await apply(documents, random, create, applyContext(alice.user));
    await apply(documents, random, create, applyContext(bob.user));
    const third = apply(documents, random, create, applyContext(person('carol').user));
    await expect(third).rejects.toMatchObject({ code: 'CODE_SPACE_EXHAUSTED', retryable: true });
    const codes = [...documents.users.values()].map((user) => user.code);
    expect(codes).toEqual(['ac26babab', 'ac26bababab']);
  });

  it('writes nothing once the lease is lost', async () => {
    const documents = inMemoryDocuments();
    const context = applyContext(alice.user, async () => {
      throw new LeaseLostError('lost');
    });
    await expect(apply(documents, seededRandom(), create, context)).rejects.toBeInstanceOf(LeaseLostError);
    expect(documents.users.size).toBe(0);
  });
});
