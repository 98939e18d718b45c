import { describe, expect, it } from 'vitest';
import type { ServiceLocation } from '../../../src/ports/accounts.ts';
import { plan } from '../../../src/reconcilers/account/account.ts';
import { planEnd } from '../../../src/reconcilers/account/account-end.ts';
import { didToLocate } from '../../../src/reconcilers/account/account-location.ts';
import type {
  ActualAccount,
  DesiredAccount,
  SeenLocation,
} from '../../../src/reconcilers/account/account-state.ts';
import { aliceDid, at, bobDid, handle } from '../../mongo/subjects/people.ts';
import {
  account,
  check,
  linked,
  nothing,
  now,
  old,
  type Row,
  wants,
} from '../../support/in-memory/account-plan.ts';
import { ELSEWHERE } from '../../support/in-memory/accounts.ts';

const moved: ServiceLocation = { type: 'elsewhere', origin: ELSEWHERE };
const here: ServiceLocation = { type: 'here' };
const unasked: SeenLocation = { type: 'unknown', code: 'UNREACHABLE' };
const inactive = account({ state: 'deactivated' });
const adoption = { did: aliceDid, by: 'carol', evidence: [] } as never;
const SAID = `The account ${aliceDid} moved to ${ELSEWHERE}, which its DID names as its PDS. It is left as it is here.`;

const later = new Date(now.getTime() + 1_800_000);

function placed(actual: ActualAccount, location: SeenLocation): ActualAccount {
  return { ...actual, location };
}

const none: DesiredAccount = { ...wants(), type: 'none', reason: 'NoEmail', message: 'No address.' } as never;

describe('an account that moved', () => {
  it.each<Row>([
    { reason: 'is deactivated', actual: placed(linked(inactive), moved), says: 'True AccountMigrated' },
    { reason: 'is missing', actual: placed(linked('missing'), moved), says: 'True AccountMigrated' },
    {
      reason: 'was deactivated by us',
      wanted: wants({ deactivatedByUs: true }),
      actual: placed(linked(inactive), moved),
      says: 'True AccountMigrated',
    },
    {
      reason: 'is missing, and a person took it for lost',
      wanted: wants({ lostDid: aliceDid }),
      actual: placed(linked('missing'), moved),
      says: 'True AccountMigrated',
    },
    {
      reason: 'is missing, and its remnant was being deleted',
      wanted: wants({ interrupted: new Set(['delete-remnant']) }),
      actual: placed(linked('missing'), moved),
      says: 'True AccountMigrated',
    },
    {
      reason: 'is to be adopted',
      wanted: wants({ adoption }),
      actual: placed(linked(inactive), moved),
      says: 'True AccountMigrated',
    },
    {
      reason: 'is known to the log alone, and the document named it before',
      wanted: wants({ loggedDid: aliceDid, sights: { record: aliceDid, account: aliceDid } }),
      actual: { ...nothing, linkedDid: aliceDid, linked: inactive, location: moved },
      says: 'True AccountMigrated',
    },
    {
      reason: 'is of a user who has no address any more',
      wanted: none,
      actual: placed(linked('missing'), moved),
      says: 'True AccountMigrated',
    },
  ])('$reason', check);

  it.each<Row>([
    {
      reason: 'the log names another one',
      wanted: wants({ loggedDid: bobDid }),
      actual: placed(linked(inactive), moved),
      says: 'False AccountsDiffer',
      held: true,
    },
    {
      reason: 'the document cannot be read',
      wanted: wants({ loggedDid: aliceDid }),
      actual: {
        ...placed(linked(inactive), moved),
        recorded: { did: undefined, handle: handle('alice'), hasPassword: true },
      },
      says: 'False AccountUnreadable',
      held: true,
    },
    {
      reason: 'an intent is open',
      wanted: wants({ intent: old }),
      actual: { ...placed(linked('missing'), moved), intended: { type: 'nobody' } },
      does: { type: 'abandon-creation' },
      says: 'False CreationInterrupted',
    },
    {
      reason: 'another account, which the user does not have, is to be adopted',
      wanted: wants({ adoption }),
      actual: { ...nothing, adoptable: inactive, location: moved },
      says: 'False AdoptionImpossible',
      held: true,
    },
  ])('comes second where $reason', check);

  it('is named with the PDS that it moved to', () => {
    expect(plan(wants(), placed(linked(inactive), moved), now).condition.message).toBe(SAID);
  });
});

describe('an account that did not move', () => {
  it.each<Row>([
    {
      reason: 'deactivated',
      actual: placed(linked(inactive), here),
      says: 'False AccountDeactivated',
      held: true,
    },
    {
      reason: 'deactivated, and its DID names no PDS',
      actual: placed(linked(inactive), { type: 'nowhere' }),
      says: 'False AccountDeactivated',
      held: true,
    },
    {
      reason: 'deactivated by us',
      wanted: wants({ deactivatedByUs: true }),
      actual: placed(linked(inactive), here),
      does: { type: 'reactivate-account' },
      says: 'False AccountDeactivated',
    },
    { reason: 'missing', actual: placed(linked('missing'), here), says: 'False AccountMissing', held: true },
    {
      reason: 'missing, and moved before',
      wanted: wants({ saidMigrated: SAID }),
      actual: placed(linked('missing'), here),
      says: 'False AccountMissing',
      held: true,
    },
  ])('$reason', check);
});

