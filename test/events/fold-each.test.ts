/** What each event changes of what is known, and that it changes nothing else. */
import { describe, expect, it } from 'vitest';
import type { ConcordEvent } from '../../src/events/event.ts';
import type { Facts } from '../../src/events/facts.ts';
import { fold } from '../../src/events/fold.ts';
import { eventId } from '../../src/identity.ts';
import { alice, aliceDid, at, bob, bobDid, code, handle } from '../mongo/subjects/people.ts';
import { aliceEvent, observed } from '../support/in-memory/alice-events.ts';

const intent = eventId('e-intent');
const address = 'alice@example.com';
const account = { did: aliceDid, handle: handle('alice'), email: address };
const begun = { event: intent, at: at(6), handle: handle('alice'), email: address, inviteHash: 'ab' };
const actions = (['verification', 'user-document', 'account', 'email', 'handle'] as const).map(
  (resource) => ({
    resource,
    type: `mend-${resource}`,
    event: eventId('e-intended'),
  }),
);
const condition = {
  type: 'account',
  status: 'True',
  reason: 'AccountActive',
  message: 'It is there.',
  held: false,
} as const;
const stood = { ...condition, since: at(6).toISOString(), event: eventId('e-ended') };

const unread = { ...condition, status: 'Unknown', reason: 'NotObserved' } as const;
const trouble = { code: 'TIMEOUT', upstream: 'pds', message: 'account: too late' } as const;

const promise = eventId('e-promise');
const outgoing = {
  ...{ promise, to: bob.user, open: new Set(['account', 'handle', 'code'] as const), account: aliceDid },
  ...{ handle: 'alice', code: code('ac26nobeb'), row: undefined, isCodeReleased: false },
};
const incoming = {
  ...{ promise, from: bob.user, open: new Set(['account', 'handle'] as const), account: bobDid },
  ...{ handle: 'bob', code: undefined, replaces: aliceDid },
};

/** Something of everything that can be known. */
const FULL: Facts = {
  auth0: { userId: alice.userId, email: address, emailVerified: true, blocked: true, createdAt: at(0) },
  verifiedEmail: address,
  firstReadAt: at(1),
  auth0Event: eventId('e-read'),
  presentAt: at(1),
  deletionHintAt: at(2),
  absentSince: at(3),
  invalidSince: at(3),
  unlistedSince: at(4),
  removalGrantedAt: at(5),
  paused: { by: 'carol', reason: 'asked to', until: at(90) },
  adoption: { did: bobDid, grant: eventId('e-granted'), evidence: ['for: it is active'] },
  deactivated: 'blocked',
  passwordRefused: true,
  passwordResetGranted: true,
  accountDeleted: true,
  forgotten: true,
  platformHandle: 'alice',
  sister: { user: bob.user, handle: 'bob' },
  namedBy: [{ event: eventId('e-named'), user: bob.user, email: address }],
  code: code('ac26nobeb'),
  sights: { verification: true, document: true, record: aliceDid, account: aliceDid },
  seenInSync: true,
  kept: { count: 2, when: at(-1) },
  removed: new Set(['handle']),
  removedAt: at(2),
  lostAccount: bobDid,
  account,
  seen: { code: code('ac26zazaz'), account: { ...account, did: bobDid } },
  intent: begun,
  givenUp: [{ ...begun, event: eventId('e-given-up'), inviteHash: 'cd' }],
  parked: { did: aliceDid, from: address, to: 'parked@account.invalid', at: at(6) },
  parkingEndedAt: at(6),
  outgoing,
  incoming,
  retiring: undefined,
  transferred: undefined,
  refusedHandles: new Map([['a.at.test', { reason: 'taken', at: at(6) }]]),
  refusedEmails: new Map([['a@example.com', { reason: 'taken', at: at(6) }]]),
  possiblyLeakedDids: 2,
  creationFailedAt: at(5),
  creationFailure: 'TIMEOUT',
  inactiveListedAt: at(6),
  openActions: actions,
  isUnfinished: true,
  conditions: [stood],
  attempts: 3,
  loggedFailures: 3,
  quarantined: true,
  failure: { ...trouble, since: at(7).toISOString(), at: at(8).toISOString() },
  independent: new Map(),
  newestAt: at(9),
  newestEvent: eventId('e-newest'),
};
const NOTHING = fold([]);
const other = { did: bobDid, handle: handle('bob') };
const noAccount = { sights: { ...FULL.sights, record: undefined, account: undefined } };
const unseen = { seen: { ...FULL.seen, account: undefined } };

