import { expect, it } from 'vitest';
import { cursors } from '../../src/mongo/cursors.ts';
import { cursorsContract } from './cursors.contract.ts';
import { openWorld } from './world.ts';

const world = openWorld();

cursorsContract(async () => cursors(world.fresh()));

it('a position says when it was set', async () => {
  const db = world.fresh();
  await cursors(db).set('handles', 'here');
  expect(await db.collection('concord.cursors').find().toArray()).toEqual([
    { _id: 'handles', position: 'here', at: expect.any(Date) },
  ]);
});
