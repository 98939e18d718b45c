/** What is told as applied has changed something, whatever others do at the same moment. */
import { describe, expect, it } from 'vitest';
import { decide } from '../../../src/engine/intake/decision.ts';
import type { ReconciliationResult, StepInfo } from '../../../src/engine/reconcile/reconcile.ts';
import type { Policy } from '../../../src/engine/reconcile/settings.ts';
import { alice, code } from '../../mongo/subjects/people.ts';
import type { PortCall } from '../../support/in-memory/hooks.ts';
import {
  arrive,
  auth0User,
  choose,
  createWorld,
  eventsOf,
  reconcileUser,
  signUp,
  untilQuiet,
  type World,
} from '../../support/in-memory/world.ts';

interface Row {
  readonly action: string;
  readonly reason: string;
  readonly policy?: Partial<Policy>;
  readonly given: (world: World) => Promise<unknown>;
  /** The call before which something else happens; the action itself where nothing does. */
  readonly call?: string;
  readonly meanwhile?: (world: World) => unknown;
  readonly outcome: 'unchanged' | 'refused';
  /** What would claim that it was done. */
  readonly untold: string;
}

const isThere = async (world: World): Promise<void> => {
  await signUp(world, alice);
  await untilQuiet(world);
};
const newAddress = async (world: World): Promise<void> => {
  await isThere(world);
  world.directory.put(auth0User(alice, { email: 'al@example.com' }));
  await arrive(world, alice);
};
const accountIsDeleted = ({ accounts }: World) => accounts.stored.clear();

const ROWS: readonly Row[] = [
  {
    action: 'record-verification',
    reason: 'another writer creates it',
    given: (world) => signUp(world, alice),
    call: 'createVerification',
    meanwhile: ({ documents }) => documents.verifications.set(alice.user, 1),
    ...{ outcome: 'unchanged', untold: 'verification.recorded' },
  },
  {
    action: 'record-verification',
    reason: 'the platform raises it',
    given: async (world) => {
      world.documents.verifications.set(alice.user, 0);
      await signUp(world, alice);
    },
    call: 'raiseVerification',
    meanwhile: ({ documents }) => documents.verifications.set(alice.user, 3),
    ...{ outcome: 'unchanged', untold: 'verification.recorded' },
  },
  {
    action: 'create-user-document',
    reason: 'another writer creates it',
    given: (world) => signUp(world, alice),
    call: 'createUser',
    meanwhile: ({ documents, clock }) =>
      documents.users.set(alice.user, { code: code('ac26nobeb'), when: clock.now() }),
    ...{ outcome: 'unchanged', untold: 'user-document.created' },
  },
  {
    action: 'assign-code',
    reason: 'another writer assigns one',
    given: async (world) => {
      world.documents.users.set(alice.user, { when: world.clock.now() });
      await signUp(world, alice);
    },
    call: 'assignCode',
    meanwhile: ({ documents, clock }) =>
      documents.users.set(alice.user, { code: code('ac26nobeb'), when: clock.now() }),
    ...{ outcome: 'unchanged', untold: 'code.assigned' },
  },
  {
    action: 'change-email',
    reason: 'the account is deleted on the PDS',
    given: newAddress,
    ...{ call: 'changeEmail', meanwhile: accountIsDeleted, outcome: 'unchanged', untold: 'email.changed' },
  },
  {
    action: 'change-email',
    reason: 'the account is deleted on the PDS, which is no refusal of the address',
    given: newAddress,
    ...{ call: 'changeEmail', meanwhile: accountIsDeleted, outcome: 'unchanged', untold: 'email.refused' },
  },
  {
    action: 'change-handle',
    reason: 'the PDS does not allow it',
    given: async (world) => {
      await isThere(world);
      choose(world, alice, 'admin');
      await arrive(world, alice);
    },
    ...{ outcome: 'refused', untold: 'handle.changed' },
  },
  {
    action: 'deactivate-account',
    reason: 'the account is deleted on the PDS',
    policy: { blocked: 'deactivate' },
    given: async (world) => {
      await isThere(world);
      world.directory.put(auth0User(alice, { blocked: true }));
      await arrive(world, alice);
    },
    ...{
      call: 'setActive',
      meanwhile: accountIsDeleted,
      outcome: 'unchanged',
      untold: 'account.deactivated',
    },
  },
  {
    action: 'reactivate-account',
    reason: 'the account is deleted on the PDS',
    policy: { blocked: 'deactivate' },
    given: async (world) => {
      await isThere(world);
      for (const blocked of [true, false]) {
        world.directory.put(auth0User(alice, { blocked }));
        await arrive(world, alice);
        if (blocked) await untilQuiet(world);
      }
    },
    ...{
      call: 'setActive',
      meanwhile: accountIsDeleted,
      outcome: 'unchanged',
      untold: 'account.reactivated',
    },
  },
  {
    action: 'create-account',
    reason: 'the PDS refuses the address',
    given: (world) => signUp(world, alice),
    call: 'createAccount',
    meanwhile: ({ accounts }) =>
      accounts.stored.size === 0 &&
      accounts.put({ handle: 'x.at.test' as never, email: 'alice@example.com' }),
    ...{ outcome: 'refused', untold: 'account.created' },
  },
];

describe('an action that changes nothing is not told as applied', () => {
  it.each(ROWS)('$action: $reason', async ({ action, policy = {}, given, call, meanwhile, ...row }) => {
    const world = createWorld({ policy });
    await given(world);
    const told = () => eventsOf(world, alice).filter(({ type }) => type === row.untold).length;
    const before = told();
    let happened = call === undefined;
    world.hooks.before = ({ method }: PortCall) => {
      if (happened || method !== call) return;
      happened = true;
      meanwhile?.(world);
    };
    const steps: StepInfo[] = [];
    Object.assign(world.deps, { onStep: (step: StepInfo) => void steps.push(step) });
    const result: ReconciliationResult = await reconcileUser(world, alice);
    expect(happened).toBe(true);
    expect(steps.find((step) => step.action.type === action)?.outcome).toBe(row.outcome);
    expect(result.applied.map(({ type }) => type)).not.toContain(action);
    expect(told()).toBe(before);
    // And the user is not left with it: what is there is seen by the same reconciliation.
    expect(result.failures).toEqual([]);
  });
});

it('a password that the PDS does not take is not told as reset', async () => {
  const world = createWorld();
  await isThere(world);
  const [account] = [...world.accounts.stored.values()];
  if (account === undefined) throw new Error('There is no account.');
  await decide({ ...world.deps, ...world }, alice, 'password-reset.granted', { by: 'ann' });
  world.hooks.before = ({ method }: PortCall) => {
    if (method === 'setPassword') accountIsDeleted(world);
  };
  const result = await reconcileUser(world, alice);
  expect(result.applied).toEqual([]);
  expect(result.failures).toMatchObject([{ code: 'LOGIN_REFUSED' }]);
  expect(eventsOf(world, alice).map(({ type }) => type)).not.toContain('password.reset');
});
