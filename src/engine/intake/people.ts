import type { Directory, People } from '../../ports/auth0.ts';
import { ownerOf } from './owner.ts';

/** The directory is resolved at each call, since an unconfigured one throws. */
export function peopleOf(
  tenants: readonly { readonly keyPrefix: string; readonly directory: Pick<Directory, 'user'> }[],
): People {
  return {
    user: async (key) => {
      const owned = ownerOf(key, tenants);
      return owned?.tenant.directory.user(owned.userId);
    },
  };
}
