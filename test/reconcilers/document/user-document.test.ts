import { describe, expect, it } from 'vitest';
import { LeaseLostError } from '../../../src/errors.ts';
import { fold } from '../../../src/events/fold.ts';
import type { Documents } from '../../../src/ports/documents.ts';
import {
  assignCode,
  createDocument,
  type DesiredDocument,
  type DocumentAction,
  desired,
  permanentCode,
  plan,
  restoreCode,
} from '../../../src/reconcilers/document/user-document.ts';
import { alice, at, bob, code, NO_DOCUMENTS, person } from '../../mongo/subjects/people.ts';
import { aliceEvent, observed } from '../../support/in-memory/alice-events.ts';
import { applyContext } from '../../support/in-memory/apply-context.ts';
import { inMemoryDocuments } from '../../support/in-memory/documents.ts';
import { seededRandom } from '../../support/in-memory/random.ts';

const create: DocumentAction = {
  resource: 'user-document',
  type: 'create-user-document',
  signedUpAt: at(0),
  when: at(0),
  code: undefined,
};
const restore = { resource: 'user-document', type: 'restore-code', code: code('ac26nobeb') } as const;
const assign: DocumentAction = { resource: 'user-document', type: 'assign-code', signedUpAt: at(0) };

describe('the code that handles are made from', () => {
  const wanted = desired(
    fold([observed(1), aliceEvent('code.assigned', 2, { code: code('ac26nobeb') })]),
    alice.user,
  );
  const none = { when: undefined, account: undefined, pending: undefined };
  it.each([
    ['in the document', { ...none, code: code('ac26nobeb') }, 'ac26nobeb'],
    ['another one than the log has', { ...none, code: code('ac3abcde') }, 'ac26nobeb'],
    [
      'not readable in the document',
      { ...none, code: undefined, hasUnreadableCode: true as const },
      'ac26nobeb',
    ],
    ['not in the document', { ...none, code: undefined }, undefined],
  ])('%s', (_reason, user, expected) => {
    expect(permanentCode(wanted, { ...NO_DOCUMENTS, user })).toBe(expected);
  });
});

describe('what is desired', () => {
  const gone = aliceEvent('auth0.user-absent', 9, { userId: alice.userId });
  const document = { type: 'document', signedUpAt: at(0), when: at(0), code: undefined, wasThere: false };
  const had = aliceEvent('subject.observed', 2, {
    code: code('ac3abcde'),
    account: null,
    document: { when: at(-9).toISOString() },
  });
  it.each([
    ['nothing is known of the user', [], { type: 'unwanted', reason: 'UserUnknown' }],
    ['the user is gone', [observed(1), gone], { type: 'unwanted', reason: 'UserGone' }],
    ['a user who has not verified has a code too', [observed(1, { emailVerified: false })], document],
    ['a user without an address has a code too', [observed(1, { email: null })], document],
    [
      'a blocked user gets none',
      [observed(1, { blocked: true })],
      { type: 'unwanted', reason: 'UserBlocked' },
    ],
    [
      'the document was there',
      [observed(1), had],
      { type: 'document', when: at(-9), code: 'ac3abcde', wasThere: true },
    ],
    [
      'the user is deleted and back: the code stays, and what was removed before does not count',
      [observed(1), had, aliceEvent('auth0.user-absent', 3, { userId: alice.userId }), observed(4)],
      { type: 'document', when: at(0), code: 'ac3abcde', wasThere: false },
    ],
  ] as const)('%s', (_reason, events, expected) => {
    expect(desired(fold(events), alice.user)).toMatchObject(expected);
  });
});

