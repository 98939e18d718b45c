/** Pages of users on the real server. */
import { describe, expect, it } from 'vitest';
import { parseTenantId } from '../../../src/identity.ts';
import { ensureCollections } from '../../../src/mongo/setup/indexes.ts';
import { userPages } from '../../../src/mongo/subjects/user-pages.ts';
import { openWorld } from '../world.ts';
import { at, otherTenant, person, tenant, view } from './people.ts';
import { storePeople } from './store-people.ts';
import { type ListedPerson, userPagesContract } from './user-pages.contract.ts';

const world = openWorld();

async function stored(people: readonly ListedPerson[]) {
  const db = world.fresh();
  await ensureCollections(db);
  await storePeople(db, people);
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
