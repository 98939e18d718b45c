/** How users stand, told from each of them. */
import type { TenantId, UserKey } from '../../../src/identity.ts';
import type { AffectedUser, StatusCounts, StatusReader } from '../../../src/ports/status-counts.ts';
import type { SubjectView } from '../../../src/ports/subjects.ts';

interface Stored {
  readonly user: UserKey;
  readonly tenant: TenantId;
  readonly view: SubjectView | undefined;
  readonly dueAt: Date | undefined;
}

export function inMemoryStatusReader(stored: () => readonly Stored[]): StatusReader {
  const inTrouble = (): Seen[] =>
    stored().flatMap(({ view, ...who }) =>
      view !== undefined && (view.sync !== 'Synced' || view.health === 'Degraded')
        ? [{ ...view, ...who }]
        : [],
    );
  return {
    affected: async (limit) => inTrouble().slice(0, limit),
    async counts(now, limit = Number.POSITIVE_INFINITY) {
      const people = inTrouble();
      const looked = stored().flatMap(({ tenant, view }) =>
        view === undefined ? [] : [{ tenant, sync: view.sync, health: view.health }],
      );
      const unlooked = stored().flatMap(({ tenant, view }) => (view === undefined ? [{ tenant }] : []));
      return {
        seen: counted(looked),
        unseen: counted(unlooked),
        waiting: stored().filter(({ dueAt }) => dueAt !== undefined && dueAt > now).length,
        ...inCommon(people.slice(0, limit), now),
        isPartial: people.length > limit,
      };
    },
  };
}

type Seen = Omit<AffectedUser, 'conditions'> & {
  readonly conditions: readonly (AffectedUser['conditions'][number] & { readonly message?: string })[];
};

/** What they have in common, each person in one group of `affected`. */
export function inCommon(people: readonly Seen[], now: Date): Pick<StatusCounts, 'situations' | 'affected'> {
  const situations = people.flatMap(({ user, tenant, health, conditions }) =>
    conditions
      .filter(({ status }) => status !== 'True')
      .map(({ type: resource, reason, held, since, message = '' }) => ({
        ...{ of: { tenant, resource, reason, held, deleted: health === 'Deleted' }, user, since, message },
      })),
  );
  const affected = people.map((one) => {
    const { user, tenant, conditions, attempts, quarantined, failure, dueAt } = one;
    const fails = failure !== undefined && attempts > 0;
    const of = {
      ...{ tenant, quarantined, waits: dueAt !== undefined && dueAt > now },
      held: conditions.some(({ held }) => held),
      paused: conditions.some(({ type }) => type === 'pause'),
      because: fails ? { code: failure.code, upstream: failure.upstream } : undefined,
    };
    return { of, user, since: failure?.since ?? '', message: failure?.message ?? '' };
  });
  return {
    situations: groups(situations).map(({ of, users, eldest }) => ({
      ...{ ...of, users, message: eldest.message, ...exampleOf(eldest) },
    })),
    affected: groups(affected).map(({ of: { because, ...of }, users, eldest }) => ({
      ...{ ...of, users },
      failure: because && { ...because, message: eldest.message, ...exampleOf(eldest) },
    })),
  };
}

interface Member<Of> {
  readonly of: Of;
  readonly user: UserKey;
  readonly since: string;
}

function groups<Of, One extends Member<Of>>(all: readonly (One & Member<Of>)[]) {
  const found = new Map<string, { of: Of; users: number; eldest: One }>();
  for (const one of [...all].sort((a, b) => (a.since + a.user < b.since + b.user ? -1 : 1))) {
    const key = JSON.stringify(one.of);
    const known = found.get(key);
    if (known === undefined) found.set(key, { of: one.of, users: 1, eldest: one });
    else known.users += 1;
  }
  return [...found.values()];
}

function counted<Of>(all: readonly Of[]): (Of & { readonly users: number })[] {
  const found = new Map<string, Of & { users: number }>();
  for (const of of all) {
    const known = found.get(JSON.stringify(of));
    if (known === undefined) found.set(JSON.stringify(of), { ...of, users: 1 });
    else known.users += 1;
  }
  return [...found.values()];
}

function exampleOf({ user, since }: Pick<Member<unknown>, 'user' | 'since'>) {
  return { example: user, since: new Date(since) };
}
