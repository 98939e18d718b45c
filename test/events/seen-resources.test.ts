/** What the log knows to have been there, so that what is missing is told from what never was there. */
import { describe, expect, it } from 'vitest';
import type { ConcordEvent, EventData } from '../../src/events/event.ts';
import type { SeenResources } from '../../src/events/facts.ts';
import { fold } from '../../src/events/fold.ts';
import { alice, aliceDid, at, bobDid, code, handle } from '../mongo/subjects/people.ts';
import { aliceEvent, observed } from '../support/in-memory/alice-events.ts';

const NONE: SeenResources = { verification: false, document: false, record: undefined, account: undefined };
const ALL: SeenResources = { verification: true, document: true, record: aliceDid, account: aliceDid };
const named = { did: aliceDid, handle: handle('alice') };
const made = { ...named, email: 'alice@example.com' };
const created = aliceEvent('account.created', 3, made);
const seen = (seconds: number, data: Partial<EventData['subject.observed']>): ConcordEvent =>
  aliceEvent('subject.observed', seconds, { code: null, account: null, ...data });
const everything = seen(2, { verification: 1, document: { when: at(-5).toISOString() }, record: aliceDid });
const absent = aliceEvent('auth0.user-absent', 5, { userId: alice.userId });
const removed = (seconds: number, what: EventData['resource.removed']['what']): ConcordEvent =>
  aliceEvent('resource.removed', seconds, { what, seenBy: 'change-stream' });

const recorded = (reason: string) => ({
  type: 'verification',
  status: 'True',
  reason,
  message: '',
  held: false,
});

describe('what has been there', () => {
  it.each<[string, readonly ConcordEvent[], Partial<SeenResources>]>([
    ['nothing, while nothing was seen or done', [observed(1)], {}],
    [
      'a verification that we recorded',
      [aliceEvent('verification.recorded', 2, { count: 0 })],
      { verification: true },
    ],
    ['a document that we created', [aliceEvent('user-document.created', 2, {})], { document: true }],
    [
      'an account that we created, and the document that names it',
      [created],
      { ...ALL, verification: false },
    ],
    [
      'an account that an open intent came to, and that the document does not name yet',
      [aliceEvent('account.created', 2, { ...made, documented: false })],
      { account: aliceDid },
    ],
    ['everything at first sight', [everything], ALL],
    [
      'what older logs tell: a document by its code, and an account that only the document named',
      [seen(2, { code: code('ac3abcde'), account: { ...named, email: null } })],
      { document: true, record: aliceDid, account: aliceDid },
    ],
    [
      'a document whose deletion was heard, although nothing ever looked at it',
      [removed(2, 'verification'), removed(3, 'user-document')],
      { verification: true, document: true },
    ],
    [
      'what older logs tell of a verification: that it was found in order',
      [aliceEvent('converged', 2, { conditions: [recorded('Recorded')], applied: 0, latencyMs: 1 } as never)],
      { verification: true },
    ],
    [
      'not a verification that is missing',
      [
        aliceEvent('converged', 2, {
          conditions: [recorded('UserBlocked')],
          applied: 0,
          latencyMs: 1,
        } as never),
      ],
      {},
    ],
    ['not an account whose record was removed', [removed(2, 'account-record')], {}],
    [
      'not an account that we deleted',
      [everything, created, aliceEvent('account.deleted', 4, { did: aliceDid })],
      { ...ALL, record: undefined, account: undefined },
    ],
  ])('%s', (_reason, events, expected) => {
    expect(fold(events).sights).toEqual({ ...NONE, ...expected });
  });
});

