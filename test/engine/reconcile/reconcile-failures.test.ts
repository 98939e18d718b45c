import { describe, expect, it } from 'vitest';
import { viewOf } from '../../../src/engine/operations/replay.ts';
import { type Upstream, UpstreamError } from '../../../src/errors.ts';
import { alice } from '../../mongo/subjects/people.ts';
import type { PortCall } from '../../support/in-memory/hooks.ts';
import {
  arrive,
  auth0User,
  createWorld,
  eventsOf,
  pass,
  reconcileUser,
  SETTINGS,
  shownConditions,
  signUp,
  snapshot,
  typesOf,
  untilQuiet,
  type World,
} from '../../support/in-memory/world.ts';

const UPSTREAM: Readonly<Record<string, Upstream>> = { accounts: 'pds', auth0: 'auth0' };

function unreachable(call: PortCall, code = 'UNREACHABLE', retryAfterMs?: number): UpstreamError {
  const upstream = UPSTREAM[call.port] ?? 'mongodb';
  return new UpstreamError(`${upstream} does not answer`, { upstream, code, retryable: true, retryAfterMs });
}

/** Every call of this port fails until the hook is taken away. */
function cutOff(world: World, port: string, code?: string, retryAfterMs?: number): void {
  world.hooks.before = (call) => {
    if (call.port === port) throw unreachable(call, code, retryAfterMs);
  };
}

function mend(world: World): void {
  world.hooks.before = undefined;
  world.hooks.after = undefined;
}

describe('Auth0 out of reach', () => {
  it('decides nothing, and says so of everything', async () => {
    const world = createWorld();
    await signUp(world, alice);
    await pass(world);
    const { users, accounts, verifications } = snapshot(world);
    const known = Object.keys(await shownConditions(world, alice.user)).length;
    world.directory.remove(alice.userId);
    cutOff(world, 'auth0');
    await arrive(world, alice);

    expect(await pass(world)).toMatchObject({ end: 'failed', applied: [] });

    expect(snapshot(world)).toMatchObject({ users, accounts, verifications });
    const found = await world.subjects.get(alice.user);
    const said = new Set(found?.conditions.map(({ status, reason }) => `${status} ${reason}`));
    expect(said).toEqual(new Set(['Unknown NotObserved']));
    expect(found?.conditions).toHaveLength(known);
    expect(found).toMatchObject({ sync: 'Unknown', attempts: 1 });
    expect(eventsOf(world, alice).at(-1)).toMatchObject({
      type: 'converge.failed',
      data: { code: 'UNREACHABLE', attempt: 1 },
    });
  });

  it('is tried again by itself, and then all is well', async () => {
    const world = createWorld();
    await signUp(world, alice);
    cutOff(world, 'auth0');
    const { retryAt } = await pass(world);
    expect(await world.queue.nextDueAt()).toEqual(retryAt);
    mend(world);
    expect((await untilQuiet(world)).map(({ end }) => end)).toEqual(['converged']);
    expect(await world.subjects.get(alice.user)).toMatchObject({ health: 'Healthy', attempts: 0 });
  });
});

