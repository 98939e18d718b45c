/** What account is wanted, and what is done about one whose DID is known. */
import { describe, expect, it } from 'vitest';
import { fold } from '../../../src/events/fold.ts';
import { eventId } from '../../../src/identity.ts';
import { type AccountSettings, desired } from '../../../src/reconcilers/account/account.ts';
import type { DesiredAccount } from '../../../src/reconcilers/account/account-state.ts';
import { taggedEmail } from '../../../src/reconcilers/derived-names.ts';
import { alice, aliceDid, at, bobDid, handle } from '../../mongo/subjects/people.ts';
import {
  account,
  check,
  DAY,
  linked,
  mine,
  nothing,
  now,
  old,
  type Row,
  SETTLE,
  tagged,
  wants,
  young,
} from '../../support/in-memory/account-plan.ts';
import { aliceEvent, observed } from '../../support/in-memory/alice-events.ts';

describe('what is desired', () => {
  const gone = aliceEvent('auth0.user-absent', 9, { userId: alice.userId });
  const hint = aliceEvent('auth0.log-received', 8, { logId: '8', code: 'sdu', hint: 'deleted', raw: '{}' });
  const settings: AccountSettings = {
    emailTag: undefined,
    settleMs: SETTLE,
    refusalRetryMs: DAY,
    remnant: 'report',
    blocked: 'report',
    removal: 'report',
    removalGraceMs: DAY,
  };
  const wantedOf = (events: Parameters<typeof fold>[0], emailTag?: string) =>
    desired(fold(events), wants().handle, { ...settings, emailTag });

  it.each([
    ['there is no address', { email: null }, 'NoEmail'],
    ['there is no address to verify', { email: null, unusable: ['email_verified'] }, 'NoEmail'],
    ['the address cannot be used', { email: null, unusable: ['email'] }, 'FieldUnusable'],
    [
      'it cannot be told whether it is verified',
      { emailVerified: false, unusable: ['email_verified'] },
      'FieldUnusable',
    ],
    ['the address is not verified', { emailVerified: false }, 'WaitingForEmailVerification'],
    [
      'the same, and other fields cannot be used',
      { emailVerified: false, unusable: ['blocked', 'created_at'] },
      'WaitingForEmailVerification',
    ],
  ] as const)('no account is added, and one that exists is kept: %s', (_reason, changes, reason) => {
    const wanted = wantedOf([observed(1, changes)]);
    expect(wanted).toMatchObject({ type: 'account', email: { addresses: [], withheld: { reason } } });
  });

  it('no account, and one that exists is left, of a user of whom nothing is known', () => {
    expect(wantedOf([])).toMatchObject({ type: 'none', reason: 'UserUnknown' });
  });

  it('the verified address stays known as the user’s, with and without the tag, and so is the new one', () => {
    const later = observed(2, { email: 'new@example.com', emailVerified: false });
    const known = [mine, tagged, 'new@example.com', 'new+second@example.com'];
    const { email } = wantedOf([observed(1), later], 'second') as Extract<
      DesiredAccount,
      { type: 'account' }
    >;
    expect(new Set(email.withheld?.known)).toEqual(new Set(known));
  });

  it.each([
    ['the user is gone by one proof', [observed(1), gone], 'UserGoneOnce'],
    ['the user is gone by two', [observed(1), hint, gone], 'UserGone'],
    ['the user was gone from the beginning', [gone], 'UserGoneOnce'],
    ['the user is blocked', [observed(1, { blocked: true })], 'UserBlocked'],
  ] as const)('no account any more: %s', (_reason, events, reason) => {
    expect(wantedOf(events)).toMatchObject({ type: 'end', end: { type: 'kept', reason } });
  });

  it('an account for a verified address, in lower case as the PDS keeps it', () => {
    expect(wantedOf([observed(1, { email: 'Alice@Example.com' })])).toMatchObject({
      type: 'account',
      email: { addresses: [mine] },
    });
  });

  it('the tagged address after the plain one, where the tenant has a tag', () => {
    expect(wantedOf([observed(1)], 'second')).toMatchObject({ email: { addresses: [mine, tagged] } });
    expect(taggedEmail('"a@b"@example.com', 'x')).toBe('"a@b"+x@example.com');
  });

  it('what broke off, what we took away, and since when a repository is lost', () => {
    const lost = { type: 'account', status: 'False', reason: 'AccountWithoutRepository' } as const;
    const other = { type: 'handle', status: 'True', reason: 'PlatformHandle' } as const;
    const said = { message: 'It is so.', held: false };
    const events = [
      observed(1),
      aliceEvent('converge.deferred', 2, {
        conditions: [
          { ...other, ...said },
          { ...lost, ...said },
        ],
        retryAt: at(9).toISOString(),
      }),
      aliceEvent('actions.intended', 3, { actions: [{ resource: 'account', type: 'delete-remnant' }] }),
    ];
    const taken = aliceEvent('account.deactivated', 2, { did: aliceDid, because: 'blocked' }, 'e-taken');
    const quiet = {
      deactivatedByUs: false,
      recreate: false,
      interrupted: new Set(),
      remnantSince: undefined,
    };
    expect(wantedOf([observed(1)])).toMatchObject(quiet);
    expect(wantedOf([...events, taken])).toMatchObject({
      deactivatedByUs: true,
      interrupted: new Set(['delete-remnant']),
      remnantSince: at(2),
    });
    const recreating = desired(fold(events), wants().handle, { ...settings, remnant: 'recreate' });
    expect(recreating).toMatchObject({ recreate: true, deactivatedByUs: false });
  });

  it('what the log knows of intents, accounts and failures', () => {
    const begun = { handle: handle('alice'), email: mine, inviteHash: 'hash' };
    const events = [
      observed(1),
      aliceEvent('account.creation-intended', 2, begun),
      aliceEvent('account.creation-abandoned', 3, {
        intent: eventId('e-000002'),
        reason: 'no-account-came-of-it',
      }),
      aliceEvent('account.creation-intended', 4, begun),
    ];
    expect(wantedOf(events)).toMatchObject({ intent: { event: 'e-000004' }, failedCreations: 1 });
  });
});

