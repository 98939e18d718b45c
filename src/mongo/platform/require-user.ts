/** For a write that matched nothing: whether the users document is there at all. */
import type { Collection } from 'mongodb';
import type { UserKey } from '../../identity.ts';
import { reading, unexpected } from '../driver/errors.ts';
import type { StoredUser } from './document-shapes.ts';

export async function requireUser(users: Collection<StoredUser>, user: UserKey, what: string): Promise<void> {
  const found = await reading(what, () => users.findOne({ _id: { $eq: user } }, { projection: { _id: 1 } }));
  if (found === null) throw noUser(what);
}

export function noUser(what: string): Error {
  return unexpected(`${what}: the user document is not there`, 'DOCUMENT_CHANGED', true);
}
