/** What a deleted user has goes to another user (docs/transfer.md): each part, and what becomes of either user in between. */
import type { TransferPart } from '../../../../src/events/data/transfer.ts';
import { alice, bob, otherTenant, type Person, person } from '../../../mongo/subjects/people.ts';
import { blocks, removesUser } from '../platform.ts';
import { choosesHandle } from '../platform-flows.ts';
import type { Scenario, Step } from '../scenario.ts';
import { changesEmail, linksInto, ownAddress, signsUpNow, unverifies } from './claim-steps.ts';
import { carol } from './exchange-scenarios.ts';
import { becomes, leaves, signsUp, sweeps, told } from './scenario-steps.ts';

const secondBob = person('bob', otherTenant);
const asAlice = { email: ownAddress(alice) };

function transfers(from: Person, to: Person, ...asked: readonly TransferPart[]): Step {
  return { does: (tools) => tools.transfer(from, to, asked.length === 0 ? undefined : asked) };
}

/** Auth0 links the one into the other, and tells of the other alone. */
function isLinkedInto(secondary: Person, primary: Person): Step {
  return {
    happens: (world) => void linksInto(secondary, primary).happens(world),
    ...told(primary, 'scu'),
  };
}

function leavesNow(who: Person): Step {
  return { happens: (world) => world.directoryOf(who).remove(who.userId), ...told(who, 'sdu') };
}

const aliceHas = signsUp(alice, {}, 'cedar');
/** bob has the address of alice, who is deleted, and no account. */
const successor = [aliceHas, leaves, signsUp(bob, asAlice)];
/** bob has an account of his own, and alice is linked into him. */
const linked = [aliceHas, signsUp(bob), isLinkedInto(alice, bob)];
/** bob has an account of his own, and the address of alice, who is deleted. */
const another = [aliceHas, signsUp(bob), leaves, becomes(bob, asAlice, 'sce')];

function scenario(
  name: string,
  given: readonly Step[],
  steps: readonly Step[],
  rest: Partial<Scenario> = {},
): Scenario {
  return {
    ...{ name, people: [alice, bob], given: given.length, wakesOthers: true, mayLeak: 0 },
    ...rest,
    steps: [...given, ...steps],
  };
}

/** A command that is held up may find that the user got a code of its own, and transfers nothing then. */
const mayKeepCode = { tolerates: ['EmailHeldByDeletedUser'] };

const parts: readonly Scenario[] = [
  scenario('a transfer of account and handle', successor, [transfers(alice, bob)]),
  scenario('a transfer of the account alone', successor, [transfers(alice, bob, 'account')]),
  scenario(
    'a transfer of account, handle and code',
    [aliceHas, leaves],
    [
      {
        happens: (world) => void world.signUp(bob, asAlice),
        does: (tools) => tools.transfer(alice, bob, ['account', 'handle', 'code']),
      },
    ],
    mayKeepCode,
  ),
  scenario(
    'a transfer of the code alone',
    [aliceHas, leaves],
    [
      {
        happens: (world) => void world.signUp(bob, asAlice),
        does: (tools) => tools.transfer(alice, bob, ['code']),
      },
    ],
    mayKeepCode,
  ),
  scenario('a transfer that replaces an account', linked, [transfers(alice, bob)]),
  scenario('a transfer of the handle to a user with an account', linked, [transfers(alice, bob, 'handle')]),
  scenario('a transfer of the address', another, [transfers(alice, bob, 'address')]),
  scenario('a transfer of handle and address', another, [transfers(alice, bob, 'handle', 'address')]),
  scenario(
    'a transfer to a user of another tenant',
    [aliceHas, leaves, signsUp(secondBob, asAlice)],
    [transfers(alice, secondBob)],
    { people: [alice, secondBob] },
  ),
  scenario(
    'a transfer by the policy',
    [aliceHas],
    [
      {
        happens: (world) => {
          world.directory.remove(alice.userId);
          return world.signUp(bob, { linked: [alice.userId] });
        },
        ...told(bob),
      },
    ],
    { policy: { linked: 'transfer' } },
  ),
  scenario(
    'a transfer by the policy, and the user is linked meanwhile',
    [aliceHas],
    [{ meanwhile: [signsUpNow(bob), linksInto(alice, bob), removesUser(bob)] }, sweeps],
    { policy: { linked: 'transfer' } },
  ),
];

/** The command, and what others do meanwhile. */
function meanwhile(
  name: string,
  given: readonly Step[],
  steps: NonNullable<Step['meanwhile']>,
  asked: readonly TransferPart[] = [],
): Scenario {
  return scenario(name, given, [{ ...transfers(alice, bob, ...asked), meanwhile: steps }, sweeps]);
}

const inBetween: readonly Scenario[] = [
  meanwhile('a transfer, and the successor is deleted', successor, [removesUser(bob)]),
  meanwhile('a transfer that replaces an account, and the successor is deleted', linked, [removesUser(bob)]),
  meanwhile('a transfer, and the successor is blocked for a while', successor, [
    blocks(bob),
    blocks(bob, false),
  ]),
  meanwhile('a transfer, and the successor takes another address', successor, [
    changesEmail(bob, 'bob@example.com'),
  ]),
  meanwhile('a transfer, and the address of the successor is unverified again', linked, [unverifies(bob)]),
  meanwhile('a transfer, and the deleted user is back', successor, [signsUpNow(alice)]),
  meanwhile(
    'a transfer of the handle, and the deleted user is back',
    linked,
    [signsUpNow(alice)],
    ['handle'],
  ),
  meanwhile('a transfer, and the successor chooses another handle', successor, [choosesHandle(bob, 'birch')]),
];

const after: readonly Scenario[] = [
  scenario(
    'a transfer, and the deleted user comes back',
    [...successor, transfers(alice, bob)],
    [signsUp(alice, { email: 'alice.new@example.com' }), sweeps],
  ),
  scenario(
    'a transfer from a user who got one',
    [...successor, transfers(alice, bob), leavesNow(bob), signsUp(carol, asAlice)],
    [transfers(bob, carol)],
    { people: [alice, bob, carol] },
  ),
  scenario(
    'two transfers from one user at one moment',
    [...successor, signsUp(carol, { linked: [alice.userId] })],
    [
      {
        does: async (tools) => {
          const both = await Promise.allSettled([
            tools.tryTransfer(alice, bob, ['account']),
            tools.tryTransfer(alice, carol, ['account']),
          ]);
          for (const one of both) if (one.status === 'rejected') throw one.reason;
        },
      },
    ],
    { people: [alice, bob, carol], isIncomparable: true },
  ),
];

const cancels: Step = { does: (tools) => tools.cancelTransfer(alice, bob) };

/** The successor is blocked as soon as it is granted, so whatever is not taken by then waits, and is cancelled. */
function cancelled(name: string, given: readonly Step[], ...asked: readonly TransferPart[]): Scenario {
  return scenario(
    name,
    given,
    [{ ...transfers(alice, bob, ...asked), meanwhile: [blocks(bob)] }, cancels, sweeps],
    { isIncomparable: true },
  );
}

const cancelling: readonly Scenario[] = [
  cancelled('a transfer that is cancelled', successor),
  cancelled(
    'a transfer of account, handle and code that is cancelled',
    successor,
    'account',
    'handle',
    'code',
  ),
  cancelled('a transfer of handle and address that is cancelled', another, 'handle', 'address'),
];

export const transferScenarios: readonly Scenario[] = [...parts, ...inBetween, ...cancelling, ...after];
