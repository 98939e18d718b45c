import { describe, expect, it } from 'vitest';
import type { Refusal } from '../../../src/events/facts.ts';
import type { DesiredEmail } from '../../../src/reconcilers/account/address.ts';
import { apply, PARKED_FOR_MS, plan } from '../../../src/reconcilers/account/email.ts';
import { alice, bob, handle } from '../../mongo/subjects/people.ts';
import { account, DAY, holders, mine, now, refusals, tagged } from '../../support/in-memory/account-plan.ts';
import { inMemoryAccounts } from '../../support/in-memory/accounts.ts';
import { applyContext } from '../../support/in-memory/apply-context.ts';

function wants(
  addresses: readonly string[],
  refused: ReadonlyMap<string, Refusal> = new Map(),
): DesiredEmail {
  return { addresses, refused, refusalRetryMs: DAY };
}

const other = account({ email: 'alice.old@example.com' });

describe('the plan', () => {
  it.each([
    {
      reason: 'absent: there is no account',
      actual: undefined,
      says: 'True NoAccount',
    },
    {
      reason: 'an account that is not managed is not absent',
      wanted: wants([]),
      actual: undefined,
      leftBecause: 'The user is deleted in Auth0.',
      says: 'True NotManaged',
    },
    { reason: 'equal gives nothing', actual: account(), says: 'True EmailSet' },
    {
      reason: 'in other letters it is the same',
      actual: account({ email: 'Alice@Example.com' }),
      says: 'True EmailSet',
    },
    {
      reason: 'the tagged one is as good',
      wanted: wants([mine, tagged]),
      actual: account({ email: tagged }),
      says: 'True EmailSet',
    },
    { reason: 'drift', actual: other, to: mine, says: 'False EmailDiffers' },
    {
      reason: 'an account without an address gets one',
      actual: account({ email: undefined }),
      to: mine,
      says: 'False EmailDiffers',
    },
    {
      reason: 'unowned: another user of ours has it',
      actual: other,
      holders: holders(mine),
      says: 'False EmailHeldByUser',
      held: true,
    },
    {
      reason: 'the tagged one where another has the plain one',
      wanted: wants([mine, tagged]),
      actual: other,
      holders: holders(mine),
      to: tagged,
      says: 'False EmailDiffers',
    },
    {
      reason: 'the PDS refused it not long ago',
      wanted: wants([mine], refusals([mine, 'taken', DAY - 1])),
      actual: other,
      says: 'False EmailTaken',
      held: true,
    },
    {
      reason: 'the PDS refused it, and it is known which user has it',
      wanted: wants([mine], refusals([mine, 'taken', DAY - 1])),
      actual: other,
      holders: holders(mine),
      says: 'False EmailHeldByUser',
      held: true,
    },
    {
      reason: 'the PDS refused it long ago',
      wanted: wants([mine], refusals([mine, 'taken', DAY])),
      actual: other,
      to: mine,
      says: 'False EmailDiffers',
    },
  ])('$reason', ({ wanted = wants([mine]), actual, holders: held = holders(), to, says, ...rest }) => {
    const { leftBecause } = { leftBecause: undefined, ...rest };
    const { actions, condition } = plan(
      wanted,
      { managed: { account: actual, leftBecause }, holders: held, isInRing: false },
      now,
    );
    expect(actions).toMatchObject(to === undefined ? [] : [{ type: 'change-email', did: actual?.did, to }]);
    expect(`${condition.status} ${condition.reason}`).toBe(says);
    expect(condition.held).toBe('held' in rest && rest.held === true);
    expect(condition.message).not.toContain('@example.com');
  });
});

describe('an account that is parked and follows no address', () => {
  const parked = { did: other.did, from: mine, to: 'parked@account.invalid', at: now };
  const later = new Date(now.getTime() + PARKED_FOR_MS);
  it.each([
    { reason: 'is patient for a while', at: now, says: 'False EmailParked' },
    { reason: 'gets its former address back', at: later, to: mine, says: 'False EmailParked' },
    {
      reason: 'needs action where that is taken',
      at: later,
      holders: holders(mine),
      says: 'False EmailParked',
      held: true,
    },
    { reason: 'stays parked once its user is deleted', at: later, isDeleted: true, says: 'True NotManaged' },
    {
      reason: 'is left alone with an address of its own',
      at: later,
      left: account({ email: 'alice.old@example.com' }),
      says: 'True NotManaged',
    },
  ])('$reason', ({ at, says, to, ...rest }) => {
    const {
      left,
      isDeleted,
      held,
      holders: holding,
    } = {
      ...{ left: account({ email: parked.to }), isDeleted: false, held: false, holders: holders() },
      ...rest,
    };
    const leftBecause = 'The email address is not verified in Auth0.';
    const managed = { account: undefined, leftBecause, left, isDeleted };
    const actual = { managed, holders: holding, isInRing: false };
    const { actions, condition } = plan({ ...wants([]), parked }, actual, at);
    expect(actions).toMatchObject(to === undefined ? [] : [{ type: 'change-email', did: left.did, to }]);
    expect(`${condition.status} ${condition.reason}`).toBe(says);
    expect(condition.held).toBe(held);
    expect(condition.message).not.toContain('@');
  });
});

describe('applying', () => {
  it.each(['active', 'deactivated'] as const)(
    'sets the address, unless an account has it that is %s',
    async (status) => {
      const accounts = inMemoryAccounts();
      const did = accounts.put({ handle: handle('alice'), email: 'alice.old@example.com' });
      const theirs = accounts.put({ handle: handle('bob'), email: 'bob@example.com', status });
      const context = applyContext(alice.user);
      const change = (to: string) =>
        apply(accounts, { resource: 'email', type: 'change-email', did, to }, context);
      await change(mine);
      await change(mine);
      expect(accounts.stored.get(did)?.email).toBe(mine);
      await change('bob@example.com');
      expect([accounts.stored.get(did)?.email, accounts.stored.get(theirs)?.email]).toEqual([
        mine,
        'bob@example.com',
      ]);
      expect(context.told).toEqual([
        { type: 'email.changed', data: { did, to: mine } },
        { type: 'email.changed', data: { did, to: mine } },
        { type: 'email.refused', data: { email: 'bob@example.com', reason: 'taken' } },
      ]);
      expect(bob.user).not.toBe(context.user);
    },
  );
});
