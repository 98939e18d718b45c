/** Commands that work on a user for longer than a lease: they keep it, and stop where it is lost all the same. */
import { describe, expect, it } from 'vitest';
import { type ForgetDeps, forget } from '../../../../src/engine/operations/forget.ts';
import { replay } from '../../../../src/engine/operations/replay.ts';
import { cancelTransfer } from '../../../../src/engine/reconcile/transfer/cancel.ts';
import { grantTransfer } from '../../../../src/engine/reconcile/transfer/grant.ts';
import { UpstreamError } from '../../../../src/errors.ts';
import { alice, bob, type Person } from '../../../mongo/subjects/people.ts';
import { inMemoryEraser } from '../../../support/in-memory/eraser.ts';
import { leave, transferDeps, transferParty } from '../../../support/in-memory/transferring.ts';
import { auth0User, createWorld, signUp, untilQuiet, type World } from '../../../support/in-memory/world.ts';

interface Command {
  readonly name: string;
  /** Users whom it leases. */
  readonly of: readonly Person[];
  arrange(world: World): Promise<void>;
  run(world: World): Promise<unknown>;
  /** What its first write leaves in the log or the read model. */
  hasWritten(world: World): Promise<boolean>;
}

const decided = { by: 'carol' };

const hasEvent = (world: World, wanted: string): boolean =>
  world.log.events.some(({ type }) => type === wanted);

async function left(world: World): Promise<void> {
  await signUp(world, alice);
  await untilQuiet(world);
  await leave(world, alice);
  await untilQuiet(world);
}

async function succeeded(world: World): Promise<void> {
  await left(world);
  await signUp(world, bob, { email: auth0User(alice).email });
  await untilQuiet(world);
}

function grant(world: World): Promise<unknown> {
  const wish = { asked: undefined, shown: undefined };
  return grantTransfer(timed(world), transferParty(world, alice), transferParty(world, bob), wish, decided);
}

/** With the timers of a process that goes on. */
function timed(world: World) {
  return { ...transferDeps(world), clock: world.clock };
}

const COMMANDS: readonly Command[] = [
  {
    name: 'forget',
    of: [alice],
    arrange: async (world) => {
      await left(world);
      world.accounts.stored.clear();
    },
    run: (world) => {
      const { log, queue, subjects, readModel, documents, accounts, clock, random, reservations } = world;
      const { logger, settings } = world.deps;
      const deps: ForgetDeps = {
        ...{ log, queue, subjects, readModel, documents, accounts, clock, random, logger, reservations },
        ...{ eraser: inMemoryEraser(world.log), leaseMs: settings.leaseMs },
      };
      return forget(deps, world.directory, alice, 'carol');
    },
    hasWritten: async (world) => hasEvent(world, 'user.forgotten'),
  },
  {
    name: 'replay',
    of: [alice],
    arrange: async (world) => {
      await signUp(world, alice);
      await untilQuiet(world);
      const lease = await world.queue.claimUser(alice, world.clock.now(), 1_000);
      if (lease === undefined) throw new Error('Nobody has the user.');
      await world.readModel.show(lease, undefined);
      await world.queue.release(lease);
    },
    run: async (world) => {
      const history = {
        users: async function* () {
          yield alice.user;
        },
        countSubjects: async () => 1,
      };
      const { log: events, subjects, reservations, clock } = world;
      const writer = { queue: world.queue, readModel: world.readModel, reservations };
      const { logger, settings } = world.deps;
      const deps = { history, events, subjects, reservations, clock, logger, settings, tenants: [], writer };
      const { busy: isBusy, rebuilt } = await replay(deps);
      if (isBusy === 1) throw Object.assign(new Error('It is being reconciled.'), { code: 'USER_BUSY' });
      return rebuilt;
    },
    hasWritten: async ({ subjects }) => (await subjects.get(alice.user))?.sync === 'Synced',
  },
  {
    name: 'transfer',
    of: [alice, bob],
    arrange: succeeded,
    run: grant,
    hasWritten: async (world) => hasEvent(world, 'transfer.promised'),
  },
  {
    name: 'transfer --cancel',
    of: [bob],
    arrange: async (world) => {
      await succeeded(world);
      await grant(world);
    },
    run: (world) =>
      cancelTransfer(timed(world), transferParty(world, alice), transferParty(world, bob), decided),
    hasWritten: async (world) => hasEvent(world, 'transfer.cancelled'),
  },
];

/** Runs the command; its first read of the log under its leases lasts as long as five of them. */
async function slow(
  { of, run }: Command,
  world: World,
  meanwhile: (who: Person) => Promise<void>,
): Promise<void> {
  const leased = new Set<unknown>();
  let isOver = false;
  const before = world.hooks.before;
  world.hooks.after = ({ method, args: [trigger] }) => {
    if (method === 'claimUser') leased.add((trigger as Person).user);
  };
  world.hooks.before = async (call) => {
    await before?.(call);
    if (call.method !== 'ofUser' || isOver || of.some(({ user }) => !leased.has(user))) return;
    isOver = true;
    await world.clock.advance(5 * world.deps.settings.leaseMs);
    for (const who of of) await meanwhile(who);
  };
  await run(world);
  expect(isOver).toBe(true);
}

describe.each(COMMANDS)('$name, slower than a lease', (command) => {
  it('keeps the user from others until it is done', async () => {
    const world = createWorld();
    await command.arrange(world);
    const { leaseMs } = world.deps.settings;
    expect(await command.hasWritten(world)).toBe(false);
    await slow(command, world, async (who) => {
      expect(await world.queue.claimUser(who, world.clock.now(), leaseMs)).toBeUndefined();
    });
    expect(await command.hasWritten(world)).toBe(true);
    for (const who of command.of)
      expect(await world.queue.claimUser(who, world.clock.now(), leaseMs)).toBeDefined();
  });

  it('writes nothing once another worker has the user', async () => {
    const world = createWorld();
    await command.arrange(world);
    const { leaseMs } = world.deps.settings;
    world.hooks.before = ({ method }) => {
      if (method === 'renew')
        throw new UpstreamError('not now', { upstream: 'mongodb', code: 'UNREACHABLE', retryable: true });
    };
    const others: unknown[] = [];
    const ended = slow(command, world, async (who) => {
      others.push(await world.queue.claimUser(who, world.clock.now(), leaseMs));
    });
    await expect(ended).rejects.toMatchObject({ code: 'USER_BUSY' });
    expect(others).toEqual(command.of.map(() => expect.objectContaining({ isTakeover: true })));
    expect(await command.hasWritten(world)).toBe(false);
    // The lease of the other worker is not given back by the one that lost its own.
    for (const who of command.of)
      expect(await world.queue.claimUser(who, world.clock.now(), leaseMs)).toBeUndefined();
  });
});
