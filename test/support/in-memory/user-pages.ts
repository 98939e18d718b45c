/** Pages of users in memory: the words of the filter, one by one. */
import { UNSEEN } from '../../../src/engine/reconcile/subject-view.ts';
import type { TenantId, UserKey } from '../../../src/identity.ts';
import type { SubjectReader, SubjectView, UserFilter, UserPages } from '../../../src/ports/subjects.ts';

interface Stored {
  readonly user: UserKey;
  readonly tenant: TenantId;
  readonly view: SubjectView | undefined;
  readonly dueAt: Date | undefined;
}

export function inMemoryUserPages(stored: () => readonly Stored[]): UserPages {
  return {
    async page(filter, after, limit, now) {
      const found = stored().filter(
        (one) => (after === undefined || one.user > after) && holds(one, filter, now),
      );
      return found
        .sort((a, b) => (a.user < b.user ? -1 : 1))
        .slice(0, limit)
        .map(({ user, tenant, view, dueAt }) => {
          const { email: _email, verifiedEmail: _verified, ...rest } = view ?? UNSEEN;
          const { accountEmail: _address, ...shown } = rest;
          return { ...shown, user, tenant, dueAt };
        });
    },
  };
}

/** Pages of the users of a world, as its read model has them. */
export function userPagesOf(subjects: Pick<SubjectReader, 'list'>, tenants: readonly TenantId[]): UserPages {
  return {
    async page(...asked) {
      const people: Stored[] = [];
      for (const id of tenants)
        for await (const subject of subjects.list(id)) people.push({ ...subject, view: subject });
      return inMemoryUserPages(() => people).page(...asked);
    },
  };
}

function holds({ user, tenant, view, dueAt }: Stored, filter: UserFilter, now: Date): boolean {
  const { among, situation, resource, reason } = filter;
  const wrong = (view?.conditions ?? []).filter(({ status }) => status !== 'True');
  const isFailing = view?.failure !== undefined && view.attempts > 0;
  const isIn: Record<NonNullable<UserFilter['situation']>, boolean> = {
    failing: isFailing,
    'backing-off': isFailing && dueAt !== undefined && dueAt > now,
    quarantined: view?.quarantined === true,
    held: wrong.some(({ held }) => held),
    paused: wrong.some(({ type }) => type === 'pause'),
    unseen: view === undefined,
    deleted: view?.health === 'Deleted',
  };
  const asksForDeleted = filter.health !== undefined || situation === 'deleted';
  return (
    (among === undefined || among.includes(user)) &&
    (filter.tenant === undefined || filter.tenant === tenant) &&
    (filter.sync === undefined ||
      (filter.sync === view?.sync && (asksForDeleted || view.health !== 'Deleted'))) &&
    (filter.health === undefined || filter.health === view?.health) &&
    (situation === undefined || isIn[situation]) &&
    ((resource ?? reason) === undefined ||
      wrong.some((one) => one.type === (resource ?? one.type) && one.reason === (reason ?? one.reason)))
  );
}