function without(resource: string): Pick<Facts, 'openActions'> {
  return { openActions: actions.filter((action) => action.resource !== resource) };
}

/** Onto FULL. */
const rows: readonly (readonly [reason: string, event: ConcordEvent, changes: Partial<Facts>])[] = [
  [
    'a promise takes the place of the one before',
    aliceEvent('transfer.promised', 20, { to: bob.user, what: ['account'], account: aliceDid, by: 'carol' }),
    {
      outgoing: {
        ...{ promise: eventId('e-000020'), to: bob.user, open: new Set(['account']), account: aliceDid },
        ...{ handle: undefined, code: undefined, row: undefined, isCodeReleased: false },
      },
    },
  ],
  [
    'a grant of a handle that only an account carries leaves nothing to take',
    aliceEvent('transfer.granted', 20, {
      ...{ promise, from: bob.user, what: ['handle'], by: 'carol', evidence: [] },
    }),
    { incoming: undefined },
  ],
  [
    'a transferred account is the account of the user',
    aliceEvent('account.transferred', 20, {
      ...{ promise, from: bob.user, ...other, email: 'b@example.com', replaced: aliceDid },
      deactivated: 'removed',
    }),
    {
      account: { ...other, email: 'b@example.com' },
      ...{ accountDeleted: false, deactivated: 'removed', adoption: undefined, lostAccount: undefined },
      ...{ parked: undefined, passwordRefused: false, passwordResetGranted: false, retiring: aliceDid },
      ...{ intent: undefined, givenUp: [], sights: { ...FULL.sights, record: bobDid, account: bobDid } },
      incoming: { ...incoming, open: new Set(['handle'] as const) },
      ...unseen,
      ...without('account'),
    },
  ],
  [
    'a released account is not',
    aliceEvent('account.released', 20, { promise, to: bob.user, did: aliceDid }),
    {
      ...{ account: undefined, deactivated: undefined, parked: undefined, ...noAccount },
      transferred: { did: aliceDid, to: bob.user },
      outgoing: { ...outgoing, open: new Set(['handle', 'code'] as const) },
      ...unseen,
      ...without('account'),
    },
  ],
  [
    'the row of a handle is known before it is removed',
    aliceEvent('handle.release-intended', 20, { promise, to: bob.user, row: '{}' }),
    { outgoing: { ...outgoing, row: '{}' } },
  ],
  [
    'a handle that is taken is of this user',
    aliceEvent('handle.transferred', 20, { promise, from: bob.user, handle: 'bob' }),
    {
      platformHandle: 'bob',
      incoming: { ...incoming, open: new Set(['account'] as const) },
      ...without('handle'),
    },
  ],
  [
    'a handle that is put back as well',
    aliceEvent('handle.returned', 20, { promise, to: bob.user }),
    { platformHandle: 'alice', ...without('handle') },
  ],
  [
    'a released code is no longer of this user',
    aliceEvent('code.released', 20, { promise, to: bob.user, code: code('ac26nobeb') }),
    {
      code: undefined,
      seen: { ...FULL.seen, code: undefined },
      outgoing: { ...outgoing, isCodeReleased: true },
      ...without('user-document'),
    },
  ],
  [
    'what is declined is not open',
    aliceEvent('transfer.declined', 20, {
      ...{ promise, from: bob.user, what: ['account', 'handle'], because: 'deleted' },
    }),
    { incoming: undefined },
  ],
  [
    'what is cancelled is not open',
    aliceEvent('transfer.cancelled', 20, {
      ...{ promise, from: bob.user, what: ['account', 'handle'], by: 'carol' },
    }),
    { incoming: undefined },
  ],
  [
    'what is closed is not open',
    aliceEvent('transfer.closed', 20, {
      ...{ promise, to: bob.user, what: ['account', 'handle'], because: 'declined' },
    }),
    { outgoing: { ...outgoing, open: new Set(['code'] as const) } },
  ],
  [
    'what is closed of an earlier promise changes nothing',
    aliceEvent('transfer.closed', 20, {
      ...{ promise: eventId('e-earlier'), to: bob.user, what: ['account'], because: 'not-granted' },
    }),
    {},
  ],
  [
    'a read starts anew',
    observed(20, { email: null, emailVerified: false, blocked: false }),
    {
      auth0: {
        userId: alice.userId,
        email: undefined,
        emailVerified: false,
        blocked: false,
        createdAt: at(0),
      },
      auth0Event: eventId('e-000020'),
      presentAt: at(20),
      deletionHintAt: undefined,
      absentSince: undefined,
      invalidSince: undefined,
      unlistedSince: undefined,
      removalGrantedAt: undefined,
      forgotten: false,
      // The user was deleted and is back, which is another life.
      sights: NOTHING.sights,
      kept: NOTHING.kept,
      removed: new Set(),
      lostAccount: undefined,
      verifiedEmail: undefined,
      firstReadAt: at(20),
    },
  ],
  [
    'a second absence is no later one',
    aliceEvent('auth0.user-absent', 20, { userId: alice.userId }),
    { auth0Event: eventId('e-000020'), invalidSince: undefined },
  ],
  [
    'an id that Auth0 calls invalid once more',
    aliceEvent('auth0.user-invalid', 20, { userId: alice.userId }),
    {
      ...{ auth0Event: eventId('e-000020'), absentSince: undefined, unlistedSince: undefined },
      ...{ conditions: [], attempts: 0, loggedFailures: 0, quarantined: false, failure: undefined },
    },
  ],
  [
    'an exclusion',
    aliceEvent('user.excluded', 20, { entry: 'auth0|al*' }),
    {
      ...{ attempts: 0, loggedFailures: 0, quarantined: false, failure: undefined },
      conditions: [
        {
          ...{ type: 'pause', status: 'True', reason: 'Excluded', held: false, event: eventId('e-000020') },
          message: 'The configuration excludes this user (exclude: auth0|al*), so Concord does nothing.',
          since: at(20).toISOString(),
        },
      ],
    },
  ],
  ['nor a second listing without', aliceEvent('auth0.user-unlisted', 20, { run: intent }), {}],
  ['no handle', aliceEvent('handle.observed', 20, { handle: null }), { platformHandle: undefined }],
  ['no sister', aliceEvent('sister.observed', 20, { user: null, handle: null }), { sister: undefined }],
  [
    'another user of the linked tenant found this one',
    aliceEvent('sister.named', 20, { by: alice.user }),
    {
      namedBy: [...FULL.namedBy, { event: eventId('e-000020'), user: alice.user, email: address }],
    },
  ],
  [
    'one who found it before, once more',
    aliceEvent('sister.named', 20, { by: bob.user }),
    { namedBy: [{ event: eventId('e-000020'), user: bob.user, email: address }] },
  ],
  [
    'one who is not the same person',
    aliceEvent('sister.dismissed', 20, { named: eventId('e-named') }),
    { namedBy: [] },
  ],
  [
    'one who has named this user again since',
    aliceEvent('sister.dismissed', 20, { named: eventId('e-named-before') }),
    {},
  ],
  ['one who was forgotten since', aliceEvent('sister.named', 20, { by: null }), {}],
  [
    'a sister without a handle',
    aliceEvent('sister.observed', 20, { user: alice.user, handle: null }),
    { sister: { user: alice.user, handle: undefined } },
  ],
  [
    'nothing was seen',
    aliceEvent('subject.observed', 20, { code: null, account: null }),
    { seen: { code: undefined, account: undefined } },
  ],
  [
    'an account was seen, without an address',
    aliceEvent('subject.observed', 20, { code: code('ac26nobeb'), account: { ...other, email: null } }),
    {
      seen: { code: undefined, account: { ...other, email: undefined } },
      sights: { ...FULL.sights, record: bobDid, account: bobDid },
    },
  ],
  ['a verification', aliceEvent('verification.recorded', 20, { count: 1 }), without('verification')],
  [
    'a document, whose code is still to come',
    aliceEvent('user-document.created', 20, { when: at(7).toISOString() }),
    { kept: { count: 2, when: at(7) } },
  ],
  [
    'a code',
    aliceEvent('code.assigned', 20, { code: code('ac26zazaz') }),
    { code: code('ac26zazaz'), ...without('user-document') },
  ],
  [
    'a creation that broke off without a trace',
    aliceEvent('account.creation-abandoned', 20, { intent, reason: 'not-applied' }),
    { intent: undefined, givenUp: [...FULL.givenUp, begun], ...without('account') },
  ],
  [
    'a creation that no account came of',
    aliceEvent('account.creation-abandoned', 20, { intent, reason: 'no-account-came-of-it' }),
    {
      ...{ intent: undefined, givenUp: [...FULL.givenUp, begun], ...without('account') },
      ...{ possiblyLeakedDids: 3, creationFailedAt: begun.at },
    },
  ],
  [
    'a creation that failed on the PDS',
    aliceEvent('account.creation-failed', 20, { intent, code: 'SERVER_ERROR' }),
    { creationFailure: 'SERVER_ERROR' },
  ],
  [
    'the failure of a creation that another has overtaken',
    aliceEvent('account.creation-failed', 20, { intent: eventId('e-overtaken'), code: 'SERVER_ERROR' }),
    {},
  ],
  [
    'inactive accounts that were listed',
    aliceEvent('inactive-accounts.listed', 20, { accounts: 2 }),
    { inactiveListedAt: at(20) },
  ],
  [
    'a refused address',
    aliceEvent('account.creation-refused', 20, {
      intent,
      field: 'email',
      value: 'b@example.com',
      reason: 'taken',
    }),
    {
      intent: undefined,
      refusedEmails: new Map([...FULL.refusedEmails, ['b@example.com', { reason: 'taken', at: at(20) }]]),
      ...without('account'),
    },
  ],
  [
    'a refusal of a creation that another has overtaken',
    aliceEvent('account.creation-refused', 20, {
      intent: eventId('e-overtaken'),
      field: 'email',
      value: 'b@example.com',
      reason: 'taken',
    }),
    {},
  ],
  [
    'an account',
    aliceEvent('account.created', 20, { ...other, email: 'b@example.com' }),
    {
      account: { ...other, email: 'b@example.com' },
      sights: { ...FULL.sights, record: bobDid, account: bobDid },
      adoption: undefined,
      accountDeleted: false,
      deactivated: undefined,
      intent: undefined,
      givenUp: [],
      ...unseen,
      ...without('account'),
    },
  ],
  [
    'an account in the document',
    aliceEvent('account.recorded', 20, other),
    {
      account: { ...account, ...other },
      seen: { ...FULL.seen, account: { ...account, ...other } },
      sights: { ...FULL.sights, record: bobDid, account: bobDid },
      intent: undefined,
      givenUp: [],
      ...without('account'),
    },
  ],
  [
    'an adopted account',
    aliceEvent('account.adopted', 20, { ...other, email: 'b@example.com', evidence: [] }),
    {
      account: { ...other, email: 'b@example.com' },
      sights: { ...FULL.sights, record: bobDid, account: bobDid },
      adoption: undefined,
      passwordRefused: false,
      intent: undefined,
      givenUp: [],
      ...unseen,
      ...without('account'),
    },
  ],
  [
    'an adopted account without an address',
    aliceEvent('account.adopted', 20, { ...other, email: null, evidence: [] }),
    {
      ...{ account: other, adoption: undefined, passwordRefused: false, intent: undefined, givenUp: [] },
      sights: { ...FULL.sights, record: bobDid, account: bobDid },
      ...unseen,
      ...without('account'),
    },
  ],
  [
    'a remnant is gone',
    aliceEvent('account.remnant-deleted', 20, { did: aliceDid }),
    { account: undefined, ...noAccount, ...unseen, ...without('account') },
  ],
  [
    'a removal that can be taken back',
    aliceEvent('account.deactivated', 20, { did: aliceDid, because: 'removed' }),
    { deactivated: 'removed', ...without('account') },
  ],
  [
    'and is taken back',
    aliceEvent('account.reactivated', 20, { did: aliceDid }),
    { deactivated: undefined, ...without('account') },
  ],
  [
    'a removal',
    aliceEvent('account.deleted', 20, { did: aliceDid }),
    {
      ...{ account: undefined, accountDeleted: true, deactivated: undefined },
      ...noAccount,
      ...unseen,
      ...without('account'),
    },
  ],
  [
    'a password that fits',
    aliceEvent('password.accepted', 20, { did: aliceDid }),
    { passwordRefused: false },
  ],
  [
    'a password that was set again',
    aliceEvent('password.reset', 20, { did: aliceDid }),
    { passwordRefused: false, passwordResetGranted: false, ...without('account') },
  ],
  [
    'an address',
    aliceEvent('email.changed', 20, { did: aliceDid, to: 'b@example.com' }),
    {
      account: { ...account, email: 'b@example.com' },
      seen: { ...FULL.seen, account: { ...account, did: bobDid, email: 'b@example.com' } },
      parked: undefined,
      ...without('email'),
    },
  ],
  [
    'the address from before an account was parked',
    aliceEvent('email.changed', 20, { did: aliceDid, to: address }),
    {
      account: { ...account, email: address },
      seen: { ...FULL.seen, account: { ...account, did: bobDid, email: address } },
      parked: undefined,
      parkingEndedAt: at(20),
      ...without('email'),
    },
  ],
  [
    'an address that is to be parked',
    aliceEvent('email.parking-intended', 20, { did: aliceDid, from: address, to: 'p@account.invalid' }),
    { parked: { did: aliceDid, from: address, to: 'p@account.invalid', at: at(20) } },
  ],
  [
    'an address that is parked',
    aliceEvent('email.parked', 20, { did: aliceDid, from: address, to: 'p@account.invalid' }),
    {
      account: { ...account, email: 'p@account.invalid' },
      seen: { ...FULL.seen, account: { ...account, did: bobDid, email: 'p@account.invalid' } },
      ...without('email'),
    },
  ],
  [
    'an address that was refused',
    aliceEvent('email.refused', 20, { email: 'b@example.com', reason: 'not-allowed' }),
    {
      refusedEmails: new Map([
        ...FULL.refusedEmails,
        ['b@example.com', { reason: 'not-allowed', at: at(20) }],
      ]),
      ...without('email'),
    },
  ],
  [
    'a handle',
    aliceEvent('handle.changed', 20, { did: aliceDid, from: handle('alice'), to: handle('b') }),
    {
      account: { ...account, handle: handle('b') },
      seen: { ...FULL.seen, account: { ...account, did: bobDid, handle: handle('b') } },
      ...without('handle'),
    },
  ],
  [
    'a handle in the document',
    aliceEvent('handle.recorded', 20, other),
    {
      account: { ...account, ...other },
      seen: { ...FULL.seen, account: { ...account, ...other } },
      ...without('handle'),
    },
  ],
  [
    'a handle that was refused',
    aliceEvent('handle.refused', 20, { handle: handle('b'), reason: 'not-allowed' }),
    {
      refusedHandles: new Map([...FULL.refusedHandles, [handle('b'), { reason: 'not-allowed', at: at(20) }]]),
      ...without('handle'),
    },
  ],
  [
    'a grant to remove',
    aliceEvent('removal.granted', 20, { run: intent, by: 'carol' }),
    { removalGrantedAt: at(20) },
  ],
  [
    'a grant to adopt',
    aliceEvent('adoption.granted', 20, { did: aliceDid, by: 'carol', evidence: ['against: nothing'] }),
    { adoption: { did: aliceDid, grant: eventId('e-000020'), evidence: ['against: nothing'] } },
  ],
  [
    'a withdrawal',
    aliceEvent('adoption.withdrawn', 20, { did: bobDid, by: 'carol' }),
    { adoption: undefined },
  ],
  [
    'a withdrawal of an earlier grant',
    aliceEvent('adoption.withdrawn', 20, { did: aliceDid, by: 'carol' }),
    {},
  ],
  [
    'the same grant once more',
    aliceEvent('adoption.granted', 20, { did: bobDid, by: 'carol', evidence: ['against: nothing'] }),
    { adoption: { did: bobDid, grant: eventId('e-granted'), evidence: ['against: nothing'] } },
  ],
  [
    'a pause without an end',
    aliceEvent('user.paused', 20, { by: 'bob', reason: 'a move', until: null }),
    { paused: { by: 'bob', reason: 'a move', until: undefined } },
  ],
  [
    'a pause with an end',
    aliceEvent('user.paused', 20, { by: 'bob', reason: 'a move', until: at(99).toISOString() }),
    { paused: { by: 'bob', reason: 'a move', until: at(99) } },
  ],
  ['no pause', aliceEvent('user.resumed', 20, { by: 'bob' }), { paused: undefined }],
  [
    'everything once more',
    aliceEvent('user.retried', 20, { by: 'bob' }),
    {
      attempts: 0,
      loggedFailures: 0,
      quarantined: false,
      failure: undefined,
      possiblyLeakedDids: 0,
      refusedHandles: new Map(),
      refusedEmails: new Map(),
    },
  ],
  [
    'nothing of a look that was asked for',
    aliceEvent('reconcile.requested', 20, { by: 'bob', reason: 'a call' }),
    {},
  ],
  [
    'a pass that came to an end, with what was said before',
    aliceEvent('converged', 20, { conditions: [condition], actions: 0, latencyMs: 1 }),
    {
      attempts: 0,
      loggedFailures: 0,
      quarantined: false,
      failure: undefined,
      openActions: [],
      isUnfinished: false,
    },
  ],
  [
    'a pass that waits for something else',
    aliceEvent('converge.deferred', 20, {
      conditions: [{ ...condition, type: 'handle' }],
      retryAt: at(30).toISOString(),
    }),
    {
      conditions: [{ ...stood, type: 'handle', since: at(20).toISOString(), event: eventId('e-000020') }],
      failure: undefined,
      isUnfinished: false,
    },
  ],
  [
    'a pass that a limit put off, which leaves what failed before as it is',
    aliceEvent('converge.deferred', 20, { conditions: [unread], retryAt: at(30).toISOString() }),
    {
      conditions: [{ ...unread, since: at(20).toISOString(), event: eventId('e-000020') }],
      loggedFailures: 4,
      isUnfinished: false,
    },
  ],
  [
    'a pass that failed as the one before',
    aliceEvent('converge.failed', 20, { ...trouble, conditions: [condition], attempt: 4, retryAt: null }),
    {
      attempts: 4,
      loggedFailures: 4,
      isUnfinished: false,
      failure: { ...trouble, since: at(7).toISOString(), at: at(20).toISOString() },
    },
  ],
  [
    'a pass that failed in another way',
    aliceEvent('converge.failed', 20, {
      ...{ code: 'BUG', message: 'account: failed' },
      ...{ conditions: [condition], attempt: 4, retryAt: null },
    }),
    {
      attempts: 4,
      loggedFailures: 4,
      isUnfinished: false,
      failure: {
        ...{ code: 'BUG', upstream: null, message: 'account: failed' },
        ...{ since: at(20).toISOString(), at: at(20).toISOString() },
      },
    },
  ],
  ['a sweep is nobody has', aliceEvent('sweep.started', 20, { users: null }), {}],
];

