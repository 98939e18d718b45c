/** How users stand, counted and grouped by the server. */
import { describe, expect, it } from 'vitest';
import { ensureCollections } from '../../src/mongo/indexes.ts';
import { standingReader } from '../../src/mongo/standings.ts';
import { at, person, tenant, view } from './people.ts';
import { standingsContract } from './standings.contract.ts';
import { storePeople } from './store-people.ts';
import { openWorld } from './world.ts';

const world = openWorld();

describe('standings in MongoDB', () => {
  standingsContract(async (people, tenants) => {
    const db = world.fresh();
    await ensureCollections(db);
    await storePeople(db, people);
    return standingReader(db, tenants);
  });
});

it('knows of nobody where nothing has been prepared yet', async () => {
  const nobody = { seen: [], unseen: [], waiting: 0, situations: [], troubled: [], isPartial: false };
  expect(await standingReader(world.fresh(), [tenant]).standings(at(10), 100)).toEqual(nobody);
});

it('reads nobody who is well', async () => {
  const db = world.fresh();
  await ensureCollections(db);
  const well = Array.from({ length: 50 }, (_, index) => ({
    who: person(`user-${index}`),
    view,
    dueAt: undefined,
  }));
  const bad = { who: person('bob'), view: { ...view, sync: 'OutOfSync' as const }, dueAt: at(90) };
  await storePeople(db, [...well, bad]);
  await db.command({ profile: 2 });
  await standingReader(db, [tenant]).standings(at(10), 100);
  await db.command({ profile: 0 });
  const asked = await db
    .collection<{ _id: never; docsExamined: number }>('system.profile')
    .find({ op: 'command', 'command.aggregate': 'concord.subjects' })
    .toArray();
  // Those who wait, and the one in trouble twice.
  expect(asked.reduce((sum, { docsExamined }) => sum + docsExamined, 0)).toBe(3);
});
