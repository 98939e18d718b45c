import { describe, expect, it } from 'vitest';
import { addressesIn, blanked, isPersonal } from '../../src/events/blank.ts';
import type { ConditionDraft } from '../../src/events/condition.ts';
import type { ConcordEvent } from '../../src/events/event.ts';
import { fold } from '../../src/events/fold.ts';
import { eventId } from '../../src/identity.ts';
import { aliceDid, at, bob, code, handle, person } from '../mongo/subjects/people.ts';
import { observed, told } from '../support/in-memory/told.ts';

/** In every value that is personal, and in no other. */
const CANARY = 'canary';
const address = `${CANARY}@example.com`;
const name = handle(CANARY);
const condition: ConditionDraft = {
  type: 'handle',
  status: 'True',
  reason: 'PlatformHandle',
  message: `The handle is ${name}.`,
  held: false,
};
const did = aliceDid;
const intent = eventId('e-000006');

const personal: readonly ConcordEvent[] = [
  told('auth0.log-received', 1, {
    logId: '1',
    code: 'ss',
    hint: null,
    raw: `{"user_name":"${address}"}`,
  }),
  told('auth0.event-received', 1, {
    eventId: 'evt_1',
    name: 'user.created',
    hint: null,
    raw: `{"data":{"object":{"email":"${address}"}}}`,
  }),
  observed(2, { email: address, linked: [person(CANARY).userId] }),
  told('handle.observed', 3, { handle: CANARY }),
  told('subject.observed', 4, {
    code: code('ac26nobeb'),
    account: { did, handle: name, email: `seen-${address}` },
  }),
  told('actions.intended', 5, { actions: [{ resource: 'handle', type: 'change-handle', to: name }] }),
  told('account.creation-intended', 6, { handle: name, email: `first-${address}`, inviteHash: 'ab' }),
  told('account.creation-refused', 7, {
    intent,
    field: 'email',
    value: `taken-${address}`,
    reason: 'taken',
  }),
  told('account.creation-refused', 8, { intent, field: 'handle', value: name, reason: 'taken' }),
  told('account.created', 9, { did, handle: name, email: address }),
  told('account.recorded', 10, { did, handle: name }),
  told('handle.changed', 11, { did, from: name, to: name }),
  told('handle.recorded', 12, { did, handle: name }),
  told('handle.refused', 13, { handle: name, reason: 'taken' }),
  told('account.adopted', 14, { did, handle: name, email: address, evidence: [`for: ${CANARY}`] }),
  told('email.changed', 15, { did, to: address }),
  told('account.transferred', 15.1, {
    ...{ promise: intent, from: bob.user, did, handle: name, email: address },
  }),
  told('handle.release-intended', 15.2, { promise: intent, to: bob.user, row: `{"handle":"${CANARY}"}` }),
  told('handle.transferred', 15.3, { promise: intent, from: bob.user, handle: CANARY }),
  told('transfer.promised', 15.4, {
    ...{ to: bob.user, what: ['handle'], handle: CANARY, by: 'bob', reason: `asked by ${address}` },
  }),
  told('transfer.granted', 15.5, {
    ...{ promise: intent, from: bob.user, what: ['handle'], handle: CANARY, by: 'bob' },
    ...{ reason: `asked by ${address}`, evidence: [`for: ${CANARY}`] },
  }),
  told('email.refused', 16, { email: address, reason: 'taken' }),
  told('adoption.granted', 17, { did, by: 'bob', evidence: [`for: ${CANARY}`] }),
  told('user.paused', 18, { by: 'bob', reason: `asked by ${address}`, until: null }),
  told('converge.failed', 19, {
    conditions: [condition],
    code: 'TIMEOUT',
    message: CANARY,
    attempt: 1,
    retryAt: null,
  }),
  told('converge.deferred', 20, { conditions: [condition], retryAt: at(30).toISOString() }),
  told('converged', 21, { conditions: [condition], actions: 1, latencyMs: 5 }),
  told('sister.observed', 22, { user: person(CANARY).user, handle: CANARY }),
  told('adoption.granted', 23, { did, by: 'bob', reason: `asked by ${address}`, evidence: [] }),
  told('removal.granted', 24, { run: intent, by: 'bob', reason: `asked by ${address}` }),
  told('user.resumed', 25, { by: 'bob', reason: `asked by ${address}` }),
  told('user.retried', 26, { by: 'bob', reason: `asked by ${address}` }),
  told('reconcile.requested', 27, { by: 'bob', reason: `asked by ${address}` }),
  told('sweep.approved', 28, { run: intent, by: 'bob', reason: `asked by ${address}` }),
  told('sister.named', 29, { by: person(CANARY).user }),
  told('adoption.withdrawn', 29, { did, by: 'bob', reason: `asked by ${address}` }),
];