describe('another life under the same id', () => {
  it.each<[string, readonly ConcordEvent[], SeenResources]>([
    [
      'begins when a user was proved absent, and is back',
      [observed(1), everything, absent, observed(6)],
      NONE,
    ],
    ['not while the user is absent', [observed(1), everything, absent], ALL],
    [
      'begins with a newer created_at, also where no absence was ever read',
      [observed(1), everything, observed(6, { createdAt: at(4).toISOString() })],
      NONE,
    ],
    ['not with the same created_at', [observed(1), everything, observed(6, { blocked: true })], ALL],
    [
      'makes void a deletion that was heard before the user was first read',
      [removed(2, 'user-document'), observed(6, { createdAt: at(4).toISOString() })],
      NONE,
    ],
    [
      'not with a deletion in the same second, which the change stream tells without its fraction',
      [
        removed(2, 'user-document'),
        observed(6, { createdAt: new Date(at(2).getTime() + 400).toISOString() }),
      ],
      { ...NONE, document: true },
    ],
    [
      'not with one that is heard late',
      [
        observed(1, { createdAt: new Date(at(2).getTime() + 400).toISOString() }),
        removed(2, 'user-document'),
      ],
      { ...NONE, document: true },
    ],
    [
      'makes void a deletion of before, heard late',
      [observed(6, { createdAt: at(4).toISOString() }), { ...removed(2, 'verification'), recordedAt: at(9) }],
      NONE,
    ],
  ])('%s', (_reason, events, expected) => {
    expect(fold(events).sights).toEqual(expected);
  });

  it('keeps the code', () => {
    const facts = fold([observed(1), seen(2, { code: code('ac3abcde') }), absent, observed(6)]);
    expect(facts.code).toBe('ac3abcde');
  });
});

describe('a code', () => {
  it('is the first that was found or assigned, and another one in the document changes nothing', () => {
    const facts = fold([seen(1, { code: code('ac3abcde') }), seen(2, { code: code('AC23Bebac') })]);
    expect(facts.code).toBe('ac3abcde');
    expect(facts.seen.code).toBe('AC23Bebac');
  });

  it('that a person accepted is the permanent one', () => {
    const accepted = aliceEvent('code.accepted', 3, { code: code('AC23Bebac'), by: 'carol' });
    const facts = fold([seen(1, { code: code('ac3abcde') }), seen(2, { code: code('AC23Bebac') }), accepted]);
    expect(facts).toMatchObject({ code: 'AC23Bebac', seen: { code: undefined } });
  });
});

describe('an import', () => {
  const imported = (data: Omit<EventData['user-document.imported'], 'by'>): ConcordEvent =>
    aliceEvent('user-document.imported', 4, { by: 'carol', ...data });

  it('tells of the document, its permanent code, and the account that it names', () => {
    const facts = fold([observed(1), imported({ code: code('AC23Bebac'), record: aliceDid })]);
    expect(facts.code).toBe('AC23Bebac');
    expect(facts.sights).toEqual({
      verification: false,
      document: true,
      record: aliceDid,
      account: aliceDid,
    });
    // Whose account it is stays for the reconciliation to see.
    expect(facts.account).toBeUndefined();
  });

  it('changes no code that is known, and says nothing of what it left', () => {
    const facts = fold([
      seen(1, { code: code('ac3abcde') }),
      imported({ code: code('AC23Bebac'), record: null }),
    ]);
    expect(facts.code).toBe('ac3abcde');
    expect(facts.sights.record).toBeUndefined();
  });
});

describe('a decision to restore', () => {
  const grant = (data: Omit<EventData['restore.granted'], 'by'>): ConcordEvent =>
    aliceEvent('restore.granted', 8, { by: 'carol', ...data });

  it('lets exactly what it names be created again, and keeps what is written then', () => {
    const facts = fold([observed(1), everything, grant({ what: ['user-document', 'verification'] })]);
    expect(facts.sights).toEqual({ ...ALL, verification: false, document: false });
    expect(facts.kept).toEqual({ count: 1, when: at(-5) });
  });

  it('about an account names the one that is lost, and no other may be replaced', () => {
    const facts = fold([everything, created, grant({ what: ['account'], account: aliceDid })]);
    expect(facts).toMatchObject({ lostAccount: aliceDid, account: undefined });
    expect(facts.sights).toMatchObject({ record: undefined, account: undefined });
    const other = fold([everything, created, grant({ what: ['account'], account: bobDid })]);
    expect(other.account?.did).toBe(aliceDid);
  });

  it('is used up by what it brought back', () => {
    const facts = fold([
      ...[everything, grant({ what: ['verification'] })],
      aliceEvent('verification.recorded', 9, { count: 1 }),
    ]);
    expect(facts.sights.verification).toBe(true);
  });
});

describe('what the log says was removed', () => {
  it('is so until it is there again', () => {
    const gone = [everything, removed(3, 'verification')];
    expect([...fold(gone).removed]).toEqual(['verification']);
    expect([...fold([...gone, seen(4, { verification: 1 })]).removed]).toEqual([]);
  });
});