describe('the PDS out of reach', () => {
  it('keeps nobody from their code, and the rest is made up for', async () => {
    const world = createWorld();
    world.documents.handles.set(alice.user, 'alice');
    await signUp(world, alice);
    cutOff(world, 'accounts');

    expect(await pass(world)).toMatchObject({ end: 'failed' });

    expect(world.documents.users.get(alice.user)?.code).toBeDefined();
    expect(world.documents.verifications.get(alice.user)).toBe(1);
    expect(await shownConditions(world, alice.user)).toMatchObject({
      auth0: 'True UserKnown',
      verification: 'True Recorded',
      'user-document': 'True HasCode',
      account: 'Unknown NotObserved',
      handle: 'Unknown NotObserved',
    });
    mend(world);
    await untilQuiet(world);
    expect([...world.accounts.stored.values()].map((account) => account.handle)).toEqual(['alice.at.test']);
  });

  it('half-way: an account that cannot be created says why', async () => {
    const world = createWorld();
    await signUp(world, alice);
    world.hooks.before = (call) => {
      if (call.method === 'createInvite') throw unreachable(call, 'SERVER_ERROR');
    };
    expect(await pass(world)).toMatchObject({ end: 'failed' });
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: 'False Failing' });
    expect(typesOf(world, alice)).not.toContain('account.creation-intended');
  });

  it('that asks to come later is no failure of the user’s', async () => {
    const world = createWorld({ settings: { quarantineAfter: 2 } });
    await signUp(world, alice);
    cutOff(world, 'accounts', 'RATE_LIMITED', 300_000);
    for (let round = 0; round < 3; round += 1) {
      const { end, retryAt } = await pass(world);
      expect([end, (retryAt?.getTime() ?? 0) - world.clock.now().getTime()]).toEqual(['deferred', 300_000]);
      await world.clock.advance(300_000);
    }
    expect(await world.subjects.get(alice.user)).toMatchObject({ attempts: 0, quarantined: false });
    expect(typesOf(world, alice).filter((type) => type === 'converge.deferred')).toHaveLength(1);
  });

  it('tells of no address and no password in what it writes of the failure', async () => {
    const world = createWorld();
    await signUp(world, alice);
    world.hooks.after = (call) => {
      if (call.method === 'createAccount') throw unreachable(call);
    };
    await pass(world);
    const failed = eventsOf(world, alice).filter(({ type }) => type === 'converge.failed');
    expect(failed).toHaveLength(1);
    expect(JSON.stringify(failed)).not.toContain('@example.com');
  });
});

describe('the documents out of reach', () => {
  it('leave everything unknown and the PDS untouched', async () => {
    const world = createWorld();
    await signUp(world, alice);
    cutOff(world, 'documents');
    expect(await pass(world)).toMatchObject({ end: 'failed' });
    expect(await shownConditions(world, alice.user)).toEqual({ auth0: 'Unknown NotObserved' });
    expect(world.accounts.stored.size).toBe(0);
  });
});

describe('the log out of reach', () => {
  it('ends the pass before anything is written elsewhere', async () => {
    const world = createWorld();
    await signUp(world, alice);
    const before = snapshot(world);
    cutOff(world, 'log');
    await expect(pass(world)).rejects.toMatchObject({ code: 'UNREACHABLE' });
    expect(snapshot(world)).toEqual(before);
  });
});