describe('no account is wanted', () => {
  const known = wants();
  const none: DesiredAccount = {
    ...known,
    type: 'none',
    reason: 'NoEmail',
    message: 'The user has no address.',
  };
  const end = { type: 'kept', reason: 'UserGone', message: 'The user is gone from Auth0.' } as const;
  const gone: DesiredAccount = { ...known, type: 'end', end, loggedDid: aliceDid };
  it.each<Row>([
    { reason: 'and there is none', wanted: none, says: 'True NoEmail' },
    {
      reason: 'one that is there is left as it is',
      wanted: none,
      actual: linked(account()),
      says: 'True NoEmail',
    },
    {
      reason: 'one that the PDS lost needs a decision all the same',
      wanted: none,
      actual: linked('missing'),
      says: 'False AccountMissing',
      held: true,
    },
    {
      reason: 'and so does one that the document no longer names',
      wanted: { ...none, sights: { record: aliceDid, account: aliceDid } },
      actual: { ...nothing, linkedDid: aliceDid, linked: account() },
      says: 'False DocumentRemoved',
      held: true,
    },
    {
      reason: 'not one that a person decided is lost',
      wanted: { ...none, lostDid: aliceDid },
      actual: linked('missing'),
      says: 'True NoEmail',
    },
    {
      reason: 'removal: by default the account of a user who is gone is left',
      wanted: gone,
      actual: linked(account()),
      says: 'True UserGone',
    },
  ])('$reason', check);
});