describe('the plan', () => {
  const wanted: DesiredDocument = {
    type: 'document',
    user: alice.user,
    signedUpAt: at(0),
    when: at(0),
    code: undefined,
    wasThere: false,
    isUndated: false,
  };
  const known: DesiredDocument = { ...wanted, code: code('ac26nobeb') };
  const gone = { type: 'unwanted', reason: 'UserGone', message: 'The user is deleted.' } as const;
  const user = (drawn?: string): NonNullable<Documents['user']> => ({
    code: drawn === undefined ? undefined : code(drawn),
    when: undefined,
    account: undefined,
    pending: undefined,
  });
  it.each([
    {
      reason: 'gone, and nothing there',
      wanted: gone,
      user: undefined,
      action: undefined,
      says: 'UserGone',
    },
    {
      reason: 'gone, and the document stays',
      wanted: gone,
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
    {
      reason: 'the known code is restored',
      wanted: known,
      user: user(),
      action: 'restore-code',
      says: 'NoCode',
    },
    {
      reason: 'a document of the platform, with the known code',
      wanted: known,
      user: user('ac26nobeb'),
      action: undefined,
      says: 'HasCode',
    },
  ])('$reason', ({ wanted: desiredDocument, user: found, action, says }) => {
    const documents = { ...NO_DOCUMENTS, user: found };
    const { actions, condition } = plan(desiredDocument, { documents, codeHolder: undefined });
    expect(actions.map(({ type }) => type)).toEqual(action === undefined ? [] : [action]);
    const status = action === undefined ? 'True' : 'False';
    expect(condition).toMatchObject({ type: 'user-document', reason: says, status, held: false });
  });
});

describe('the plan asks for a decision', () => {
  const wanted: DesiredDocument = {
    type: 'document',
    user: alice.user,
    signedUpAt: at(0),
    when: at(0),
    code: code('ac26nobeb'),
    wasThere: true,
    isUndated: false,
  };
  const withCode = (text: string | undefined) => ({
    ...NO_DOCUMENTS,
    user: {
      ...{ code: text === undefined ? undefined : code(text), when: undefined },
      ...{ account: undefined, pending: undefined },
    },
  });
  it.each([
    {
      reason: 'where the document was removed',
      actual: { documents: NO_DOCUMENTS, codeHolder: undefined },
      says: 'DocumentRemoved',
      names: 'concord restore',
      holds: true,
    },
    {
      reason: 'where another user has the code by now',
      actual: { documents: withCode(undefined), codeHolder: bob.user },
      says: 'CodeHeldByUser',
      names: bob.user,
      holds: undefined,
    },
    {
      reason: 'where the document has another code, which stays',
      actual: { documents: withCode('AC23Bebac'), codeHolder: undefined },
      says: 'CodeDiffers',
      names: '--accept-code',
      holds: undefined,
    },
  ])('$reason', ({ actual, says, names, holds }) => {
    const { actions, condition, holdsUser } = plan(wanted, actual);
    expect(actions).toEqual([]);
    expect(condition).toMatchObject({ status: 'False', reason: says, held: true });
    expect(condition.message).toContain(names);
    expect(holdsUser).toBe(holds);
  });

  it('and a code of an earlier place is taken before one is drawn', () => {
    const documents = { ...withCode(undefined), legacyCode: code('ac3abcde') };
    const { actions } = plan({ ...wanted, code: undefined }, { documents, codeHolder: undefined });
    expect(actions).toMatchObject([{ type: 'restore-code', code: 'ac3abcde' }]);
  });
});

describe('applying', () => {
  it('empties the plan and tells of the document and the code', async () => {
    const documents = inMemoryDocuments();
    const context = applyContext(alice.user);
    await createDocument(documents, seededRandom(), create, context);
    const read = (await documents.read([alice.user])).get(alice.user);
    const wanted = desired(fold([observed(1)]), alice.user);
    expect(read && plan(wanted, { documents: read, codeHolder: undefined }).actions).toEqual([]);
    expect(documents.users.get(alice.user)?.when).toEqual(at(0));
    expect(context.told).toEqual([
      { type: 'user-document.created', data: { when: at(0).toISOString() } },
      { type: 'code.assigned', data: { code: read?.user?.code } },
    ]);
  });

  it('twice leaves the first code, and tells of nothing the second time', async () => {
    const documents = inMemoryDocuments();
    const random = seededRandom();
    await createDocument(documents, random, create, applyContext(alice.user));
    const first = documents.users.get(alice.user);
    const again = applyContext(alice.user);
    await createDocument(documents, random, create, again);
    await assignCode(documents, random, assign, again);
    expect(documents.users.get(alice.user)).toEqual(first);
    expect(again.told).toEqual([]);
  });

  it('gives a document without a code one, and leaves the rest of it', async () => {
    const documents = inMemoryDocuments();
    documents.users.set(alice.user, { when: at(5) });
    const context = applyContext(alice.user);
    await assignCode(documents, seededRandom(), assign, context);
    expect(documents.users.get(alice.user)).toEqual({ when: at(5), code: expect.stringMatching(/^ac26/) });
    expect(context.told.map(({ type }) => type)).toEqual(['code.assigned']);
  });

  it('restores exactly the known code, and leaves a taken one to the next look', async () => {
    const documents = inMemoryDocuments();
    documents.users.set(alice.user, {});
    documents.users.set(bob.user, {});
    const context = applyContext(alice.user);
    await restoreCode(documents, restore, context);
    await restoreCode(documents, restore, applyContext(bob.user));
    expect(documents.users.get(alice.user)?.code).toBe('ac26nobeb');
    expect(documents.users.get(bob.user)?.code).toBeUndefined();
    expect(context.told).toEqual([{ type: 'code.assigned', data: { code: 'ac26nobeb' } }]);
  });

  it('gives 200 users at once 200 codes where hardly more are to be had', async () => {
    const documents = inMemoryDocuments();
    // Three letters a place: 243 short codes, and 2,187 of the longer ones for those who find none.
    const random = seededRandom(3, { numbersBelow: 3 });
    const people = Array.from({ length: 200 }, (_, n) => person(`user-${n}`).user);
    await Promise.all(people.map((user) => createDocument(documents, random, create, applyContext(user))));
    const codes = [...documents.users.values()].map((user) => user.code);
    expect(new Set(codes).size).toBe(200);
    expect(new Set(codes.map((each) => each?.length))).toEqual(new Set([9, 11]));
  });

  it('ends with an error, not with a second holder, when no code is left', async () => {
    const documents = inMemoryDocuments();
    const random = seededRandom(1, { numbersBelow: 1 });
    await createDocument(documents, random, create, applyContext(alice.user));
    await createDocument(documents, random, create, applyContext(bob.user));
    const third = createDocument(documents, random, create, applyContext(person('carol').user));
    await expect(third).rejects.toMatchObject({ code: 'CODE_SPACE_EXHAUSTED', retryable: true });
    const codes = [...documents.users.values()].map((user) => user.code);
    expect(codes).toEqual(['ac26babab', 'ac26bababab']);
  });

  it('writes nothing once the lease is lost', async () => {
    const documents = inMemoryDocuments();
    const context = applyContext(alice.user, async () => {
      throw new LeaseLostError('lost');
    });
    await expect(createDocument(documents, seededRandom(), create, context)).rejects.toBeInstanceOf(
      LeaseLostError,
    );
    expect(documents.users.size).toBe(0);
  });
});
