/** A transfer whose process dies at any write of any port, before the write or after it, ends as if it had not. */
import { describe, expect, it } from 'vitest';
import { grantTransfer } from '../../../src/engine/reconcile/transfer/grant.ts';
import { proposeTransfer } from '../../../src/engine/reconcile/transfer/propose.ts';
import { UsageError } from '../../../src/errors.ts';
import type { TransferPart } from '../../../src/events/data/transfer.ts';
import { alice, bob, type Person } from '../../mongo/subjects/people.ts';
import { type Interruption, interrupted } from '../../support/in-memory/interrupted.ts';
import { seededRandom } from '../../support/in-memory/random.ts';
import { leave, transferDeps, transferParty } from '../../support/in-memory/transferring.ts';
import {
  auth0User,
  choose,
  createWorld,
  pass,
  shownConditions,
  signUp,
  untilQuiet,
  type World,
} from '../../support/in-memory/world.ts';

const ADDRESS = 'alice@example.com';
/** A sample of the pairs of writes. */
const PAIRS = 30;
const decided = { by: 'carol', reason: 'case 12' };

interface Story {
  readonly name: string;
  readonly asked?: readonly TransferPart[];
  /** alice is deleted then, and bob is in Auth0. */
  arrange(world: World): Promise<void>;
}

const stories: readonly Story[] = [
  {
    name: 'account and handle',
    arrange: async (world) => {
      await signUp(world, bob, { email: ADDRESS });
      await untilQuiet(world);
    },
  },
  {
    name: 'account over another one',
    arrange: async (world) => {
      await signUp(world, bob);
      await untilQuiet(world);
      world.directory.put(auth0User(bob, { linked: [alice.userId] }));
    },
  },
  {
    name: 'handle alone',
    asked: ['handle'],
    arrange: async (world) => {
      await signUp(world, bob);
      await untilQuiet(world);
      world.directory.put(auth0User(bob, { linked: [alice.userId] }));
    },
  },
  {
    name: 'account, handle and code',
    asked: ['account', 'handle', 'code'],
    arrange: async (world) => void world.directory.put(auth0User(bob, { email: ADDRESS })),
  },
  {
    name: 'address alone',
    asked: ['address'],
    arrange: async (world) => {
      await signUp(world, bob);
      await untilQuiet(world);
      world.directory.put(auth0User(bob, { email: ADDRESS }));
      await world.queue.markDue([bob], world.clock.now(), 'trigger');
      await untilQuiet(world);
      expect((await shownConditions(world, bob.user)).email).toBe('False EmailHeldByDeletedUser');
    },
  },
];

async function start({ arrange }: Story): Promise<World> {
  const world = createWorld();
  choose(world, alice, 'alix');
  await signUp(world, alice);
  await untilQuiet(world);
  await leave(world, alice);
  await untilQuiet(world);
  await arrange(world);
  return world;
}

/** The person repeats the command until it says that the transfer is granted. */
async function command(world: World, asked: readonly TransferPart[] | undefined): Promise<void> {
  const deps = transferDeps(world);
  const [from, to] = [transferParty(world, alice), transferParty(world, bob)];
  try {
    const shown = await proposeTransfer(deps, from, to, asked, world.clock.now());
    await grantTransfer(deps, from, to, { asked, shown }, decided);
  } catch (error) {
    const isDone = error instanceof UsageError && /^(TRANSFER_GRANTED|ALREADY_TRANSFERRED)$/.test(error.code);
    if (!isDone) throw error;
  }
}

async function carryOut(world: World, { asked }: Story, interruption: Interruption): Promise<void> {
  const attempt = interrupted(world, interruption);
  while ((await attempt(() => command(world, asked))) === 'died') await world.clock.advance(60_001);
  for (;;) {
    const next = await world.queue.nextDueAt();
    if (next === undefined) return;
    await world.clock.advance(Math.max(0, next.getTime() - world.clock.now().getTime()));
    await attempt(() => pass(world));
  }
}

async function end(world: World) {
  const of = async ({ user }: Person) => {
    const { account, code } = world.documents.users.get(user) ?? {};
    const stored = account?.did === undefined ? undefined : world.accounts.stored.get(account.did);
    const opens =
      account?.password !== undefined && world.vault.open(account.password, user) === stored?.password;
    const names = { did: account?.did, handle: account?.handle, address: stored?.email, code, opens };
    return { ...names, ...(await shownConditions(world, user)) };
  };
  const accounts = [...world.accounts.stored.values()].map(({ did, handle, email, status }) => [
    ...[did, handle, email, status],
  ]);
  const handles = [...world.documents.handles];
  return {
    alice: await of(alice),
    bob: await of(bob),
    accounts,
    handles,
    leaked: world.accounts.leakedDids(),
  };
}

describe.each(stories)('$name', (story) => {
  async function whole() {
    const writes = { count: 0 };
    const world = await start(story);
    await carryOut(world, story, { at: [], writes });
    const wanted = await end(world);
    const { email } = world.directory.get(bob.userId) ?? {};
    expect(wanted.bob).toMatchObject({ account: 'True AccountActive', email: 'True EmailSet' });
    expect(wanted.bob.address).toBe(email);
    expect(writes.count).toBeGreaterThan(15);
    return { wanted, total: writes.count };
  }

  async function endAfter(at: readonly number[], when: 'before' | 'after') {
    const world = await start(story);
    await carryOut(world, story, { at, when, writes: { count: 0 } });
    return end(world);
  }

  it('ends the same, whichever write the process dies at', async () => {
    const { wanted, total } = await whole();
    for (let at = 1; at <= total; at += 1)
      for (const when of ['before', 'after'] as const)
        expect(await endAfter([at], when), `died ${when} write ${at}`).toEqual(wanted);
  });

  it('ends the same, also where the next process dies as well', async () => {
    const { wanted, total } = await whole();
    const random = seededRandom();
    for (let pair = 0; pair < PAIRS; pair += 1) {
      const first = 1 + random.int(total);
      const at = [first, first + 1 + random.int(total)];
      const when = random.int(2) === 0 ? 'before' : 'after';
      expect(await endAfter(at, when), `died ${when} writes ${at.join(' and ')}`).toEqual(wanted);
    }
  });
});