/** Onto nothing. */
const firsts: readonly (readonly [reason: string, event: ConcordEvent, changes: Partial<Facts>])[] = [
  [
    'the first absence',
    aliceEvent('auth0.user-absent', 20, { userId: alice.userId }),
    { auth0Event: eventId('e-000020'), absentSince: at(20) },
  ],
  [
    'the first listing without',
    aliceEvent('auth0.user-unlisted', 20, { run: intent }),
    { unlistedSince: at(20) },
  ],
  ['an address of no account', aliceEvent('email.changed', 20, { did: aliceDid, to: address }), {}],
  [
    'a handle of no account',
    aliceEvent('handle.changed', 20, { did: aliceDid, from: handle('a'), to: handle('b') }),
    {},
  ],
  [
    'a password that does not fit',
    aliceEvent('password.refused', 20, { did: aliceDid }),
    { passwordRefused: true },
  ],
  [
    'a grant to set it again',
    aliceEvent('password-reset.granted', 20, { by: 'carol' }),
    { passwordResetGranted: true },
  ],
  [
    'an id that Auth0 calls invalid',
    aliceEvent('auth0.user-invalid', 20, { userId: alice.userId }),
    { auth0Event: eventId('e-000020'), invalidSince: at(20) },
  ],
  ['a quarantine', aliceEvent('user.quarantined', 20, { attempts: 3, code: 'X' }), { quarantined: true }],
  ['oblivion', aliceEvent('user.forgotten', 20, { by: 'carol' }), { forgotten: true }],
  [
    'a removal where nothing was seen',
    aliceEvent('account.deleted', 20, { did: aliceDid }),
    { accountDeleted: true },
  ],
];

