import { describe, expect, it } from 'vitest';
import type { ConcordEvent } from '../../../src/events/event.ts';
import { fold } from '../../../src/events/fold.ts';
import type { Gap } from '../../../src/events/gap.ts';
import { eventId } from '../../../src/identity.ts';
import type { PdsAccount } from '../../../src/ports/accounts.ts';
import type { Successor } from '../../../src/ports/subjects.ts';
import {
  applyEnd,
  desiredEnd,
  isToBeRemoved,
  planEnd,
} from '../../../src/reconcilers/account/account-end.ts';
import type { EndPolicy } from '../../../src/reconcilers/policy.ts';
import { alice, aliceDid, at, bob, handle, tenant } from '../../mongo/subjects/people.ts';
import { account } from '../../support/in-memory/account-plan.ts';
import { inMemoryAccounts } from '../../support/in-memory/accounts.ts';
import { aliceEvent, observed } from '../../support/in-memory/alice-events.ts';
import { applyContext } from '../../support/in-memory/apply-context.ts';
import { inMemoryDocuments } from '../../support/in-memory/documents.ts';

const GRACE = 10_000;
const run = eventId('run');
const blocked = observed(1, { blocked: true });
const absent = aliceEvent('auth0.user-absent', 10, { userId: alice.userId });
const hint = aliceEvent('auth0.log-received', 9, { logId: '9', code: 'sdu', hint: 'deleted', raw: '{}' });
const unlisted = aliceEvent('auth0.user-unlisted', 11, { run });
const granted = (seconds: number) =>
  aliceEvent('removal.granted', seconds, { run, by: 'sweep' }, `e-granted-${seconds}`);
const gap: Gap = {
  id: eventId('gap'),
  tenant,
  cause: 'retention-passed',
  from: at(1),
  until: at(2),
};
const deactivated = account({ state: 'deactivated' });

function planned(
  events: readonly ConcordEvent[],
  policy: Partial<EndPolicy>,
  linked: PdsAccount | 'missing' | undefined,
  seconds: number,
  gap?: Gap,
) {
  const settings: EndPolicy = { blocked: 'report', removal: 'report', removalGraceMs: GRACE, ...policy };
  const end = desiredEnd(fold(events), settings, gap);
  if (end === undefined) return 'no end';
  const actual = { linked, linkedDid: linked === undefined ? undefined : aliceDid };
  const { actions, condition, retryAt } = planEnd({ end, interrupted: new Set() }, actual, at(seconds));
  return [
    `${condition.status} ${condition.reason}`,
    ...actions.map(({ type }) => type),
    ...(retryAt ? [retryAt] : []),
  ];
}

