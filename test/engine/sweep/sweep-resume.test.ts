/** A sweep that broke off goes on where it was, and concludes from one complete listing only. */
import { describe, expect, it } from 'vitest';
import { sweep } from '../../../src/engine/sweep/sweep.ts';
import { sweepInTurn } from '../../../src/engine/sweep/sweep-in-turn.ts';
import type { SweepEnd } from '../../../src/engine/sweep/sweep-result.ts';
import { SWEEP_LEASE_MS } from '../../../src/engine/sweep/sweep-run.ts';
import { LeaseLostError, UpstreamError } from '../../../src/errors.ts';
import type { Person } from '../../mongo/subjects/people.ts';
import {
  aliceEvent,
  countCalls,
  dueUsers,
  mainTenant,
  populate,
  sweepDeps,
  sweepOnce,
} from '../../support/in-memory/sweeps.ts';
import { choose, createWorld, type World } from '../../support/in-memory/world.ts';

const PEOPLE = 220;
/** As many users as the directory in memory lists at once. */
const PAGE = 100;
const PAGES = Math.ceil(PEOPLE / PAGE);

/** Every page takes longer than a position is let go unkept. */
function takeTime(world: World): void {
  const count = world.hooks.before;
  world.hooks.before = async (call) => {
    await count?.(call);
    if (call.port === 'documents' && call.method === 'read') await world.clock.advance(6_000);
  };
}

