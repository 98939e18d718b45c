import type { Management } from 'auth0';
import { DirectoryError, requireUser } from '../directory-error.ts';
import * as entry from '../logs/log-entry.ts';
import { completeUser, idOfIdentity } from './user.ts';
import type { DirectoryOptions } from './user-directory.ts';

type Identities = Management.UserIdentitySchema[];

/**
 * Linking makes one user of two, and unlinking two of one. The log has `sapi` at best: no entry names the secondary user.
 * No source says whether event streams report it, so both are supported.
 */
export class AccountLinking {
  readonly #options: DirectoryOptions;

  constructor(options: DirectoryOptions) {
    this.#options = options;
  }

  /**
   * The secondary user vanishes, and its identities become the primary user's. `call` undefined: without a log
   * entry and without an event. Throws no-such-user, same-user.
   */
  link(primaryId: string, secondaryId: string, call: entry.ManagementCall | undefined): Identities {
    const { users, logs, clock } = this.#options;
    const primary = requireUser(users, primaryId);
    const secondary = requireUser(users, secondaryId);
    if (primary === secondary) {
      throw new DirectoryError('same-user', 'Main account and linked account are the same.');
    }
    const { email, email_verified, name } = secondary;
    const [own = {}, ...linked] = secondary.identities;
    const profileData = {
      ...(email === undefined ? {} : { email }),
      ...(email_verified === undefined ? {} : { email_verified }),
      ...(name === undefined ? {} : { name }),
    };
    const identities = [...primary.identities, { ...own, profileData }, ...linked];
    users.remove(secondaryId, 'later', call !== undefined);
    users.put({ ...primary, identities, updated_at: clock().toISOString() }, 'later', call !== undefined);
    if (call !== undefined) logs.append(entry.managementWritten(call, 201, identities));
    return identities;
  }

  /** The identity is a user of its own again, created now. Throws no-such-user, no-such-identity, primary-identity. */
  unlink(primaryId: string, identityId: string, call: entry.ManagementCall | undefined): Identities {
    const { users, logs, clock } = this.#options;
    const primary = requireUser(users, primaryId);
    const at = primary.identities.findIndex((identity) => idOfIdentity(identity) === identityId);
    const unlinked = primary.identities[at];
    if (unlinked === undefined) {
      throw new DirectoryError('no-such-identity', 'The user does not have this identity.');
    }
    if (at === 0) throw new DirectoryError('primary-identity', 'The main identity cannot be unlinked.');
    const identities = primary.identities.toSpliced(at, 1);
    const { profileData = {}, ...identity } = unlinked;
    const { email, email_verified } = profileData;
    const profile = {
      ...(email === undefined ? {} : { email }),
      ...(email_verified === undefined ? {} : { email_verified }),
    };
    const now = clock();
    const separate = completeUser({ user_id: identityId, ...profile, identities: [identity] }, now);
    users.put({ ...primary, identities, updated_at: now.toISOString() }, 'later', call !== undefined);
    users.put(separate, 'later', call !== undefined);
    if (call !== undefined) logs.append(entry.managementWritten(call, 200, identities));
    return identities;
  }
}