describe('while the directory cannot be asked', () => {
  it.each<Row>([
    {
      reason: 'deactivated',
      actual: placed(linked(inactive), unasked),
      says: 'False AccountDeactivated',
      held: true,
      retryAt: later,
    },
    {
      reason: 'missing',
      actual: placed(linked('missing'), unasked),
      says: 'False AccountMissing',
      held: true,
      retryAt: later,
    },
    {
      reason: 'deactivated by us: not activated',
      wanted: wants({ deactivatedByUs: true }),
      actual: placed(linked(inactive), unasked),
      says: 'Unknown NotObserved',
    },
    {
      reason: 'lost: not replaced',
      wanted: wants({ lostDid: aliceDid }),
      actual: placed(linked('missing'), unasked),
      says: 'Unknown NotObserved',
    },
    {
      reason: 'to be adopted: not adopted',
      wanted: wants({ adoption }),
      actual: placed(linked(inactive), unasked),
      says: 'Unknown NotObserved',
    },
    {
      reason: 'moved before: still so',
      wanted: wants({ saidMigrated: SAID, deactivatedByUs: true }),
      actual: placed(linked(inactive), unasked),
      says: 'True AccountMigrated',
      retryAt: later,
    },
    {
      reason: 'another account moved before',
      wanted: wants({ saidMigrated: SAID.replace(aliceDid, bobDid) }),
      actual: placed(linked(inactive), unasked),
      says: 'False AccountDeactivated',
      held: true,
      retryAt: later,
    },
    {
      reason: 'an open intent is resolved all the same',
      wanted: wants({ intent: old }),
      actual: { ...placed(linked('missing'), unasked), intended: { type: 'nobody' } },
      does: { type: 'abandon-creation' },
      says: 'False CreationInterrupted',
    },
  ])('$reason', check);

  it('is said, and by what it failed', () => {
    const { condition } = plan(wants(), placed(linked(inactive), unasked), now);
    expect(condition.message).toMatch(
      /deactivated on the PDS\. .*Whether .+ could not be asked \(UNREACHABLE\)\.$/,
    );
    const missing = plan(wants(), placed(linked('missing'), unasked), now);
    expect(missing).toMatchObject({ holdsUser: true });
    expect(missing.condition.message).toContain('concord restore <user>');
  });
});

describe('the end of a user whose account moved', () => {
  const removed = {
    type: 'removed',
    how: 'delete',
    notBefore: at(0),
    granted: true,
    gap: undefined,
  } as const;
  it.each([
    ['UserGone', removed],
    ['UserGone', { ...removed, granted: false }],
    ['UserGone', { ...removed, notBefore: at(9) }],
    ['UserGone', { ...removed, how: 'deactivate' }],
    ['UserGone', { type: 'kept', reason: 'UserGone', message: 'Deleted.' }],
    ['UserBlocked', { type: 'suspended' }],
    ['UserBlocked', { type: 'kept', reason: 'UserBlocked', message: 'Blocked.' }],
  ] as const)('is %s, and nothing is done: %o', (reason, end) => {
    for (const one of [inactive, 'missing'] as const) {
      for (const interrupted of [new Set<string>(), new Set(['delete-account'])]) {
        const actual = { linked: one, linkedDid: aliceDid, location: moved };
        const found = planEnd({ end, interrupted }, actual, at(1));
        expect(found.actions).toEqual([]);
        expect(found.retryAt).toBeUndefined();
        expect(found.condition).toMatchObject({ status: 'True', reason });
        expect(found.condition.message).toContain(`moved to ${ELSEWHERE}`);
      }
    }
  });

  it('is not decided while the directory cannot be asked', () => {
    const wanted: DesiredAccount = { ...wants(), type: 'end', end: removed } as never;
    const found = plan(wanted, placed(linked(inactive), unasked), at(1));
    expect(found).toMatchObject({ actions: [], condition: { status: 'Unknown', reason: 'NotObserved' } });
  });
});

describe('the directory is asked', () => {
  it.each<[string, DesiredAccount, Partial<ActualAccount>, unknown]>([
    ['about nobody without an account', wants(), nothing, undefined],
    ['not about an active account', wants(), linked(account()), undefined],
    ['not about one that is taken down', wants(), linked(account({ state: 'takendown' })), undefined],
    ['not about one without a repository', wants(), linked(account({ state: 'no-repo' })), undefined],
    ['about one that is deactivated', wants(), linked(inactive), aliceDid],
    ['about one that is missing', none, linked('missing'), aliceDid],
    ['about one that is to be adopted', wants({ adoption }), { ...nothing, adoptable: inactive }, aliceDid],
    [
      'not about an active one that is to be adopted',
      wants({ adoption }),
      { ...nothing, adoptable: account() },
      undefined,
    ],
  ])('%s', (_what, wanted, actual, did) => {
    expect(didToLocate(wanted, { ...nothing, ...actual })).toBe(did);
  });
});