describe('the plan', () => {
  it.each([
    { reason: 'a user who is there', events: [observed(1)], gives: 'no end' },
    { reason: 'blocked, and reported', events: [blocked], gives: ['True UserBlocked'] },
    {
      reason: 'blocked, and active',
      events: [blocked],
      policy: { blocked: 'deactivate' },
      gives: ['False UserBlocked', 'deactivate-account'],
    },
    {
      reason: 'blocked, and inactive already',
      events: [blocked],
      policy: { blocked: 'deactivate' },
      linked: deactivated,
      gives: ['True UserBlocked'],
    },
    {
      reason: 'blocked, with no account',
      events: [blocked],
      policy: { blocked: 'deactivate' },
      linked: undefined,
      gives: ['True UserBlocked'],
    },
    {
      reason: 'one proof is none',
      events: [observed(1), absent],
      policy: { removal: 'delete' },
      seconds: 1_000,
      gives: ['True UserGoneOnce'],
    },
    {
      reason: 'a deletion event alone is none',
      events: [observed(1), hint],
      policy: { removal: 'delete' },
      seconds: 1_000,
      gives: 'no end',
    },
    {
      reason: 'a listing alone is none',
      events: [observed(1), unlisted],
      policy: { removal: 'delete' },
      seconds: 1_000,
      gives: 'no end',
    },
    {
      reason: 'gone, and reported',
      events: [observed(1), hint, absent],
      seconds: 1_000,
      gives: ['True UserGone'],
    },
    {
      reason: 'gone, with no account',
      events: [observed(1), hint, absent],
      policy: { removal: 'delete' },
      linked: 'missing',
      seconds: 1_000,
      gives: ['True UserGone'],
    },
    {
      reason: 'gone, in grace, though granted',
      events: [observed(1), hint, absent, granted(12)],
      policy: { removal: 'delete' },
      seconds: 19,
      gives: ['False RemovalInGrace', at(20)],
    },
    {
      reason: 'gone, and nobody granted it',
      events: [observed(1), hint, absent],
      policy: { removal: 'delete' },
      seconds: 20,
      gives: ['False RemovalDue'],
    },
    {
      reason: 'a grant of before is void',
      events: [observed(1), granted(5), hint, absent],
      policy: { removal: 'delete' },
      seconds: 20,
      gives: ['False RemovalDue'],
    },
    {
      reason: 'a grant of an earlier absence is void',
      events: [
        hint,
        absent,
        granted(12),
        observed(13),
        aliceEvent('auth0.user-absent', 14, { userId: alice.userId }),
        aliceEvent('auth0.user-unlisted', 15, { run }),
      ],
      policy: { removal: 'delete' },
      seconds: 99,
      gives: ['False RemovalDue'],
    },
    {
      reason: 'granted, by a deletion event',
      events: [observed(1), hint, absent, granted(12)],
      policy: { removal: 'delete' },
      seconds: 20,
      gives: ['False RemovalGranted', 'delete-account'],
    },
    {
      reason: 'granted, by a complete listing',
      events: [observed(1), absent, unlisted, granted(12)],
      policy: { removal: 'deactivate' },
      seconds: 20,
      gives: ['False RemovalGranted', 'deactivate-account'],
    },
    {
      reason: 'deactivated is done',
      events: [observed(1), absent, unlisted, granted(12)],
      policy: { removal: 'deactivate' },
      linked: deactivated,
      seconds: 20,
      gives: ['True UserGone'],
    },
    {
      reason: 'deactivated is not deleted',
      events: [observed(1), absent, unlisted, granted(12)],
      policy: { removal: 'delete' },
      linked: deactivated,
      seconds: 20,
      gives: ['False RemovalGranted', 'delete-account'],
    },
    {
      reason: 'back again, nothing is removed',
      events: [hint, absent, granted(12), observed(13)],
      policy: { removal: 'delete' },
      seconds: 99,
      gives: 'no end',
    },
  ] as const)('$reason', ({ events, gives, ...rest }) => {
    const linked = 'linked' in rest ? rest.linked : account();
    const seconds = 'seconds' in rest ? rest.seconds : 2;
    expect(planned(events, 'policy' in rest ? rest.policy : {}, linked, seconds)).toEqual(gives);
  });

  it.each([
    { reason: 'granted', policy: { removal: 'delete' }, gives: ['False RemovalWithheld'] },
    { reason: 'granted', policy: { removal: 'deactivate' }, gives: ['False RemovalWithheld'] },
    {
      reason: 'in grace',
      policy: { removal: 'delete' },
      seconds: 19,
      gives: ['False RemovalInGrace', at(20)],
    },
    { reason: 'with no account', policy: { removal: 'delete' }, linked: undefined, gives: ['True UserGone'] },
    { reason: 'only reported', policy: {}, gives: ['True UserGone'] },
  ] as const)('behind a gap, $reason: $policy.removal', ({ policy, gives, ...rest }) => {
    const linked = 'linked' in rest ? rest.linked : account();
    const events = [observed(1), hint, absent, granted(12)];
    expect(planned(events, policy, linked, 'seconds' in rest ? rest.seconds : 20, gap)).toEqual(gives);
  });

  it('behind a gap, a user who is blocked is no less so', () => {
    const policy = { blocked: 'deactivate', removal: 'delete' } as const;
    expect(planned([blocked], policy, account(), 2, gap)).toEqual([
      'False UserBlocked',
      'deactivate-account',
    ]);
  });

  it('goes on with a deletion that broke off before the document was mended', () => {
    const end = { type: 'removed', how: 'delete', notBefore: at(0), granted: true, gap: undefined } as const;
    const interrupted = new Set(['delete-account']);
    const found = planEnd({ end, interrupted }, { linked: 'missing', linkedDid: aliceDid }, at(1));
    expect(found.actions).toMatchObject([{ type: 'delete-account', did: aliceDid }]);
  });
});

