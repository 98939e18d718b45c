/** Pages of users on the real server. */
import { describe, expect, it } from 'vitest';
import { parseTenantId } from '../../src/identity.ts';
import { ensureCollections } from '../../src/mongo/indexes.ts';
import { userPages } from '../../src/mongo/user-pages.ts';
import { at, otherTenant, person, tenant, view } from './people.ts';
import { type ListedPerson, userPagesContract } from './user-pages.contract.ts';
import { openWorld } from './world.ts';

const world = openWorld();

async function stored(people: readonly ListedPerson[]) {
  const db = world.fresh();
  await ensureCollections(db);
  await db.collection<{ _id: string }>('concord.subjects').insertMany(
    people.map(({ who: { user, tenant: of, userId }, view: shown, dueAt }) => ({
      ...{ _id: user, tenant: of, userId },
      ...(shown === undefined ? {} : { view: shown }),
      ...(dueAt === undefined ? {} : { due: { at: dueAt, priority: 0, count: 1 } }),
    })),
    { ignoreUndefined: true },
  );
  return db;
}

describe('pages of users in MongoDB', () => {
  userPagesContract(async (people) => userPages(await stored(people), [tenant, otherTenant]));
});

it('leaves out whoever is of a tenant that another process serves', async () => {
  const third = parseTenantId('third') ?? tenant;
  const people = [{ who: { ...person('alice'), tenant: third }, view, dueAt: undefined }];
  const pages = userPages(await stored(people), [tenant, otherTenant]);
  expect(await pages.page({}, undefined, 10, at(0))).toEqual([]);
});
