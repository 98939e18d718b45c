/** The search for successors (see `reconcilers/account/successors.ts`), and who depends on one. */
import { type Auth0UserId, type TenantId, type UserKey, userKey } from '../../../identity.ts';
import type { Directory } from '../../../ports/auth0.ts';
import type { Subject, SubjectReader, SubjectView, Successor } from '../../../ports/subjects.ts';
import type { Trigger } from '../../../ports/trigger.ts';
import { isDeleted } from '../../../reconcilers/other-users.ts';
import type { SuccessorSearch } from '../../../reconcilers/shared.ts';
import { ownerOf } from '../../intake/owner.ts';

export interface SearchedTenant {
  readonly id: TenantId;
  readonly keyPrefix: string;
  readonly directory: Pick<Directory, 'usersByEmail' | 'usersByIdentity'>;
}

/** `tenants` are all of the database: a successor may be in another one than the deleted user. */
export function successorSearch(
  subjects: Pick<SubjectReader, 'successorsOf'>,
  tenants: readonly SearchedTenant[],
): SuccessorSearch {
  return {
    async known(user, emails) {
      const owned = ownerOf(user, tenants);
      if (owned === undefined) return [];
      return subjects.successorsOf({ user, userId: owned.userId, tenant: owned.tenant.id, emails });
    },

    async inAuth0(user, emails) {
      const owned = ownerOf(user, tenants);
      if (owned === undefined) return [];
      const linking = await owned.tenant.directory.usersByIdentity(owned.userId);
      const wanted = new Set(emails.map((email) => email.toLowerCase()));
      // As they were typed, and as databases of Auth0 store them.
      const spellings = [...new Set([...wanted, ...emails])];
      const asked = tenants.flatMap(({ keyPrefix, directory }) =>
        spellings.map(async (email) =>
          (await directory.usersByEmail(email))
            .filter((found) => found.emailVerified && wanted.has(found.email?.toLowerCase() ?? ''))
            .map(({ userId }) => userKey(keyPrefix, userId)),
        ),
      );
      const byAddress = (await Promise.all(asked)).flat();
      const { keyPrefix } = owned.tenant;
      const byIdentity = linking.map(({ userId }) => userKey(keyPrefix, userId));
      return inOrder(user, byIdentity, byAddress);
    },
  };
}

/** Those by identity first, each user once. The search by identity lags, and may still show the deleted user itself. */
function inOrder(
  deleted: UserKey,
  byIdentity: readonly UserKey[],
  byAddress: readonly UserKey[],
): readonly Successor[] {
  const found = new Map<UserKey, Successor['by']>();
  for (const user of [...byIdentity].sort()) found.set(user, 'identity');
  for (const user of [...byAddress].sort()) if (!found.has(user)) found.set(user, 'address');
  found.delete(deleted);
  return [...found].map(([user, by]) => ({ user, by }));
}

/** The deleted users without a successor, by the read model. */
export async function withoutSuccessors(
  {
    subjects,
    successors,
  }: {
    readonly subjects: Pick<SubjectReader, 'read'>;
    readonly successors: SuccessorSearch;
  },
  users: readonly UserKey[],
): Promise<ReadonlySet<UserKey>> {
  const without = new Set<UserKey>();
  const known = await subjects.read(users);
  for (const user of users) {
    const found = await successors.known(user, addressesShown(known.get(user)));
    if (found.length === 0) without.add(user);
  }
  return without;
}

function addressesShown(subject: Subject | undefined): readonly string[] {
  if (subject === undefined) return [];
  const { email, emailVerified, accountEmail } = subject;
  return [emailVerified ? email : undefined, accountEmail].flatMap((address) => address ?? []);
}

/**
 * Users whose reconciliation ends differently once this user's verified address or linked identities have changed:
 * deleted users with an account under such an address, and users who were linked into this one or no longer are. No log
 * entry reports the latter. `before` is what the read model and the log said.
 */
export async function affectedBy(
  subjects: Pick<SubjectReader, 'holdersOfEmail' | 'read'>,
  { user, userId }: { readonly user: UserKey; readonly userId: Auth0UserId },
  before: readonly SubjectView[],
  now: SubjectView,
): Promise<readonly Trigger[]> {
  const ids = changed(
    before.map(({ linked }) => linked),
    now.linked,
  );
  const addresses = changed(before.map(addressesOfView), addressesOfView(now));
  if (ids.length === 0 && addresses.length === 0) return [];
  const keyPrefix = user.slice(0, user.length - userId.length);
  const linked = new Set(ids.map((id) => userKey(keyPrefix, id)));
  const claimants = (await Promise.all(addresses.map((email) => subjects.holdersOfEmail(email)))).flat();
  const others = [...new Set([...linked, ...claimants.map((one) => one.user)])].filter(
    (other) => other !== user,
  );
  const found = others.length === 0 ? [] : [...(await subjects.read(others)).values()];
  return found
    .filter((one) => linked.has(one.user) || isDeleted(one))
    .map((one) => ({ user: one.user, tenant: one.tenant, userId: one.userId }));
}

function addressesOfView({ verifiedEmail }: SubjectView): readonly string[] {
  return verifiedEmail === undefined ? [] : [verifiedEmail];
}

/** Items that are in one list and not in the others. */
function changed<T>(before: readonly (readonly T[])[], now: readonly T[]): readonly T[] {
  const all = new Set([...before.flat(), ...now]);
  return [...all].filter((one) => ![...before, now].every((list) => list.includes(one)));
}