describe('applying', () => {
  function setUp() {
    const [accounts, documents] = [inMemoryAccounts(), inMemoryDocuments()];
    const did = accounts.put({ handle: handle('alice'), email: 'alice@example.com' });
    documents.users.set(alice.user, { when: at(0), account: { did, handle: handle('alice') } });
    return { accounts, documents, did, context: applyContext(alice.user) };
  }

  it('deactivates, and twice is once', async () => {
    const { accounts, documents, did, context } = setUp();
    const action = { resource: 'account', type: 'deactivate-account', did, because: 'blocked' } as const;
    await applyEnd({ accounts, documents }, action, context);
    await applyEnd({ accounts, documents }, action, context);
    expect(accounts.stored.get(did)?.status).toBe('deactivated');
    expect(documents.users.get(alice.user)?.account?.did).toBe(did);
    expect(context.told[0]).toEqual({ type: 'account.deactivated', data: { did, because: 'blocked' } });
  });

  it('deletes the account and its place in the document, and leaves the rest of the document', async () => {
    const { accounts, documents, did, context } = setUp();
    const action = { resource: 'account', type: 'delete-account', did } as const;
    await applyEnd({ accounts, documents }, action, context);
    await applyEnd({ accounts, documents }, action, context);
    expect(accounts.stored.size).toBe(0);
    expect(documents.users).toEqual(new Map([[alice.user, { when: at(0) }]]));
    expect(context.told[0]).toEqual({ type: 'account.deleted', data: { did } });
  });
});

describe('a deletion that broke off', () => {
  const end = { type: 'kept', reason: 'UserGone', message: 'The user is gone.' } as const;
  const isDeleted = (
    linked: PdsAccount | 'missing' | undefined,
    interrupted: readonly string[],
    named = true,
  ) =>
    planEnd(
      { end, interrupted: new Set(interrupted) },
      { linked, linkedDid: named ? aliceDid : undefined },
      at(20),
    ).actions.some(({ type }) => type === 'delete-account');

  it.each([
    ['goes on where the document still names what is gone', 'missing', ['delete-account'], true, true],
    ['not where nobody began it', 'missing', ['deactivate-account'], true, false],
    [
      'not where the account is there after all: that is decided anew',
      account(),
      ['delete-account'],
      true,
      false,
    ],
    ['and is over where the document names none', 'missing', ['delete-account'], false, false],
  ] as const)('%s', (_reason, linked, interrupted, named, deleted) => {
    expect(isDeleted(linked, interrupted, named)).toBe(deleted);
  });
});

it('a grant of the moment of the absence is of an absence before it', () => {
  const gone = [observed(1), hint, absent];
  expect(planned([...gone, granted(10)], { removal: 'delete' }, account(), 30)).toEqual(['False RemovalDue']);
  expect(planned([...gone, granted(11)], { removal: 'delete' }, account(), 30)).toContain('delete-account');
});

describe('what is said of an account that is left as it is', () => {
  const REPORT: EndPolicy = { blocked: 'report', removal: 'report', removalGraceMs: GRACE };
  const deleted = [observed(1), hint, absent];
  const remove = { removal: 'deactivate' } as const;
  it.each<[string, readonly ConcordEvent[], Partial<EndPolicy>, PdsAccount | 'missing' | undefined, string]>([
    [
      'active, of a deleted user',
      ...([deleted, {}, account()] as const),
      `The user is deleted in Auth0. The active account ${aliceDid} is left as it is (policy.removal: report).`,
    ],
    [
      'deactivated, of a deleted user',
      ...([deleted, {}, account({ state: 'deactivated' })] as const),
      `The user is deleted in Auth0. The deactivated account ${aliceDid} is left as it is (policy.removal: report).`,
    ],
    [
      'taken down, of a blocked user',
      ...([[blocked], {}, account({ state: 'takendown' })] as const),
      `The user is blocked in Auth0. The account ${aliceDid}, which is taken down, is left as it is (policy.blocked: report).`,
    ],
    [
      'of a user without a second proof',
      ...([[observed(1), absent], remove, account()] as const),
      `Auth0 does not have this user; no deletion event and no complete listing confirms it yet. The active account ${aliceDid} is left as it is.`,
    ],
    [
      'which the PDS does not have',
      ...([deleted, {}, 'missing'] as const),
      `The user is deleted in Auth0. The PDS does not have the account ${aliceDid}.`,
    ],
    [
      'of which nothing is known',
      ...([deleted, {}, undefined] as const),
      'The user is deleted in Auth0. No account of this user is known.',
    ],
    [
      'in its grace',
      ...([deleted, remove, account()] as const),
      `The user is deleted in Auth0. The active account ${aliceDid} is left as it is until ${at(20).toISOString()}.`,
    ],
    [
      'deactivated, as the policy wants it',
      ...([deleted, remove, account({ state: 'deactivated' })] as const),
      `The user is deleted in Auth0. The deactivated account ${aliceDid} is left as it is.`,
    ],
    [
      'without a repository, of a blocked user',
      ...([[blocked], { blocked: 'deactivate' }, account({ state: 'no-repo' })] as const),
      `The user is blocked in Auth0. The account ${aliceDid}, which has no repository, is left as it is.`,
    ],
  ])('%s', (_which, events, policy, linked, message) => {
    const end = desiredEnd(fold(events), { ...REPORT, ...policy });
    if (end === undefined) throw new Error('the account of this user is kept up');
    const linkedDid = linked === undefined ? undefined : aliceDid;
    const { condition } = planEnd({ end, interrupted: new Set() }, { linked, linkedDid }, at(15));
    expect(condition.message).toBe(message);
  });
});

