/** What happens to alice, as steps after each of which she ends up whole. */
import type { Policy } from '../../../src/engine/settings.ts';
import { eventId } from '../../../src/identity.ts';
import { alice, handle } from '../../mongo/people.ts';
import { arrive, auth0User, signUp, type World } from './world.ts';

export interface Scenario {
  readonly name: string;
  /** Each step changes the world and makes alice due; a fault may strike in the passes after any of them. */
  readonly steps: readonly ((world: World) => Promise<void>)[];
  readonly handle: 'code' | 'alice.at.test' | 'alix.at.test';
  readonly email?: string;
  readonly policy?: Partial<Policy>;
  /** Passes that may follow the last fault; three, where no waiting is part of the scenario. */
  readonly passes?: number;
}

const chooses = (name: string) => (world: World) => void world.documents.handles.set(alice.user, name);

export const scenarios: readonly Scenario[] = [
  {
    name: 'a sign-up with a verified email and a handle',
    steps: [
      async (world) => {
        chooses('alice')(world);
        await signUp(world, alice);
      },
    ],
    handle: 'alice.at.test',
  },
  {
    name: 'a sign-up, and then the verification',
    steps: [
      (world) => signUp(world, alice, { emailVerified: false }),
      async (world) => {
        world.directory.put(auth0User(alice));
        await arrive(world, alice, 'sv');
      },
    ],
    handle: 'code',
  },
  {
    name: 'a sign-up, and then another handle',
    steps: [
      async (world) => {
        chooses('alice')(world);
        await signUp(world, alice);
      },
      async (world) => {
        chooses('alix')(world);
        await arrive(world, alice, 'sapi');
      },
    ],
    handle: 'alix.at.test',
  },
  {
    name: 'a sign-up with a handle that the PDS refuses',
    steps: [
      async (world) => {
        chooses('music')(world);
        await signUp(world, alice);
      },
    ],
    handle: 'code',
  },
  {
    name: 'a sign-up, and then another address',
    steps: [
      (world) => signUp(world, alice),
      async (world) => {
        world.directory.put(auth0User(alice, { email: 'alice.new@example.com' }));
        await arrive(world, alice, 'sce');
      },
    ],
    handle: 'code',
    email: 'alice.new@example.com',
  },
  {
    name: 'a user who is blocked, and then is not',
    steps: [
      (world) => signUp(world, alice),
      async (world) => {
        world.directory.put(auth0User(alice, { blocked: true }));
        await arrive(world, alice);
      },
      async (world) => {
        world.directory.put(auth0User(alice));
        await arrive(world, alice);
      },
    ],
    handle: 'code',
    policy: { blocked: 'deactivate' },
    passes: 4,
  },
  {
    name: 'an account that lost its repository',
    steps: [
      (world) => signUp(world, alice),
      async (world) => {
        for (const did of world.accounts.stored.keys()) world.accounts.change(did, { hasRepo: false });
        await arrive(world, alice);
      },
    ],
    handle: 'code',
    policy: { remnant: 'recreate' },
    passes: 5,
  },
  {
    name: 'an account that a person said is the user’s',
    steps: [
      async (world) => {
        chooses('alice')(world);
        world.accounts.put({ handle: handle('alice'), email: 'alice@example.com' });
        await signUp(world, alice);
      },
      async (world) => {
        const [did] = world.accounts.stored.keys();
        if (did === undefined) throw new Error('There is no account.');
        const _id = eventId('granted');
        const now = world.clock.now();
        const data = { did, by: 'a person', evidence: ['the handle'] };
        const event = {
          ...alice,
          _id,
          type: 'adoption.granted',
          at: now,
          recordedAt: now,
          cause: [],
          data,
        } as const;
        await world.log.append([event]);
        await world.queue.markDue([{ ...alice, cause: _id }], now, 'trigger');
      },
    ],
    handle: 'alice.at.test',
  },
];

/** What comes from outside, and so follows from nothing. */
export const FROM_OUTSIDE = new Set(['auth0.log-received', 'adoption.granted']);