describe('a user who fails again and again', () => {
  it('is quarantined after so many, with a cause, and waits for a trigger', async () => {
    const world = createWorld({ settings: { quarantineAfter: 3 } });
    await signUp(world, alice);
    cutOff(world, 'accounts', 'SERVER_ERROR');

    const ends = await untilQuiet(world);

    expect(ends.map(({ end }) => end)).toEqual(['failed', 'failed', 'failed']);
    const waits = ends.map(({ retryAt }) => retryAt !== undefined);
    expect(waits).toEqual([true, true, false]);
    expect(await world.subjects.get(alice.user)).toMatchObject({
      quarantined: true,
      attempts: 3,
      health: 'Degraded',
      dueAt: undefined,
      failure: { code: 'SERVER_ERROR', upstream: 'pds' },
    });
    const last = eventsOf(world, alice).at(-1);
    expect(last).toMatchObject({ type: 'user.quarantined', data: { attempts: 3, code: 'SERVER_ERROR' } });

    await arrive(world, alice);
    await pass(world);
    expect(typesOf(world, alice).filter((type) => type === 'user.quarantined')).toHaveLength(1);
    expect(await world.queue.nextDueAt()).toBeUndefined();

    mend(world);
    await arrive(world, alice);
    expect(await pass(world)).toMatchObject({ end: 'converged' });
    expect(await world.subjects.get(alice.user)).toMatchObject({
      quarantined: false,
      attempts: 0,
      health: 'Healthy',
      failure: undefined,
    });
  });

  it('is in the log at the 1st, 2nd, 4th and 8th failure and at quarantine, with its intent once', async () => {
    const world = createWorld();
    await signUp(world, alice);
    cutOff(world, 'accounts', 'SERVER_ERROR');
    await untilQuiet(world);
    const failures = eventsOf(world, alice).flatMap(({ type, data }) =>
      type === 'converge.failed' ? data.attempt : [],
    );
    expect(failures).toEqual([1, 2, 4, 8, 10]);
    expect(await world.subjects.get(alice.user)).toMatchObject({ attempts: 10, quarantined: true });
    expect(typesOf(world, alice).filter((type) => type === 'actions.intended')).toHaveLength(1);
  });

  it('counts on when the read model is rebuilt, and is quarantined all the same', async () => {
    const world = createWorld();
    await signUp(world, alice);
    cutOff(world, 'accounts', 'SERVER_ERROR');
    for (let tries = 0; tries < 7; tries += 1) {
      await pass(world);
      await world.clock.advance(SETTINGS.backoff.maxMs);
    }
    expect(await world.subjects.get(alice.user)).toMatchObject({ attempts: 7 });
    const { queue, readModel, clock, log } = world;
    const lease = await queue.claimUser(alice, clock.now(), SETTINGS.leaseMs);
    if (lease === undefined) throw new Error('alice is leased');
    await readModel.show(lease, viewOf(await log.ofUser(alice.user)));
    await queue.release(lease);
    expect(await world.subjects.get(alice.user)).toMatchObject({ attempts: 4 });
    const ends = await untilQuiet(world);
    expect(ends).toHaveLength(6);
    expect(await world.subjects.get(alice.user)).toMatchObject({ attempts: 10, quarantined: true });
  });

  it('is in the log whenever it fails for another reason', async () => {
    const world = createWorld();
    await signUp(world, alice);
    for (const code of ['SERVER_ERROR', 'SERVER_ERROR', 'SERVER_ERROR', 'UNREACHABLE', 'SERVER_ERROR']) {
      cutOff(world, 'accounts', code);
      await pass(world);
      await world.clock.advance(SETTINGS.backoff.maxMs);
    }
    const failures = eventsOf(world, alice).flatMap(({ type, data }) =>
      type === 'converge.failed' ? `${data.attempt} ${data.code}` : [],
    );
    expect(failures).toEqual(['1 SERVER_ERROR', '2 SERVER_ERROR', '4 UNREACHABLE', '5 SERVER_ERROR']);
  });

  it('is not, however long a whole system is away', async () => {
    const world = createWorld({ settings: { quarantineAfter: 3 } });
    await signUp(world, alice);
    cutOff(world, 'accounts');
    for (let tries = 0; tries < 6; tries += 1) {
      await pass(world);
      await world.clock.advance(SETTINGS.backoff.maxMs);
    }
    expect(await world.subjects.get(alice.user)).toMatchObject({ quarantined: false, attempts: 6 });
    mend(world);
    expect((await untilQuiet(world)).at(-1)).toMatchObject({ end: 'converged' });
  });

  it('in quarantine still waits for an account whose creation has no outcome yet', async () => {
    const world = createWorld({ settings: { quarantineAfter: 1 } });
    await signUp(world, alice);
    world.hooks.before = (call) => {
      if (call.method === 'createAccount')
        throw new UpstreamError('lost', {
          upstream: 'pds',
          code: 'SERVER_ERROR',
          retryable: true,
          effect: 'unknown',
        });
    };
    await pass(world);
    expect((await world.subjects.get(alice.user))?.quarantined).toBe(true);
    mend(world);
    await arrive(world, alice);
    expect((await untilQuiet(world)).map(({ end }) => end)).toEqual(['deferred', 'converged']);
  });
});

describe('creations that come to nothing', () => {
  it('are three at most: each may have left a DID behind for ever', async () => {
    const world = createWorld();
    let creations = 0;
    world.hooks.before = (call) => {
      if (call.method !== 'createAccount') return;
      creations += 1;
      const options = { upstream: 'pds', code: 'SERVER_ERROR', retryable: true, effect: 'unknown' } as const;
      throw new UpstreamError('the disk is full', options);
    };
    await signUp(world, alice);
    await untilQuiet(world);
    expect(creations).toBe(3);
    const found = await world.subjects.get(alice.user);
    const condition = found?.conditions.find(({ type }) => type === 'account');
    expect(condition).toMatchObject({ reason: 'CreationKeepsFailing', held: true });
    expect(condition?.message).toMatch(
      /SERVER_ERROR.*the handle ac26\w+\.at\.test.*concord retry 'auth0\|alice'$/,
    );
  });
});