describe('a deleted user whose address or identity a user in Auth0 has', () => {
  const successor = [{ user: bob.user, by: 'address' }] as const;
  const end = (how: 'deactivate' | 'delete') =>
    ({ type: 'removed', how, notBefore: at(0), granted: true, gap: undefined }) as const;
  const planWith = (
    wanted: Parameters<typeof planEnd>[0]['end'],
    linked: PdsAccount | 'missing' | undefined,
    successors: readonly Successor[],
  ) => planEnd({ end: wanted, interrupted: new Set() }, { linked, linkedDid: aliceDid, successors }, at(20));

  it.each([
    ['granted, delete', end('delete'), account()],
    ['granted, deactivate', end('deactivate'), account()],
    ['granted, delete, deactivated before', end('delete'), deactivated],
    ['not granted', { ...end('delete'), granted: false }, account()],
    ['in the grace', { ...end('delete'), notBefore: at(30) }, account()],
    ['behind a gap', { ...end('delete'), gap }, account()],
  ] as const)('keeps the account: %s', (_which, wanted, linked) => {
    const { actions, condition, retryAt } = planWith(wanted, linked, successor);
    expect(actions).toEqual([]);
    expect(retryAt).toBeUndefined();
    expect(condition).toMatchObject({ status: 'True', reason: 'KeptForSuccessor', held: false });
    expect(condition.message).toContain(
      `The user '${bob.user}' is in Auth0 and has verified the same address. Transfer the account with: concord transfer <user> '${bob.user}'`,
    );
  });

  it('names the identity as what proves that they are one person', () => {
    const { condition } = planWith(end('delete'), account(), [
      { user: bob.user, by: 'identity' },
      ...successor,
    ]);
    expect(condition.message).toContain(`Auth0 has linked this user into '${bob.user}'.`);
  });

  it('names the user where the policy keeps the account anyway', () => {
    const kept = { type: 'kept', reason: 'UserGone', message: 'The user is deleted in Auth0.' } as const;
    const { condition } = planWith(kept, account(), successor);
    expect(condition).toMatchObject({ status: 'True', reason: 'UserGone' });
    expect(condition.message).toContain(`concord transfer <user> '${bob.user}'`);
    expect(planWith(kept, undefined, successor).condition.message).not.toContain('transfer');
  });

  it('goes on with a deletion that broke off: there is no account to keep', () => {
    const wanted = { end: end('delete'), interrupted: new Set(['delete-account']) };
    const actual = { linked: 'missing', linkedDid: aliceDid, successors: successor } as const;
    expect(planEnd(wanted, actual, at(20)).actions).toHaveLength(1);
  });

  it.each([
    ['granted', end('delete'), account(), true],
    ['already deactivated', end('deactivate'), deactivated, false],
    ['not granted', { ...end('delete'), granted: false }, account(), false],
    ['in the grace', { ...end('delete'), notBefore: at(30) }, account(), false],
    ['behind a gap', { ...end('delete'), gap }, account(), false],
    ['blocked', { type: 'suspended' }, account(), false],
  ] as const)(
    'asks Auth0 only where the next step removes the account: %s',
    (_which, wanted, linked, isSo) => {
      expect(isToBeRemoved(wanted, linked, at(20))).toBe(isSo);
    },
  );
});
