/** What is done where no account is known: an intent is settled, or an account created. */
import { describe, expect, it } from 'vitest';
import type { InactiveListing } from '../../../src/ports/accounts.ts';
import { plan } from '../../../src/reconcilers/account/account.ts';
import { aliceDid, at, bob, bobDid, handle } from '../../mongo/subjects/people.ts';
import {
  account,
  check,
  codeHandle,
  DAY,
  held,
  holders,
  mine,
  nothing,
  now,
  old,
  type Row,
  refusals,
  stranger,
  tagged,
  wants,
  young,
} from '../../support/in-memory/account-plan.ts';

const hiddenStranger = { ...stranger, state: 'deactivated' } as const;
const ago = (seconds: number): Date => new Date(now.getTime() - seconds * 1_000);

function listing(known: Partial<InactiveListing>): InactiveListing {
  return { refreshedAt: undefined, begunAt: undefined, nextAt: undefined, ...known };
}

describe('a creation was intended and has no outcome', () => {
  const completes = { type: 'complete-creation', account: { did: aliceDid } };
  it.each<Row>([
    {
      reason: 'the account carries the invite of the intent',
      wanted: wants({ intent: young }),
      actual: held(account({ email: undefined })),
      does: completes,
      says: 'False CreationInterrupted',
    },
    {
      reason: 'it carries the address of the intent, where no invites are asked for',
      wanted: wants({ intent: young }),
      actual: held(account({ inviteHash: undefined })),
      does: completes,
      says: 'False CreationInterrupted',
    },
    {
      reason: 'upper case makes no other address',
      wanted: wants({ intent: old }),
      actual: held(account({ inviteHash: undefined, email: 'Alice@Example.com' })),
      does: completes,
      says: 'False CreationInterrupted',
    },
    {
      reason: 'unowned: somebody else has the handle',
      wanted: wants({ intent: young }),
      actual: held(stranger),
      does: { type: 'abandon-creation', leaked: false },
      says: 'False CreationInterrupted',
    },
    {
      reason: 'unowned: the same address with another invite is an account that somebody else made',
      wanted: wants({ intent: young }),
      actual: held(account({ inviteHash: 'another' })),
      does: { type: 'abandon-creation', leaked: false },
      says: 'False CreationInterrupted',
    },
    {
      reason: 'no address and no invite prove nothing',
      wanted: wants({ intent: young }),
      actual: held(account({ email: undefined, inviteHash: undefined })),
      does: { type: 'abandon-creation', leaked: false },
      says: 'False CreationInterrupted',
    },
    {
      reason: 'young, and nobody has the handle: the call may be under way',
      wanted: wants({ intent: young }),
      actual: { ...nothing, intended: { type: 'nobody' } },
      says: 'False WaitingForOutcome',
      retryAt: new Date(now.getTime() + 1),
    },
    {
      reason: 'young, and a hidden account has it',
      wanted: wants({ intent: young }),
      actual: { ...nothing, intended: { type: 'hidden' } },
      says: 'False WaitingForOutcome',
      retryAt: new Date(now.getTime() + 1),
    },
    {
      reason: 'old, and nobody has it: nothing came of it but perhaps a DID',
      wanted: wants({ intent: old }),
      actual: { ...nothing, intended: { type: 'nobody' } },
      does: { type: 'abandon-creation', leaked: true },
      says: 'False CreationInterrupted',
    },
    {
      reason: 'young, and a hidden account of another has it',
      wanted: wants({ intent: young }),
      actual: { ...nothing, intended: { type: 'hidden', account: hiddenStranger } },
      says: 'False WaitingForOutcome',
      retryAt: new Date(now.getTime() + 1),
    },
    {
      reason: 'old, and a hidden account of another has it, also with the same address',
      wanted: wants({ intent: old }),
      actual: { ...nothing, intended: { type: 'hidden', account: { ...hiddenStranger, email: mine } } },
      does: { type: 'abandon-creation', leaked: true },
      says: 'False CreationInterrupted',
    },
    {
      reason: 'a hidden account has it that carries the invite of the intent',
      wanted: wants({ intent: young }),
      actual: { ...nothing, intended: { type: 'hidden', account: account({ state: 'deactivated' }) } },
      does: completes,
      says: 'False CreationInterrupted',
    },
    {
      reason: 'old, and a hidden account has it that the index may not know yet',
      wanted: wants({ intent: old }),
      actual: { ...nothing, intended: { type: 'hidden' }, listing: listing({}) },
      does: { type: 'list-inactive-accounts' },
      says: 'False ListingInactiveAccounts',
    },
    {
      reason: 'old, and a hidden account has it that a listing since then did not show',
      wanted: wants({ intent: old }),
      actual: { ...nothing, intended: { type: 'hidden' }, listing: listing({ refreshedAt: now }) },
      says: 'False IntendedAccountHidden',
      held: true,
    },
    {
      reason: 'old, and a hidden account has it, which may be ours',
      wanted: wants({ intent: old }),
      actual: { ...nothing, intended: { type: 'hidden' } },
      says: 'False IntendedAccountHidden',
      held: true,
    },
  ])('$reason', check);
});