/** Sweeps until the documents of this page are asked for, where the process dies. */
async function dieAt(world: World, page: number): Promise<void> {
  let reads = 0;
  const died = new Promise<void>((resolve) => {
    world.hooks.before = async ({ port, method }) => {
      if (port !== 'documents' || method !== 'read') return;
      reads += 1;
      await world.clock.advance(6_000);
      if (reads <= page) return;
      resolve();
      await new Promise(() => undefined);
    };
  });
  void sweep(sweepDeps(world), mainTenant(world));
  await died;
  // What had been begun for the page before comes to its end.
  for (let turns = 0; turns < 50; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  world.hooks.before = undefined;
}

async function crowd(): Promise<{ world: World; people: readonly Person[] }> {
  const world = createWorld();
  const people = await populate(world, PEOPLE);
  world.directory.keepListings();
  return { world, people };
}

function over(end: SweepEnd) {
  if (end.type !== 'over') throw new Error(`The sweep is ${end.type}.`);
  return end;
}

describe('a sweep after one that died', () => {
  it('looks only at those who are left, and its result is that of the whole', async () => {
    const { world, people } = await crowd();
    for (const { user } of [people[0], people[210]].flatMap((who) => who ?? []))
      world.documents.verifications.set(user, 0);
    await dieAt(world, 2);
    await world.clock.advance(SWEEP_LEASE_MS);
    const counts = countCalls(world);

    const result = await sweepOnce(world);

    expect(result).toMatchObject({ users: PEOPLE, drifted: 2, complete: true, halts: [] });
    expect(result.totals.verifications).toEqual({ have: PEOPLE, of: PEOPLE });
    expect(result.situations).toEqual([{ resource: 'verification', reason: 'NotRecorded', users: 2 }]);
    // Of the two pages that the one before had looked at, it had kept the first.
    expect(counts()).toMatchObject({ 'auth0.everyone': 1, 'documents.read': PAGES - 1 });
    expect(await dueUsers(world)).toEqual([people[0]?.user, people[210]?.user]);
    expect(aliceEvent(world, 'sweep.started')).toHaveLength(1);
    expect(aliceEvent(world, 'sweep.finished').map(({ data }) => data)).toMatchObject([
      {
        users: PEOPLE,
        drifted: 2,
        resumes: 1,
        totals: result.totals,
        orphans: { documents: 0, accounts: 0 },
      },
    ]);
  });

  it('still takes those for listed whom the one before looked at', async () => {
    const { world, people } = await crowd();
    const [first] = people;
    if (first === undefined) throw new Error('Nobody is there.');
    await dieAt(world, 2);
    await world.clock.advance(SWEEP_LEASE_MS);
    world.directory.remove(first.userId);
    await sweepOnce(world);
    // Gone since the listing was made: the next one tells.
    expect(aliceEvent(world, 'auth0.user-unlisted')).toEqual([]);
    await sweepOnce(world);
    expect(aliceEvent(world, 'auth0.user-unlisted')).toMatchObject([{ user: first.user }]);
  });

  it('holds the renames of both against the limit', async () => {
    const { world, people } = await crowd();
    const renamed = [...people.slice(0, 30), ...people.slice(210)];
    for (const [at, who] of renamed.entries()) choose(world, who, `other-${at}`);
    await dieAt(world, 2);
    await world.clock.advance(SWEEP_LEASE_MS);
    const { halts } = over(
      await sweep(sweepDeps(world, { renames: { share: 1, count: 30 } }), mainTenant(world)),
    );
    expect(halts).toMatchObject([{ kind: 'renames', count: 40, limit: 30 }]);
    expect(new Set(halts[0]?.users)).toEqual(new Set(renamed.map(({ user }) => user)));
    expect(await dueUsers(world)).toEqual([]);
  });

  it.each([
    {
      reason: 'the listing is not kept any more',
      happen: async (world: World) => world.directory.forgetListings(),
    },
    { reason: 'the listing is too old', happen: async (world: World) => world.clock.advance(7 * 3_600_000) },
  ])('begins anew when $reason', async ({ happen }) => {
    const { world } = await crowd();
    await dieAt(world, 2);
    await world.clock.advance(SWEEP_LEASE_MS);
    await happen(world);
    const counts = countCalls(world);
    expect(await sweepOnce(world)).toMatchObject({ users: PEOPLE, complete: true });
    expect(counts()['documents.read']).toBe(PAGES);
    expect(aliceEvent(world, 'sweep.started')).toHaveLength(2);
    expect(aliceEvent(world, 'sweep.finished')).toMatchObject([{ data: { resumes: 0 } }]);
  });

  it('that came to its end begins anew', async () => {
    const { world } = await crowd();
    takeTime(world);
    await sweepOnce(world);
    const counts = countCalls(world);
    await sweepOnce(world);
    expect(counts()['documents.read']).toBe(PAGES);
  });

  it('of a listing that was cut reads it again, as long as that brings it further', async () => {
    const { world } = await crowd();
    const main = mainTenant(world);
    let readings = 0;
    const cut = {
      ...main.directory,
      async *everyone(listing?: string) {
        readings += 1;
        let pages = 0;
        for await (const page of main.directory.everyone(listing)) {
          // The second time a page further, and then no further.
          if (pages === Math.min(readings, 2)) throw unreachable();
          pages += 1;
          yield page;
        }
      },
    };
    const counts = countCalls(world);
    expect(await sweep(sweepDeps(world), { ...main, directory: cut })).toMatchObject({
      users: 2 * PAGE,
      complete: false,
      orphans: null,
    });
    expect(readings).toBe(3);
    expect(counts()['documents.read']).toBe(2);
    expect(aliceEvent(world, 'auth0.user-unlisted')).toEqual([]);
  });
});

function unreachable(): UpstreamError {
  return new UpstreamError('the file was cut', { upstream: 'auth0', code: 'UNREACHABLE', retryable: true });
}

describe('two sweeps of one tenant', () => {
  it('are one: the second says that another is under way, and until when', async () => {
    const { world } = await crowd();
    await dieAt(world, 2);
    const end = await sweep(sweepDeps(world), mainTenant(world));
    expect(end.type).toBe('under-way');
    expect(aliceEvent(world, 'sweep.started')).toHaveLength(1);
  });

  it('in turn: whoever waits goes on when the first is dead', async () => {
    const { world } = await crowd();
    await dieAt(world, 2);
    const waits: Date[] = [];
    const onWait = (until: Date) => waits.push(until);
    const ended = sweepInTurn(sweepDeps(world), mainTenant(world), { onWait });
    await world.clock.advance(SWEEP_LEASE_MS + 1);
    expect(await ended).toMatchObject({ type: 'over', users: PEOPLE, complete: true });
    expect(waits).toHaveLength(1);
  });

  it('and the one that was taken for dead does nothing more', async () => {
    const { world, people } = await crowd();
    const [drifted] = people;
    if (drifted === undefined) throw new Error('Nobody is there.');
    world.documents.verifications.set(drifted.user, 0);
    let slept = false;
    world.hooks.before = async ({ port, method }) => {
      if (port !== 'subjects' || method !== 'standings' || slept) return;
      slept = true;
      await world.clock.advance(SWEEP_LEASE_MS + 1);
      await sweepOnce(world);
    };
    const first = sweep(sweepDeps(world), mainTenant(world));
    await expect(first).rejects.toBeInstanceOf(LeaseLostError);
    expect(aliceEvent(world, 'sweep.finished')).toHaveLength(1);
  });

  it('of two tenants are two', async () => {
    const { world } = await crowd();
    await dieAt(world, 2);
    const other = [...world.deps.tenants.keys()][1];
    if (other === undefined) throw new Error('There is no second tenant.');
    const second = {
      ...{ id: other, keyPrefix: `${other}-`, emailTag: undefined },
      directory: world.otherDirectory,
    };
    expect(await sweep(sweepDeps(world), second)).toMatchObject({ type: 'over', users: 0 });
  });
});

describe('a sweep that is told to stop', () => {
  it('stops at the next page, says no last word, and is taken up at once', async () => {
    const { world } = await crowd();
    const stop = new AbortController();
    const stopped = await sweep(sweepDeps(world), mainTenant(world), {
      onProgress: (users) => {
        if (users >= PAGE) stop.abort();
      },
      signal: stop.signal,
    });
    expect(stopped).toEqual({ type: 'stopped', users: PAGE });
    expect(aliceEvent(world, 'sweep.finished')).toEqual([]);
    const counts = countCalls(world);
    expect(await sweepOnce(world)).toMatchObject({ users: PEOPLE, complete: true });
    expect(counts()['documents.read']).toBe(PAGES - 1);
  });
});

it('a sweep that cannot go on gives its lease back', async () => {
  const { world } = await crowd();
  world.hooks.before = ({ port, method }) => {
    if (port === 'subjects' && method === 'standings') throw new Error('a bug');
  };
  await expect(sweepOnce(world)).rejects.toThrow('a bug');
  world.hooks.before = undefined;
  expect(await sweepOnce(world)).toMatchObject({ users: PEOPLE, complete: true });
});
