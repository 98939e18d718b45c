/** Who may be forgotten: only somebody who is gone, with no account of theirs in use. */

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  type ForgetDeps,
  refuseUnlessGone,
  refuseWhileWaitedFor,
} from '../../../src/engine/operations/forget.ts';
import { blanked } from '../../../src/events/blank.ts';
import type { ConcordEvent } from '../../../src/events/event.ts';
import { parseDid } from '../../../src/identity.ts';
import { alice, bob, handle } from '../../mongo/subjects/people.ts';
import { aliceEvent } from '../../support/in-memory/alice-events.ts';
import { leave } from '../../support/in-memory/transferring.ts';
import { auth0User, createWorld, signUp, untilQuiet, type World } from '../../support/in-memory/world.ts';

const email = 'alice@example.com';
const cedar = handle('cedar');
const inviteHash = createHash('sha256').update('invite-1').digest('hex');
const intended = aliceEvent('account.creation-intended', 1, { handle: cedar, email, inviteHash });

const promised = aliceEvent('transfer.promised', 1, { to: bob.user, what: ['account'], by: 'carol' });

function refusal(world: World): Promise<unknown> {
  const { log, queue, subjects, documents, accounts, clock, random } = world;
  const { logger } = world.deps;
  const unused = { show: never, blankEvents: never, blankMentions: never };
  const deps: ForgetDeps = {
    ...{ log, queue, subjects, documents, accounts, clock, random, logger, leaseMs: 1_000 },
    readModel: unused,
    eraser: unused,
    reservations: { release: never },
  };
  return refuseUnlessGone(deps, world.directory, alice).then(
    () => 'may be forgotten',
    (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
  );
}

function never(): never {
  throw new Error('Looking changes nothing.');
}

type Given = (world: World) => readonly ConcordEvent[] | undefined;

const linked =
  (change: Parameters<World['accounts']['change']>[1]): Given =>
  ({ accounts, documents }) => {
    const did = accounts.put({ handle: cedar, email });
    accounts.change(did, change);
    documents.users.set(alice.user, { account: { did } });
    return undefined;
  };

const holding =
  (inviteCode: string | undefined, status: 'active' | 'deactivated' = 'active'): Given =>
  ({ accounts }) => {
    accounts.put({ handle: cedar, email, inviteCode, status });
    return [intended];
  };

/** The same of a creation that was given up. */
const holdingLate =
  (inviteCode: string | undefined): Given =>
  (world) => [
    ...(holding(inviteCode)(world) ?? []),
    aliceEvent('account.creation-abandoned', 2, { intent: intended._id, reason: 'no-account-came-of-it' }),
  ];

describe('somebody of whom', () => {
  it.each<[string, Given, string]>([
    ['nothing is left', () => undefined, 'may be forgotten'],
    ['Auth0 knows', ({ directory }) => void directory.put(auth0User(alice)), 'USER_EXISTS'],
    ['the document names an active account', linked({}), 'ACCOUNT_ACTIVE'],
    ['the document names a row without a repository', linked({ hasRepo: false }), 'ACCOUNT_ACTIVE'],
    ['the document names a deactivated account', linked({ status: 'deactivated' }), 'may be forgotten'],
    ['the document names an account taken down', linked({ status: 'takendown' }), 'may be forgotten'],
    [
      'the document names an account illegibly',
      ({ documents }) => void documents.users.set(alice.user, { account: { password: 'old' } }),
      'ACCOUNT_UNREADABLE',
    ],
    [
      'the log alone names an active account',
      ({ accounts }) => [
        aliceEvent('account.created', 1, {
          did: accounts.put({ handle: cedar, email }),
          handle: cedar,
          email,
        }),
      ],
      'ACCOUNT_ACTIVE',
    ],
    [
      'the log names an account that is gone',
      () => [aliceEvent('account.created', 1, { did: gone(), handle: cedar, email })],
      'may be forgotten',
    ],
    ['a creation broke off, and came to an account', holding('invite-1'), 'INTENT_OPEN'],
    ['a creation broke off, and another user has the handle', holding('invite-2'), 'INTENT_OPEN'],
    [
      'a creation was given up, and came to an account all the same',
      holdingLate('invite-1'),
      'ACCOUNT_ACTIVE',
    ],
    [
      'a creation was given up, and somebody else has the handle',
      holdingLate('invite-2'),
      'may be forgotten',
    ],
    [
      'a creation was given up, and nothing tells whose account it is',
      holdingLate(undefined),
      'may be forgotten',
    ],
    ['a creation broke off, and no account has the handle', () => [intended], 'INTENT_OPEN'],
    ['a transfer is not finished', () => [promised], 'TRANSFER_OPEN'],
    [
      'a transfer is finished',
      () => [
        promised,
        aliceEvent('account.released', 2, { promise: promised._id, to: bob.user, did: gone() }),
      ],
      'may be forgotten',
    ],
  ])('%s', async (_name, given, expected) => {
    const world = createWorld();
    const events = given(world);
    if (events !== undefined) await world.log.append(events);
    expect(await refusal(world)).toBe(expected);
  });

  it('a creation broke off is looked at before it is blanked, and not after', async () => {
    const world = createWorld();
    await world.log.append([blanked(intended)]);
    world.hooks.before = ({ method }) => {
      if (method === 'holderOf') throw new Error('A blank handle is no handle to ask for.');
    };
    expect(await refusal(world)).toBe('may be forgotten');
  });
});

describe('somebody for whose address another user waits', () => {
  it('is not forgotten before it is transferred', async () => {
    const world = createWorld();
    await signUp(world, alice);
    await untilQuiet(world);
    await leave(world, alice);
    await untilQuiet(world);
    const asked = () =>
      refuseWhileWaitedFor(world, alice).then(
        () => 'nobody waits',
        (error: Error) => error.message,
      );
    expect(await asked()).toBe('nobody waits');
    await signUp(world, bob, { email });
    await untilQuiet(world);
    expect(await asked()).toContain(`concord transfer '${alice.user}' '${bob.user}'`);
  });
});

function gone() {
  const did = parseDid('did:plc:zzzzzzzzzzzzzzzzzzzzzzzz');
  if (did === undefined) throw new Error('It is a DID.');
  return did;
}