describe('an account is to be created', () => {
  const creates = (name: string, email = mine) => ({ type: 'create-account', handle: handle(name), email });
  const emails = [mine, tagged] as const;
  it.each<Row>([
    { reason: 'absent', does: creates('alice'), says: 'False NoAccount' },
    {
      reason: 'the code where no handle was chosen',
      wanted: wants({ name: null }),
      does: creates('ac26nobeb'),
      says: 'False NoAccount',
    },
    {
      reason: 'the code where the handle is too short',
      wanted: wants({ name: '43' }),
      does: creates('ac26nobeb'),
      says: 'False NoAccount',
    },
    {
      reason: 'the code where the handle is another’s',
      actual: { ...nothing, preferred: { type: 'account', account: stranger } },
      does: creates('ac26nobeb'),
      says: 'False NoAccount',
    },
    {
      reason: 'the code where a hidden account has the handle',
      actual: { ...nothing, preferred: { type: 'hidden' } },
      does: creates('ac26nobeb'),
      says: 'False NoAccount',
    },
    {
      reason: 'a chosen handle waits for no code',
      actual: { ...nothing, code: undefined },
      does: creates('alice'),
      says: 'False NoAccount',
    },
    {
      reason: 'the code is needed and not there',
      wanted: wants({ name: null }),
      actual: { ...nothing, code: undefined },
      says: 'False WaitingForCode',
    },
    {
      reason: 'not even the code is to be had as a handle',
      wanted: wants({ name: null, refused: new Map([[codeHandle, { reason: 'taken', at: at(0) }]]) }),
      says: 'False CodeHandleRefused',
      held: true,
    },
    {
      reason: 'unowned: an account with this user’s handle and address, that Concord did not create',
      actual: {
        ...nothing,
        preferred: { type: 'account', account: account({ email: 'ALICE@example.com' }) },
      },
      says: 'False UnownedAccountFound',
      held: true,
    },
    {
      reason: 'an account that came of a creation which had been given up',
      wanted: wants({ givenUp: [old] }),
      actual: { ...nothing, late: { intent: old, account: account() } },
      does: { type: 'complete-creation', intent: old, account: { did: aliceDid } },
      says: 'False CreationInterrupted',
    },
    {
      reason: 'another user of ours has the address',
      actual: { ...nothing, emailHolders: holders(mine) },
      says: 'False EmailHeldByUser',
      held: true,
    },
    {
      reason: 'the tagged address where another user has the plain one',
      wanted: wants({ emails }),
      actual: { ...nothing, emailHolders: holders(mine) },
      does: creates('alice', tagged),
      says: 'False NoAccount',
    },
    {
      reason: 'other users have both',
      wanted: wants({ emails }),
      actual: { ...nothing, emailHolders: holders(mine, tagged) },
      says: 'False EmailHeldByUser',
      held: true,
    },
    {
      reason: 'the document names an account in its old fields: a second one would be in its way',
      actual: { ...nothing, oldAccount: { did: bobDid } },
      says: 'False AccountNotImported',
      held: true,
    },
    {
      reason: 'the same, and which account that is cannot be read',
      actual: { ...nothing, oldAccount: { did: undefined } },
      says: 'False AccountNotImported',
      held: true,
    },
    {
      reason: 'the PDS said that the address is taken',
      wanted: wants({ refusedEmails: refusals([mine, 'taken', 0]) }),
      says: 'False EmailTaken',
      held: true,
    },
    {
      reason: 'the tagged address where the PDS refused the plain one',
      wanted: wants({ emails, refusedEmails: refusals([mine, 'taken', 0]) }),
      does: creates('alice', tagged),
      says: 'False NoAccount',
    },
    {
      reason: 'the PDS accepts no such address',
      wanted: wants({ refusedEmails: refusals([mine, 'not-allowed', 0]) }),
      says: 'False EmailNotAllowed',
      held: true,
    },
    {
      reason: 'a taken address is asked for again after a while',
      wanted: wants({ refusedEmails: refusals([mine, 'taken', DAY]) }),
      does: creates('alice'),
      says: 'False NoAccount',
    },
    {
      reason: 'three creations came to nothing',
      wanted: wants({ failedCreations: 3 }),
      says: 'False CreationKeepsFailing',
      held: true,
    },
    {
      reason: 'another account has the address: said before that creations failed',
      wanted: wants({ failedCreations: 3 }),
      actual: { ...nothing, emailHolders: new Map([[mine, { type: 'hidden', did: bobDid }]]) },
      says: 'False EmailTaken',
      held: true,
    },
    {
      reason: 'the last one failed, and inactive accounts have never been listed',
      wanted: wants({ failedCreations: 1, creationFailedAt: ago(60) }),
      actual: { ...nothing, listing: listing({}) },
      does: { type: 'list-inactive-accounts' },
      says: 'False ListingInactiveAccounts',
    },
    {
      reason: 'three failed, and inactive accounts were listed before the last',
      wanted: wants({ failedCreations: 3, creationFailedAt: ago(60) }),
      actual: { ...nothing, listing: listing({ refreshedAt: ago(61), nextAt: now }) },
      does: { type: 'list-inactive-accounts' },
      says: 'False ListingInactiveAccounts',
    },
    {
      reason: 'the last one failed, and another listing that began before may not be had yet',
      wanted: wants({ failedCreations: 1, creationFailedAt: ago(60) }),
      actual: { ...nothing, listing: listing({ refreshedAt: ago(90), begunAt: ago(90), nextAt: ago(-510) }) },
      says: 'False ListingInactiveAccounts',
      retryAt: ago(-510),
    },
    {
      reason: 'the last one failed, and a listing that began since is under way: soon',
      wanted: wants({ failedCreations: 1, creationFailedAt: ago(60) }),
      actual: { ...nothing, listing: listing({ begunAt: ago(2), nextAt: ago(-598) }) },
      says: 'False ListingInactiveAccounts',
      retryAt: ago(-10),
    },
    {
      reason: 'the last one failed, and a listing that began since has no end: more rarely',
      wanted: wants({ failedCreations: 1, creationFailedAt: ago(200) }),
      actual: { ...nothing, listing: listing({ begunAt: ago(100), nextAt: ago(-500) }) },
      says: 'False ListingInactiveAccounts',
      retryAt: ago(-100),
    },
    {
      reason: 'the last one failed, and inactive accounts were listed since',
      wanted: wants({ failedCreations: 1, creationFailedAt: ago(60) }),
      actual: { ...nothing, listing: listing({ refreshedAt: ago(59) }) },
      does: creates('alice'),
      says: 'False NoAccount',
    },
    {
      reason:
        'the last one failed, and this user’s reconciliation has listed them since, whatever clocks say',
      wanted: wants({ failedCreations: 1, creationFailedAt: ago(-60), listedAt: ago(-61) }),
      actual: { ...nothing, listing: listing({ refreshedAt: now, nextAt: now }) },
      does: creates('alice'),
      says: 'False NoAccount',
    },
    {
      reason: 'an inactive account carries the handle made of the code, which is needed',
      wanted: wants({ name: null }),
      actual: { ...nothing, codeHolder: { account: hiddenStranger, owners: [] } },
      says: 'False CodeHandleRefused',
      held: true,
    },
    {
      reason: 'an inactive account carries the handle made of the code, which is not needed',
      actual: { ...nothing, codeHolder: { account: hiddenStranger, owners: [] } },
      does: creates('alice'),
      says: 'False NoAccount',
    },
    {
      reason: 'the tagged address where an inactive account has the plain one',
      wanted: wants({ emails }),
      actual: { ...nothing, emailHolders: new Map([[mine, { type: 'hidden', did: bobDid }]]) },
      does: creates('alice', tagged),
      says: 'False NoAccount',
    },
    {
      reason: 'two may be bad luck',
      wanted: wants({ failedCreations: 2 }),
      does: creates('alice'),
      says: 'False NoAccount',
    },
  ])('$reason', check);

  it('a held address names the other user by key', () => {
    const { condition } = plan(wants(), { ...nothing, emailHolders: holders(mine) }, now);
    expect(condition.message).toContain(bob.user);
  });
});
