/** The handle of a person who is a user of two tenants: whose account is to carry it. */
import { describe, expect, it } from 'vitest';
import { fold } from '../../../src/events/fold.ts';
import type { AccountHandle } from '../../../src/identity.ts';
import {
  chooseHandle,
  type DesiredHandle,
  desired,
  plan,
  type SisterSeen,
} from '../../../src/reconcilers/account/handle.ts';
import { aliceDid, at, bob, code, handle } from '../../mongo/subjects/people.ts';
import { told } from '../../support/in-memory/told.ts';

const now = at(1_000_000);
const ownCode = code('ac26nobeb');
const codeHandle = handle('ac26nobeb');

function wants(name: string | null, sister: SisterSeen): DesiredHandle {
  return desired(fold([told('handle.observed', 1, { handle: name })]), '.at.test', 86_400_000, sister);
}

const carrying: SisterSeen = { user: bob.user, platformHandle: 'alice', carries: true };
const without: SisterSeen = { user: bob.user, platformHandle: 'A.lice', carries: false };

it.each<{ reason: string; own: string | null; sister: SisterSeen; gives: AccountHandle; says: string }>([
  {
    reason: 'the sister has no handle either',
    own: null,
    sister: { user: bob.user, platformHandle: undefined, carries: false },
    gives: codeHandle,
    says: 'NoPlatformHandle',
  },
  {
    reason: "the sister's handle is for the sister's account",
    own: null,
    sister: carrying,
    gives: codeHandle,
    says: 'SisterHasHandle',
  },
  {
    reason: 'the sister is to have no account, so this one carries the handle of both',
    own: null,
    sister: without,
    gives: handle('a-lice'),
    says: 'PlatformHandle',
  },
  {
    reason: "one's own comes first",
    own: 'bob',
    sister: carrying,
    gives: handle('bob'),
    says: 'PlatformHandle',
  },
  {
    reason: "one's own needs no sister",
    own: 'bob',
    sister: 'unknown',
    gives: handle('bob'),
    says: 'PlatformHandle',
  },
  {
    reason: 'an account that is to be created does not wait for a sister who could not be read',
    own: null,
    sister: 'unknown',
    gives: codeHandle,
    says: 'NoPlatformHandle',
  },
])('$reason', ({ own, sister, gives, says }) => {
  const choice = chooseHandle(wants(own, sister), ownCode, { type: 'nobody' }, aliceDid, now);
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

  it.each<{ reason: string; sister: SisterSeen; does: readonly string[]; says: string }>([
    {
      reason: 'it is the sister’s to carry',
      sister: carrying,
      does: ['change-handle'],
      says: 'False HandleDiffers',
    },
    { reason: 'nobody has it', sister: 'none', does: ['change-handle'], says: 'False HandleDiffers' },
    {
      reason: 'nobody has looked at the sister yet',
      sister: { ...carrying, carries: undefined },
      does: [],
      says: 'Unknown NotObserved',
    },
    { reason: 'unknown is not absent', sister: 'unknown', does: [], says: 'Unknown NotObserved' },
  ])('$reason', ({ sister, does, says }) => {
    const actual = { account, leftBecause: undefined, recorded, code: ownCode, holder: undefined };
    const { actions, condition } = plan(wants(null, sister), actual, now);
    expect(actions.map(({ type }) => type)).toEqual(does);
    expect(`${condition.status} ${condition.reason}`).toBe(says);
  });
});
