/** Users in pages, by status or by name. */

import { ownerOf } from '../engine/intake/owner.ts';
import type { AssessedTenant } from '../engine/reconcile/read-side.ts';
import { UNSEEN } from '../engine/reconcile/subject-view.ts';
import { candidatesByName, isEmail, suggestions } from '../engine/reports/find-user.ts';
import { storedUserKey, type UserKey } from '../identity.ts';
import type { Clock } from '../ports/clock.ts';
import type { DocumentReader } from '../ports/documents.ts';
import type { ListedUser, SubjectReader, UserFilter, UserPages } from '../ports/subjects.ts';
import type { ConditionAnswer, UserRow, UsersAnswer, UsersQuery } from './answers/users.ts';
import { moment } from './overview.ts';

export interface UsersDeps {
  readonly pages: UserPages;
  readonly documents: Pick<DocumentReader, 'findUsers' | 'namesAmong'>;
  readonly subjects: Pick<SubjectReader, 'holdersOfEmail'>;
  /** As Auth0 is asked. */
  readonly directories: readonly AssessedTenant[];
  readonly clock: Pick<Clock, 'now'>;
}

const PAGE = 50;

/** Throws UpstreamError where no user was found and a tenant could not be read. */
export async function usersAnswer(deps: UsersDeps, query: UsersQuery): Promise<UsersAnswer> {
  const { search = '', tenant, after, ...standing } = query;
  const of = tenant === undefined ? undefined : deps.directories.find(({ id }) => id === tenant);
  if (tenant !== undefined && of === undefined)
    return { users: [], next: null, suggestions: [], unasked: [] };
  const text = search.trim();
  const named = text === '' ? undefined : await find(deps, text);
  const filter: UserFilter = { ...standing, tenant: of?.id, among: named?.keys };
  const beyond = after === undefined ? undefined : storedUserKey(after);
  const found = await deps.pages.page(filter, beyond, PAGE + 1, deps.clock.now());
  const isFiltered = Object.values(standing).some((one) => one !== undefined);
  const users = named === undefined || isFiltered ? found : withUnknown(deps, found, named.keys, filter);
  const page = users.slice(0, PAGE).map(rowOf);
  return {
    users: page,
    next: users.length > PAGE ? (page.at(-1)?.user ?? null) : null,
    suggestions:
      named?.isFound === false && users.length === 0 ? await suggestions(text, deps.documents) : [],
    unasked: named?.unasked ?? [],
  };
}

interface Named {
  readonly keys: readonly UserKey[];
  /** False where there is only the text itself, which may be a stored key that names no user. */
  readonly isFound: boolean;
  readonly unasked: UsersAnswer['unasked'];
}

/** Auth0 knows an address best. The read model knows the user whose account has it, when Auth0 does not answer. */
async function find(deps: UsersDeps, text: string): Promise<Named> {
  const [{ found, unasked }, holders] = await Promise.all([
    candidatesByName(text, deps.directories, deps.documents),
    isEmail(text) ? deps.subjects.holdersOfEmail(text) : [],
  ]);
  const ours = holders.map(({ user }) => user).filter((key) => ownerOf(key, deps.directories) !== undefined);
  const named = [...found.map(({ user }) => user), ...ours];
  if (named.length === 0 && unasked[0] !== undefined) throw unasked[0].error;
  return {
    keys: [...new Set([...named, storedUserKey(text)])].sort(),
    isFound: named.length > 0,
    unasked: unasked.map(({ tenant, error }) => ({ tenant: tenant.id, code: error.code })),
  };
}

/** Users that the search names and the read model does not know. They may still exist. */
function withUnknown(
  { directories }: UsersDeps,
  found: readonly ListedUser[],
  keys: readonly UserKey[],
  { tenant }: UserFilter,
): readonly ListedUser[] {
  const known = new Set(found.map(({ user }) => user));
  const unknown = keys.flatMap((user): ListedUser[] => {
    const owner = ownerOf(user, directories);
    if (known.has(user) || owner === undefined) return [];
    if (tenant !== undefined && owner.tenant.id !== tenant) return [];
    return [{ ...UNSEEN, user, tenant: owner.tenant.id, dueAt: undefined }];
  });
  return [...found, ...unknown];
}

export function rowOf(user: ListedUser): UserRow {
  return {
    ...{ user: user.user, tenant: user.tenant, sync: user.sync, health: user.health },
    ...{ code: user.code ?? null, handle: user.accountHandle ?? null, did: user.did ?? null },
    ...{ attempts: user.attempts, quarantined: user.quarantined, dueAt: moment(user.dueAt) },
    troubles: user.conditions.filter(({ status }) => status !== 'True').map(conditionAnswer),
  };
}

function conditionAnswer({
  type,
  status,
  reason,
  message,
  held,
  since,
}: ListedUser['conditions'][number]): ConditionAnswer {
  return { resource: type, status, reason, message, held, since };
}
