/** How many users stand how, counted by the server. */
import { expect, it } from 'vitest';
import type { Condition } from '../../src/events/event.ts';
import { eventId } from '../../src/identity.ts';
import { ensureCollections } from '../../src/mongo/indexes.ts';
import { standings } from '../../src/mongo/standings.ts';
import { workQueue } from '../../src/mongo/work-queue.ts';
import type { SubjectView } from '../../src/ports.ts';
import { alice, at, bob, otherTenant, type Person, person, tenant, trigger, view } from './people.ts';
import { openWorld } from './world.ts';

const world = openWorld();

const held: Condition = {
  ...{ type: 'handle', status: 'False', reason: 'HandleTaken', message: 'Somebody has it.', held: true },
  ...{ since: at(0).toISOString(), event: eventId('e-1') },
};
const fine: Condition = { ...held, type: 'account', status: 'True', reason: 'AccountActive', held: false };

it('counts by standing and by situation, of the tenants that are asked for', async () => {
  const db = world.fresh();
  await ensureCollections(db);
  const queue = workQueue(db);
  const show = async (who: Person, shown: Partial<SubjectView>) => {
    const lease = await queue.claimUser(who, at(2), 60_000);
    if (lease === undefined) throw new Error('Somebody else is at work.');
    await queue.complete(lease, { ...view, conditions: [fine], ...shown }, at(2));
  };
  const taken: Partial<SubjectView> = { sync: 'OutOfSync', health: 'Degraded', conditions: [fine, held] };
  await show(alice, { sync: 'Synced', health: 'Healthy' });
  await show(bob, taken);
  await show(person('carol'), { ...taken, quarantined: true });
  await show(person('dave', otherTenant), taken);
  // Nobody has looked at her yet.
  await queue.markDue([trigger(person('erin'), 'main:1')], at(1), 'trigger');

  const counted = await standings(db, [tenant])();
  const common = { tenant, quarantined: false, users: 1 };
  expect(counted.users).toHaveLength(4);
  expect(counted.users).toEqual(
    expect.arrayContaining([
      { ...common, sync: 'Synced', health: 'Healthy' },
      { ...common, sync: 'OutOfSync', health: 'Degraded' },
      { ...common, sync: 'OutOfSync', health: 'Degraded', quarantined: true },
      { ...common, sync: 'Unknown', health: 'Progressing' },
    ]),
  );
  expect(counted.drifted).toEqual([
    { tenant, resource: 'handle', reason: 'HandleTaken', held: true, users: 2 },
  ]);
  const both = await standings(db, [tenant, otherTenant])();
  expect(both.drifted).toContainEqual({
    ...{ tenant: otherTenant, resource: 'handle', reason: 'HandleTaken', held: true, users: 1 },
  });
});
