/** The handle of a person who is a user of two tenants: whose account is to carry it. */
import { describe, expect, it } from 'vitest';
import { fold } from '../../../src/events/fold.ts';
import type { AccountHandle } from '../../../src/identity.ts';
import { chooseHandle, type DesiredHandle, desired, plan } from '../../../src/reconcilers/account/handle.ts';
import type { ObservedLinkedUser } from '../../../src/reconcilers/other-users.ts';
import { aliceDid, at, bob, code, handle } from '../../mongo/subjects/people.ts';
import { aliceEvent } from '../../support/in-memory/alice-events.ts';

const now = at(1_000_000);
const ownCode = code('ac26nobeb');
const codeHandle = handle('ac26nobeb');

function wants(name: string | null, linkedUser: ObservedLinkedUser): DesiredHandle {
  return desired(
    fold([aliceEvent('handle.observed', 1, { handle: name })]),
    '.at.test',
    86_400_000,
    linkedUser,
  );
}

const carrying: ObservedLinkedUser = { user: bob.user, platformHandle: 'alice', carries: true };
const without: ObservedLinkedUser = { user: bob.user, platformHandle: 'A.lice', carries: false };

it.each<{
  reason: string;
  own: string | null;
  linkedUser: ObservedLinkedUser;
  gives: AccountHandle;
  says: string;
}>([
  {
    reason: 'the sister has no handle either',
    own: null,
    linkedUser: { user: bob.user, platformHandle: undefined, carries: false },
    gives: codeHandle,
    says: 'NoPlatformHandle',
  },
  {
    reason: "the sister's handle is for the sister's account",
    own: null,
    linkedUser: carrying,
    gives: codeHandle,
    says: 'SisterHasHandle',
  },
  {
    reason: 'the sister is to have no account, so this one carries the handle of both',
    own: null,
    linkedUser: without,
    gives: handle('a-lice'),
    says: 'PlatformHandle',
  },
  {
    reason: "one's own comes first",
    own: 'bob',
    linkedUser: carrying,
    gives: handle('bob'),
    says: 'PlatformHandle',
  },
  {
    reason: "one's own needs no sister",
    own: 'bob',
    linkedUser: 'unknown',
    gives: handle('bob'),
    says: 'PlatformHandle',
  },
  {
    reason: 'an account that is to be created does not wait for a sister who could not be read',
    own: null,
    linkedUser: 'unknown',
    gives: codeHandle,
    says: 'NoPlatformHandle',
  },
])('$reason', ({ own, linkedUser, gives, says }) => {
  const choice = chooseHandle(wants(own, linkedUser), ownCode, { type: 'nobody' }, aliceDid, now);
  expect(choice).toMatchObject({ handle: gives, reason: says });
});

describe('the plan for an account that carries the handle', () => {
  const account = {
    did: aliceDid,
    handle: handle('alice'),
    email: 'alice@example.com',
    inviteHash: undefined,
    state: 'active',
  } as const;
  const recorded = { did: aliceDid, handle: account.handle, hasPassword: true };

  it.each<{ reason: string; linkedUser: ObservedLinkedUser; does: readonly string[]; says: string }>([
    {
      reason: 'it is the sister’s to carry',
      linkedUser: carrying,
      does: ['change-handle'],
      says: 'False HandleDiffers',
    },
    { reason: 'nobody has it', linkedUser: 'none', does: ['change-handle'], says: 'False HandleDiffers' },
    {
      reason: 'nobody has looked at the sister yet',
      linkedUser: { ...carrying, carries: undefined },
      does: [],
      says: 'Unknown NotObserved',
    },
    { reason: 'unknown is not absent', linkedUser: 'unknown', does: [], says: 'Unknown NotObserved' },
  ])('$reason', ({ linkedUser, does, says }) => {
    const managed = { account, leftBecause: undefined };
    const actual = { managed, recorded, code: ownCode, holder: undefined };
    const { actions, condition } = plan(wants(null, linkedUser), actual, now);
    expect(actions.map(({ type }) => type)).toEqual(does);
    expect(`${condition.status} ${condition.reason}`).toBe(says);
  });
});