describe('a lease', () => {
  it('that was lost ends the pass before the next effect', async () => {
    const world = createWorld();
    await signUp(world, alice);
    let other: unknown;
    world.hooks.after = async ({ method }) => {
      if (method !== 'createVerification' || other !== undefined) return;
      // The process was held up for longer than its lease, and somebody else took the user.
      await world.clock.advance(world.deps.settings.leaseMs + 1);
      other = await world.queue.claim(world.clock.now(), world.deps.settings.leaseMs);
    };

    expect(await pass(world)).toMatchObject({ end: 'lease-lost' });

    expect(other).toMatchObject({ user: alice.user });
    expect(world.documents.users.size).toBe(0);
    expect(world.accounts.stored.size).toBe(0);
    expect(typesOf(world, alice)).not.toContain('converged');
  });

  it('that ran out ends the pass even if nobody took it, and the next pass reads anew', async () => {
    const world = createWorld();
    await signUp(world, alice);
    world.hooks.after = async ({ method }) => {
      if (method === 'createVerification') await world.clock.advance(world.deps.settings.leaseMs * 2);
    };
    expect(await pass(world)).toMatchObject({ end: 'lease-lost' });
    expect(world.accounts.stored.size).toBe(0);
    world.hooks.after = undefined;
    expect(await pass(world)).toMatchObject({ end: 'converged' });
  });

  it('lost at the very end leaves what the other one wrote', async () => {
    const world = createWorld();
    await signUp(world, alice);
    world.hooks.before = async ({ method }) => {
      if (method !== 'complete') return;
      mend(world);
      await world.clock.advance(world.deps.settings.leaseMs);
      expect(await pass(world)).toMatchObject({ end: 'converged' });
    };
    expect(await pass(world)).toMatchObject({ end: 'lease-lost' });
    expect((await world.subjects.get(alice.user))?.sync).toBe('Synced');
    expect(world.accounts.stored.size).toBe(1);
  });
});

describe('observing only', () => {
  it('writes nothing to documents and PDS, and tells what it would do', async () => {
    const world = createWorld({ policy: { observeOnly: true } });
    world.documents.handles.set(alice.user, 'alice');
    await signUp(world, alice);
    const { users, accounts, verifications, handles, leaked } = snapshot(world);

    expect(await pass(world)).toMatchObject({ end: 'held', applied: [] });

    expect(snapshot(world)).toMatchObject({ users, accounts, verifications, handles, leaked });
    expect(await shownConditions(world, alice.user)).toMatchObject({
      verification: 'False NotRecorded',
      'user-document': 'False NoDocument',
      account: 'False NoAccount',
    });
    expect(typesOf(world, alice)).toEqual([
      'auth0.log-received',
      'auth0.user-observed',
      'handle.observed',
      'converged',
    ]);
  });
});

describe('a read of Auth0', () => {
  async function afterRead(waitMs: number): Promise<World> {
    const world = createWorld();
    await signUp(world, alice, { emailVerified: false });
    await world.clock.advance(500);
    await pass(world);
    world.directory.put(auth0User(alice));
    await world.clock.advance(waitMs);
    return world;
  }

  it('older than the trigger is never enough', async () => {
    const world = await afterRead(1);
    await arrive(world, alice, 'sv');
    await pass(world);
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: 'True AccountActive' });
  });

  it('is made by every pass that nobody asked for', async () => {
    const world = await afterRead(1);
    await reconcileUser(world, alice);
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: 'True AccountActive' });
  });

  it('younger than the trigger, of a moment ago, answers it too', async () => {
    const world = await afterRead(1);
    // Another entry of the same second, delivered late: its time is before the read.
    await world.queue.markDue([alice], new Date(world.clock.now().getTime() - 100), 'trigger');
    await pass(world);
    expect(await shownConditions(world, alice.user)).toMatchObject({
      account: 'True WaitingForEmailVerification',
    });
    await world.clock.advance(world.deps.settings.freshForMs);
    await world.queue.markDue([alice], new Date(world.clock.now().getTime() - 60_000), 'trigger');
    await pass(world);
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: 'True AccountActive' });
  });

  it('is made again for what came after it, also when something from before it has not been answered', async () => {
    const world = await afterRead(1);
    const now = world.clock.now();
    await world.queue.markDue([alice], new Date(now.getTime() - 100), 'trigger');
    await world.queue.markDue([alice], now, 'trigger');
    await pass(world);
    expect(await shownConditions(world, alice.user)).toMatchObject({ account: 'True AccountActive' });
  });
});
