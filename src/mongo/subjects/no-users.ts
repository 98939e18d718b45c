/** Which subjects are no users. The server reads all subjects, and returns only those. */
import { fold } from '../../events/fold.ts';
import type { UserKey } from '../../identity.ts';
import type { EventReader } from '../../ports/event-log.ts';
import type { NoUserReader } from '../../ports/subjects.ts';
import { collections } from '../driver/collections.ts';
import type { ReadableDb } from '../driver/database.ts';
import { reading } from '../driver/errors.ts';
import { ofTenants, type StoredSubject } from './stored-subject.ts';

/** Longer than the server takes for a million subjects; after that it gives up and is free again. */
const maxTimeMS = 10_000;
/** What `parseAuth0UserId` accepts, but for control characters, which the server's expressions cannot name. */
const HAS_USER_ID = /^[^|]+\|./s;

export function noUserReader(db: ReadableDb, events: Pick<EventReader, 'read' | 'ofUser'>): NoUserReader {
  const subjects = db.collection<StoredSubject>(collections.subjects);
  const projection = { tenant: 1, userId: 1 } as const;
  const find = (filter: Parameters<typeof subjects.find>[0]) =>
    reading('find subjects that are no users', () =>
      subjects.find(filter, { projection, maxTimeMS }).sort({ _id: 1 }).toArray(),
    );

  async function calledInvalid(): Promise<readonly UserKey[]> {
    const named = new Set<UserKey>();
    for await (const { user } of events.read({ types: ['auth0.user-invalid'] }))
      if (user !== null) named.add(user);
    const invalid: UserKey[] = [];
    for (const user of named)
      if (fold(await events.ofUser(user)).invalidSince !== undefined) invalid.push(user);
    return invalid;
  }

  return {
    async noUsers(tenants) {
      const mine = ofTenants(tenants);
      const invalid = await calledInvalid();
      const isNone = { $or: [{ userId: { $not: HAS_USER_ID } }, { _id: { $in: [...invalid] } }] };
      const found = await find({ ...mine, ...isNone });
      return found.map(({ _id, tenant, userId }) => ({ user: _id, tenant, userId }));
    },
  };
}