describe('an account is known by its DID', () => {
  const inLogOnly = { ...nothing, linkedDid: aliceDid, linked: account() };
  it.each<Row>([
    { reason: 'equal gives nothing', actual: linked(account()), says: 'True AccountActive' },
    {
      reason: 'many at once come without a state, and are taken as active',
      actual: linked(account({ state: 'unknown' })),
      says: 'True AccountActive',
    },
    {
      reason: 'document and log agree',
      wanted: wants({ loggedDid: aliceDid }),
      actual: linked(account()),
      says: 'True AccountActive',
    },
    {
      reason: 'document and log name two',
      wanted: wants({ loggedDid: bobDid }),
      actual: linked(account()),
      says: 'False AccountsDiffer',
      held: true,
    },
    {
      reason: 'two are two, also when one is missing',
      wanted: wants({ loggedDid: bobDid }),
      actual: linked('missing'),
      says: 'False AccountsDiffer',
      held: true,
    },
    { reason: 'the PDS has none', actual: linked('missing'), says: 'False AccountMissing', held: true },
    {
      reason: 'the PDS has none, and an intent makes no second one',
      wanted: wants({ intent: old }),
      actual: linked('missing'),
      does: { type: 'abandon-creation', leaked: true },
      says: 'False CreationInterrupted',
    },
    {
      reason: 'a person decided that the missing account is lost',
      wanted: wants({ lostDid: aliceDid }),
      actual: linked('missing'),
      does: { type: 'drop-account-record', did: aliceDid },
      says: 'False AccountMissing',
    },
    {
      reason: 'the document named it, and no longer does',
      wanted: wants({ loggedDid: aliceDid, sights: { record: aliceDid, account: aliceDid } }),
      actual: inLogOnly,
      says: 'False DocumentRemoved',
      held: true,
    },
    {
      reason: 'the document named an account that nothing knows, and no longer does',
      wanted: wants({ recordRemoved: true }),
      actual: nothing,
      says: 'False DocumentRemoved',
      held: true,
    },
    {
      reason: 'a row without a repository',
      actual: linked(account({ state: 'no-repo' })),
      says: 'False AccountWithoutRepository',
      held: true,
    },
    {
      reason: 'deactivated by its owner',
      actual: linked(account({ state: 'deactivated' })),
      says: 'False AccountDeactivated',
      held: true,
    },
    {
      reason: 'taken down by a moderator',
      actual: linked(account({ state: 'takendown' })),
      says: 'False AccountTakenDown',
      held: true,
    },
    {
      reason: 'drift: the log knows it and the document does not',
      wanted: wants({ loggedDid: aliceDid }),
      actual: inLogOnly,
      does: { type: 'record-account', account: { did: aliceDid } },
      says: 'False NotRecorded',
    },
    {
      reason: 'the document knows it and the intent is open still',
      wanted: wants({ intent: young }),
      actual: linked(account()),
      does: { type: 'record-account', account: { did: aliceDid } },
      says: 'False NotRecorded',
    },
    {
      reason: 'the document names it and has no password',
      actual: linked(account(), false),
      says: 'False CredentialsIncomplete',
      held: true,
    },
    {
      reason: 'the document has an account whose DID cannot be read: no second one is made',
      actual: { ...nothing, recorded: { did: undefined, handle: undefined, hasPassword: true } },
      says: 'False AccountUnreadable',
      held: true,
    },
    {
      reason: 'unowned: only the document names it, and it has another’s address',
      actual: linked(account({ email: 'bob@example.com' })),
      says: 'False AccountEmailDiffers',
      held: true,
    },
    {
      reason: 'only the document names it, and it has the invite of a creation that was given up: it is ours',
      wanted: wants({ givenUp: [old] }),
      actual: linked(account({ email: 'bob@example.com' })),
      does: { type: 'record-account', account: { did: aliceDid }, intent: old },
      says: 'False NotRecorded',
    },
    {
      reason: 'the same of a creation that is open, and without a repository',
      wanted: wants({ intent: old, recreate: true }),
      actual: linked(account({ email: 'bob@example.com', state: 'no-repo' })),
      does: { type: 'record-account', intent: old },
      says: 'False NotRecorded',
    },
    {
      reason: 'unowned: the address of a creation that was given up proves nothing',
      wanted: wants({ givenUp: [{ ...old, email: 'bob@example.com' }] }),
      actual: linked(account({ email: 'bob@example.com', inviteHash: undefined })),
      says: 'False AccountEmailDiffers',
      held: true,
    },
    {
      reason: 'one of ours whose address differs is the email’s concern',
      wanted: wants({ loggedDid: aliceDid }),
      actual: linked(account({ email: 'bob@example.com' })),
      says: 'True AccountActive',
    },
    {
      reason: 'the document names one without an address, as the PDS may have it',
      actual: linked(account({ email: undefined })),
      says: 'True AccountActive',
    },
    {
      reason: 'deactivated by us for a reason that is over',
      wanted: wants({ deactivatedByUs: true }),
      actual: linked(account({ state: 'deactivated' })),
      does: { type: 'reactivate-account', did: aliceDid },
      says: 'False AccountDeactivated',
    },
    {
      reason: 'taken down is not lifted by us, whoever deactivated it',
      wanted: wants({ deactivatedByUs: true }),
      actual: linked(account({ state: 'takendown' })),
      says: 'False AccountTakenDown',
      held: true,
    },
    {
      reason: 'a remnant seen for the first time is looked at again',
      wanted: wants({ recreate: true, loggedDid: aliceDid }),
      actual: linked(account({ state: 'no-repo' })),
      says: 'False AccountWithoutRepository',
      retryAt: new Date(now.getTime() + SETTLE),
    },
    {
      reason: 'a remnant seen for long enough is deleted, where policy allows',
      wanted: wants({ recreate: true, loggedDid: aliceDid, remnantSince: new Date(now.getTime() - SETTLE) }),
      actual: linked(account({ state: 'no-repo' })),
      does: { type: 'delete-remnant', did: aliceDid },
      says: 'False AccountWithoutRepository',
    },
    {
      reason: 'unowned: a remnant that only the document names is never deleted',
      wanted: wants({ recreate: true, remnantSince: new Date(0) }),
      actual: linked(account({ state: 'no-repo' })),
      says: 'False AccountWithoutRepository',
      held: true,
    },
  ])('$reason', check);
});