const blankName = '';
const unsaid = { ...condition, message: '' };
/** What is left of each, in the same order. */
const left: readonly object[] = [
  { logId: '1', code: 'ss', hint: null, raw: '' },
  { eventId: 'evt_1', name: 'user.created', hint: null, raw: '' },
  {
    userId: person('alice').userId,
    email: null,
    emailVerified: true,
    blocked: false,
    createdAt: at(0).toISOString(),
  },
  { handle: null },
  { code: code('ac26nobeb'), account: { did, handle: blankName, email: null } },
  { actions: [{ resource: 'handle', type: 'change-handle' }] },
  { handle: blankName, email: '', inviteHash: 'ab' },
  { intent, field: 'email', value: '', reason: 'taken' },
  { intent, field: 'handle', value: '', reason: 'taken' },
  { did, handle: blankName, email: '' },
  { did, handle: blankName },
  { did, from: blankName, to: blankName },
  { did, handle: blankName },
  { handle: blankName, reason: 'taken' },
  { did, handle: blankName, email: null, evidence: [] },
  { did, to: '' },
  { promise: intent, from: bob.user, did, handle: blankName, email: null },
  { promise: intent, to: bob.user, row: '' },
  { promise: intent, from: bob.user, handle: '' },
  { to: bob.user, what: ['handle'], handle: '', by: 'bob', reason: '' },
  { promise: intent, from: bob.user, what: ['handle'], handle: '', by: 'bob', reason: '', evidence: [] },
  { email: '', reason: 'taken' },
  { did, by: 'bob', evidence: [] },
  { by: 'bob', reason: '', until: null },
  { conditions: [unsaid], code: 'TIMEOUT', message: '', attempt: 1, retryAt: null },
  { conditions: [unsaid], retryAt: at(30).toISOString() },
  { conditions: [unsaid], actions: 1, latencyMs: 5 },
  { user: null, handle: null },
  { did, by: 'bob', reason: '', evidence: [] },
  { run: intent, by: 'bob', reason: '' },
  { by: 'bob', reason: '' },
  { by: 'bob', reason: '' },
  { by: 'bob', reason: '' },
  { run: intent, by: 'bob', reason: '' },
  { by: null },
  { did, by: 'bob', reason: '' },
];

const impersonal: readonly ConcordEvent[] = [
  told('code.assigned', 31, { code: code('ac26nobeb') }),
  told('account.deactivated', 32, { did, because: 'removed' }),
  told('user.forgotten', 33, { by: 'bob' }),
  // As it was written before reasons were asked for.
  told('removal.granted', 34, { run: intent, by: 'bob' }),
];

describe('blanking', () => {
  it.each(personal.map((event) => [event.type, event] as const))(
    'takes what is personal out of %s',
    (_type, event) => {
      expect(isPersonal(event)).toBe(true);
      const blank = blanked(event);
      expect(JSON.stringify(blank)).not.toContain(CANARY);
      expect({ ...blank, data: undefined }).toEqual({ ...event, data: undefined });
      expect(isPersonal(blank)).toBe(false);
    },
  );

  it('leaves of each what names nobody', () => {
    expect(personal.map((event) => blanked(event).data)).toEqual(left);
    const nothingSeen = told('subject.observed', 23, { code: null, account: null });
    expect(blanked(nothingSeen)).toEqual(nothingSeen);
  });

  it.each(impersonal.map((event) => [event.type, event] as const))('leaves %s as it is', (_type, event) => {
    expect(isPersonal(event)).toBe(false);
    expect(blanked(event)).toEqual(event);
  });

  it('leaves a history that is folded as before, and names nobody', () => {
    const before = fold([...personal, ...impersonal]);
    const after = fold([...personal, ...impersonal].map(blanked));
    expect(JSON.stringify([after, [...after.refusedHandles], [...after.refusedEmails]])).not.toContain(
      CANARY,
    );
    expect(after).toMatchObject({
      code: before.code,
      account: { did },
      attempts: before.attempts,
      deactivated: before.deactivated,
      newestEvent: before.newestEvent,
      forgotten: true,
    });
    expect(after.conditions.map(({ type, status, reason }) => [type, status, reason])).toEqual(
      before.conditions.map(({ type, status, reason }) => [type, status, reason]),
    );
  });
});

it('knows every address by which the user went, once each', () => {
  expect([...addressesIn(personal)].sort()).toEqual(
    [address, `first-${address}`, `seen-${address}`, `taken-${address}`].sort(),
  );
  expect(addressesIn(personal.map(blanked))).toEqual([]);
  expect(addressesIn([observed(1, { email: 'Alice@Example.com' }), observed(2)])).toEqual([
    'alice@example.com',
  ]);
});

it('a person who is seen in Auth0 again is not forgotten any more', () => {
  const back = fold([...impersonal, observed(40)]);
  expect(back.forgotten).toBe(false);
});
