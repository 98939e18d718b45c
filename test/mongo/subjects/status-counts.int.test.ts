/** How users stand, counted and grouped by the server. */
import { describe, expect, it } from 'vitest';
import { ensureCollections } from '../../../src/mongo/setup/indexes.ts';
import { statusReader } from '../../../src/mongo/subjects/status-counts.ts';
import { subjectReader } from '../../../src/mongo/subjects/subjects.ts';
import { openWorld } from '../world.ts';
import { at, person, tenant, view } from './people.ts';
import { statusReaderContract } from './status-counts.contract.ts';
import { storePeople } from './store-people.ts';

const world = openWorld();

describe('standings in MongoDB', () => {
  statusReaderContract(async (people, tenants) => {
    const db = world.fresh();
    await ensureCollections(db);
    await storePeople(db, people);
    return statusReader(db, tenants);
  });
});

it('knows of nobody where nothing has been prepared yet', async () => {
  const nobody = { seen: [], unseen: [], waiting: 0, situations: [], affected: [], isPartial: false };
  expect(await statusReader(world.fresh(), [tenant]).counts(at(10), 100)).toEqual(nobody);
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
  await statusReader(db, [tenant]).counts(at(10), 100);
  await db.command({ profile: 0 });
  const asked = await db
    .collection<{ _id: never; docsExamined: number }>('system.profile')
    .find({ op: 'command', 'command.aggregate': 'concord.subjects' })
    .toArray();
  // Those who wait, and the one in trouble twice.
  expect(asked.reduce((sum, { docsExamined }) => sum + docsExamined, 0)).toBe(3);
});

it('finds users that are out of sync without a look at those in sync', async () => {
  const db = world.fresh();
  await ensureCollections(db);
  const well = Array.from({ length: 200 }, (_, index) => ({
    ...{ who: person(`user-${index}`), view, dueAt: undefined },
  }));
  const sync = 'OutOfSync' as const;
  const bad = ['bob', 'carol'].map((name) => ({
    who: person(name),
    view: { ...view, sync },
    dueAt: undefined,
  }));
  await storePeople(db, [...well, ...bad]);
  await db.command({ profile: 2 });
  const pages: unknown[] = [];
  for await (const page of subjectReader(db).open(tenant, at(10))) pages.push(...page);
  for await (const one of subjectReader(db).list(tenant, { unsettled: true })) pages.push(one);
  await db.command({ profile: 0 });
  expect(pages).toHaveLength(4);
  const asked = await db
    .collection<{ _id: never; docsExamined: number; keysExamined: number }>('system.profile')
    .find({ 'command.find': 'concord.subjects' })
    .toArray();
  expect(asked).toHaveLength(3);
  expect(asked.reduce((sum, { docsExamined }) => sum + docsExamined, 0)).toBeLessThanOrEqual(6);
  expect(asked.reduce((sum, { keysExamined }) => sum + keysExamined, 0)).toBeLessThanOrEqual(20);
});