describe('one event', () => {
  it.each(rows)('%s', (_reason, event, changes) => {
    expect(fold([event], FULL)).toEqual({ ...FULL, newestAt: at(20), newestEvent: event._id, ...changes });
  });

  it.each(firsts)('%s', (_reason, event, changes) => {
    expect(fold([event])).toEqual({ ...NOTHING, newestAt: at(20), newestEvent: event._id, ...changes });
  });

  it('has nothing to go by at first', () => {
    const known = Object.entries(NOTHING).filter(
      ([, value]) => value !== undefined && value !== false && value !== 0,
    );
    expect(Object.fromEntries(known)).toEqual({
      namedBy: [],
      independent: new Map(),
      seen: { code: undefined, account: undefined },
      sights: { verification: false, document: false, record: undefined, account: undefined },
      kept: { count: undefined, when: undefined },
      removed: new Set(),
      givenUp: [],
      refusedHandles: new Map(),
      refusedEmails: new Map(),
      openActions: [],
      conditions: [],
    });
  });
});

describe('a hint of a deletion', () => {
  const hint = (seconds: number, recorded: number, says: 'deleted' | null = 'deleted'): ConcordEvent => ({
    ...aliceEvent('auth0.log-received', seconds, {
      logId: String(seconds),
      code: 'sdu',
      hint: says,
      raw: '{}',
    }),
    recordedAt: at(recorded),
  });

  it.each([
    ['is by our clock', [hint(900, 20)], at(20)],
    ['is only one where the entry says so', [hint(20, 20, null)], undefined],
    ['is the newest of several', [hint(1, 30), hint(2, 20)], at(30)],
    ['is refuted by a later read', [hint(1, 20), observed(21)], undefined],
    ['and by one of the same moment', [hint(1, 20), observed(20)], undefined],
    ['and not by an earlier one', [hint(1, 20), observed(19)], at(20)],
  ])('%s', (_reason, events, expected) => {
    expect(fold(events).deletionHintAt).toEqual(expected);
  });
});
