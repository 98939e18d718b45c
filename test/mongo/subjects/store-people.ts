import type { Db } from 'mongodb';
import type { ListedPerson } from './user-pages.contract.ts';

/** As passes would have left them in the read model. */
export async function storePeople(db: Db, people: readonly ListedPerson[]): Promise<void> {
  await db.collection<{ _id: string }>('concord.subjects').insertMany(
    people.map(({ who: { user, tenant, userId }, view, dueAt }) => ({
      ...{ _id: user, tenant, userId },
      ...(view === undefined ? {} : { view }),
      ...(dueAt === undefined ? {} : { due: { at: dueAt, priority: 0, count: 1 } }),
    })),
    { ignoreUndefined: true },
  );
}