describe('a person said that an account is the user’s', () => {
  const grant = eventId('e-granted');
  const adoption = { did: aliceDid, grant, evidence: ['the handle'] };
  const adopts = wants({ adoption });
  const adopted = { type: 'adopt-account', grant };
  it.each<Row>([
    {
      reason: 'it is adopted',
      wanted: adopts,
      actual: { ...nothing, adoptable: account() },
      does: { ...adopted, account: { did: aliceDid }, evidence: ['the handle'], keepsPassword: false },
      says: 'False AdoptionGranted',
    },
    {
      reason: 'an open intent is resolved first',
      wanted: wants({ adoption, intent: young }),
      says: 'False WaitingForOutcome',
      retryAt: new Date(young.at.getTime() + SETTLE),
    },
    {
      reason: 'there is none',
      wanted: adopts,
      actual: { ...nothing, adoptable: 'missing' },
      says: 'False AdoptionImpossible',
      held: true,
    },
    {
      reason: 'it is the one that the document names already',
      wanted: adopts,
      actual: linked(account({ email: 'bob@example.com' })),
      does: { ...adopted, account: { did: aliceDid }, keepsPassword: true },
      says: 'False AdoptionGranted',
    },
    {
      reason: 'the same, and the document has no password for it',
      wanted: adopts,
      actual: linked(account(), false),
      does: { ...adopted, account: { did: aliceDid }, keepsPassword: false },
      says: 'False AdoptionGranted',
    },
    {
      reason: 'the document names another: that one stays',
      wanted: wants({ adoption: { did: bobDid, grant, evidence: [] } }),
      actual: linked(account()),
      says: 'True AccountActive',
    },
  ])('$reason', check);
});
