import { describe, expect, it } from 'vitest';
import { alice } from '../../../mongo/subjects/people.ts';
import {
  choose,
  createWorld,
  pass,
  signUp,
  untilQuiet,
  type World,
} from '../../../support/in-memory/world.ts';

/** Processes that take the user and die, one after the other. */
async function dies(world: World, times: number): Promise<void> {
  for (let left = times; left > 0; left -= 1) {
    const next = await world.queue.nextDueAt();
    await world.clock.advance(Math.max(0, (next?.getTime() ?? 0) - world.clock.now().getTime()));
    await world.queue.claim(world.clock.now(), world.deps.settings.leaseMs);
  }
  await world.clock.advance(world.deps.settings.leaseMs);
}

function ends(world: World): string[] {
  return world.log
    .eventsOf(alice.user)
    .flatMap(({ type, data }) => ('attempt' in data ? `${type} ${data.code} ${data.attempt}` : type))
    .filter((one) => /^converge|^user\./.test(one));
}

describe('a reconciliation that did not end', () => {
  it('is repeated at once, and counts for nothing', async () => {
    const world = createWorld();
    await signUp(world, alice);
    await dies(world, 1);
    expect(await pass(world)).toMatchObject({ end: 'converged' });
    expect(ends(world)).toEqual(['converged']);
  });

  it('counts from the second on, and no more once one has ended', async () => {
    const world = createWorld();
    await signUp(world, alice);
    await dies(world, 2);
    const failed = await pass(world);
    expect(failed).toMatchObject({ end: 'failed', failures: [{ code: 'LEASE_EXPIRED' }], applied: [] });
    expect(failed.retryAt?.getTime()).toBeGreaterThan(world.clock.now().getTime());
    expect(await world.subjects.get(alice.user)).toMatchObject({ sync: 'Unknown', attempts: 1 });
    await untilQuiet(world);
    choose(world, alice, 'alice');
    await world.queue.markDue([alice], world.clock.now(), 'trigger');
    await dies(world, 1);
    await untilQuiet(world);
    expect(ends(world)).toEqual(['converge.failed LEASE_EXPIRED 1', 'converged', 'converged']);
    expect(await world.subjects.get(alice.user)).toMatchObject({ sync: 'Synced', attempts: 0 });
  });

  it('quarantines the user after as many failures as any other, and a retry begins anew', async () => {
    const world = createWorld({ settings: { quarantineAfter: 4 } });
    await signUp(world, alice);
    await dies(world, 2);
    for (let failures = 1; failures < 4; failures += 1) {
      await pass(world);
      await dies(world, 1);
    }
    await pass(world);
    expect(ends(world).slice(-2)).toEqual(['converge.failed LEASE_EXPIRED 4', 'user.quarantined']);
    expect(await world.queue.nextDueAt()).toBeUndefined();
    await world.queue.markDue([alice], world.clock.now(), 'trigger');
    expect(await pass(world)).toMatchObject({ end: 'converged' });
    expect(await world.subjects.get(alice.user)).toMatchObject({ quarantined: false, sync: 'Synced' });
  });

  it('quarantines a user without reading anything where not even a failure can be recorded', async () => {
    const world = createWorld();
    await signUp(world, alice);
    await dies(world, 5);
    world.hooks.before = ({ writes, method }) => {
      if (!writes) throw new Error(`the process dies of ${method}`);
    };
    expect(await pass(world)).toMatchObject({ end: 'failed', failures: [{ code: 'LEASE_EXPIRED' }] });
    world.hooks.before = () => undefined;
    const shown = await world.subjects.get(alice.user);
    expect(shown).toMatchObject({ quarantined: true, health: 'Degraded', sync: 'Unknown' });
    expect(await world.queue.nextDueAt()).toBeUndefined();
    expect(ends(world)).toEqual(['converge.failed LEASE_EXPIRED 10', 'user.quarantined']);
  });
});
