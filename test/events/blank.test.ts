import { describe, expect, it } from 'vitest';
import { addressesIn, blanked, isPersonal } from '../../src/events/blank.ts';
import type { ConditionDraft } from '../../src/events/condition.ts';
import type { ConcordEvent } from '../../src/events/event.ts';
import { fold } from '../../src/events/fold.ts';
import { eventId } from '../../src/identity.ts';
import { aliceDid, at, bob, code, handle, person } from '../mongo/subjects/people.ts';
import { aliceEvent, observed } from '../support/in-memory/alice-events.ts';

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
  aliceEvent('auth0.log-received', 1, {
    logId: '1',
    code: 'ss',
    hint: null,
    raw: `{"user_name":"${address}"}`,
  }),
  aliceEvent('auth0.event-received', 1, {
    eventId: 'evt_1',
    name: 'user.created',
    hint: null,
    raw: `{"data":{"object":{"email":"${address}"}}}`,
  }),
  observed(2, { email: address, linked: [person(CANARY).userId] }),
  aliceEvent('handle.observed', 3, { handle: CANARY }),
  aliceEvent('subject.observed', 4, {
    code: code('ac26nobeb'),
    account: { did, handle: name, email: `seen-${address}` },
  }),
  aliceEvent('actions.intended', 5, { actions: [{ resource: 'handle', type: 'change-handle', to: name }] }),
  aliceEvent('account.creation-intended', 6, { handle: name, email: `first-${address}`, inviteHash: 'ab' }),
  aliceEvent('account.creation-refused', 7, {
    intent,
    field: 'email',
    value: `taken-${address}`,
    reason: 'taken',
  }),
  aliceEvent('account.creation-refused', 8, { intent, field: 'handle', value: name, reason: 'taken' }),
  aliceEvent('account.created', 9, { did, handle: name, email: address }),
  aliceEvent('account.recorded', 10, { did, handle: name }),
  aliceEvent('handle.changed', 11, { did, from: name, to: name }),
  aliceEvent('handle.recorded', 12, { did, handle: name }),
  aliceEvent('handle.refused', 13, { handle: name, reason: 'taken' }),
  aliceEvent('account.adopted', 14, { did, handle: name, email: address, evidence: [`for: ${CANARY}`] }),
  aliceEvent('email.changed', 15, { did, to: address }),
  aliceEvent('account.transferred', 15.1, {
    ...{ promise: intent, from: bob.user, did, handle: name, email: address },
  }),
  aliceEvent('handle.release-intended', 15.2, {
    promise: intent,
    to: bob.user,
    row: `{"handle":"${CANARY}"}`,
  }),
  aliceEvent('handle.transferred', 15.3, { promise: intent, from: bob.user, handle: CANARY }),
  aliceEvent('transfer.promised', 15.4, {
    ...{ to: bob.user, what: ['handle'], handle: CANARY, by: 'bob', reason: `asked by ${address}` },
  }),
  aliceEvent('transfer.granted', 15.5, {
    ...{ promise: intent, from: bob.user, what: ['handle'], handle: CANARY, by: 'bob' },
    ...{ reason: `asked by ${address}`, evidence: [`for: ${CANARY}`] },
  }),
  aliceEvent('email.refused', 16, { email: address, reason: 'taken' }),
  aliceEvent('adoption.granted', 17, { did, by: 'bob', evidence: [`for: ${CANARY}`] }),
  aliceEvent('user.paused', 18, { by: 'bob', reason: `asked by ${address}`, until: null }),
  aliceEvent('converge.failed', 19, {
    conditions: [condition],
    code: 'TIMEOUT',
    message: CANARY,
    attempt: 1,
    retryAt: null,
  }),
  aliceEvent('converge.deferred', 20, { conditions: [condition], retryAt: at(30).toISOString() }),
  aliceEvent('converged', 21, { conditions: [condition], actions: 1, latencyMs: 5 }),
  aliceEvent('sister.observed', 22, { user: person(CANARY).user, handle: CANARY }),
  aliceEvent('adoption.granted', 23, { did, by: 'bob', reason: `asked by ${address}`, evidence: [] }),
  aliceEvent('removal.granted', 24, { run: intent, by: 'bob', reason: `asked by ${address}` }),
  aliceEvent('user.resumed', 25, { by: 'bob', reason: `asked by ${address}` }),
  aliceEvent('user.retried', 26, { by: 'bob', reason: `asked by ${address}` }),
  aliceEvent('reconcile.requested', 27, { by: 'bob', reason: `asked by ${address}` }),
  aliceEvent('sweep.approved', 28, { run: intent, by: 'bob', reason: `asked by ${address}` }),
  aliceEvent('sister.named', 29, { by: person(CANARY).user }),
  aliceEvent('adoption.withdrawn', 29, { did, by: 'bob', reason: `asked by ${address}` }),
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
  aliceEvent('code.assigned', 31, { code: code('ac26nobeb') }),
  aliceEvent('account.deactivated', 32, { did, because: 'removed' }),
  aliceEvent('user.forgotten', 33, { by: 'bob' }),
  // As it was written before reasons were asked for.
  aliceEvent('removal.granted', 34, { run: intent, by: 'bob' }),
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
    const nothingSeen = aliceEvent('subject.observed', 23, { code: null, account: null });
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
