/**
 * The queue and the read model in memory. `due` stays while a user is leased, so that a lease that runs
 * out leaves nothing to repair; since and causes move to `taken`, so that later triggers are told apart.
 */
import { UNSEEN } from '../../../src/engine/reconcile/subject-view.ts';
import { LeaseLostError } from '../../../src/errors.ts';
import { isExcludedReason, isMigrated, lackedSince } from '../../../src/events/condition.ts';
import type { AccountHandle, EventId, UserKey } from '../../../src/identity.ts';
import type { ClaimFilter, Lease, ReadModel, WorkQueue } from '../../../src/ports/queue.ts';
import type { Claimant, Subject, SubjectReader, SubjectView } from '../../../src/ports/subjects.ts';
import type { DuePriority, Trigger } from '../../../src/ports/trigger.ts';
import { CALLS } from './calls.ts';
import { type Hooks, hooked } from './hooks.ts';
import { type Kept, saveMap } from './kept.ts';

export interface InMemoryWorkQueue extends Kept {
  readonly queue: WorkQueue;
  readonly subjects: SubjectReader;
  readonly readModel: ReadModel;
  /** The subjects themselves, for a test to look at. */
  readonly stored: ReadonlyMap<UserKey, StoredSubject>;
}

interface Due {
  at: Date;
  priority: DuePriority;
  count: number;
  routine: number;
  since: Date | undefined;
  latest: Date | undefined;
  causes: EventId[];
}

export interface StoredSubject extends Pick<Trigger, 'user' | 'tenant' | 'userId'> {
  due?: Due | undefined;
  lease?: { readonly token: string; until: Date } | undefined;
  unfinished?: number | undefined;
  taken?: { readonly since: Date | undefined; readonly causes: readonly EventId[] } | undefined;
  observedAt?: Date | undefined;
  view?: SubjectView;
}

const MAX_CAUSES = 20;

export function inMemoryWorkQueue(hooks?: Hooks): InMemoryWorkQueue {
  const stored = new Map<UserKey, StoredSubject>();
  return {
    queue: hooked('queue', createQueue(stored), CALLS.queue, hooks),
    subjects: hooked('subjects', createReader(stored), CALLS.subjects, hooks),
    readModel: createReadModel(stored),
    stored,
    save: () => saveMap(stored, copyOf),
  };
}

/** What is changed in place; everything else of a subject is replaced. */
function copyOf(subject: StoredSubject): StoredSubject {
  return subject.due === undefined ? { ...subject } : { ...subject, due: { ...subject.due } };
}

function createQueue(stored: Map<UserKey, StoredSubject>): WorkQueue {
  // Goes on also when the rest is put back: no two leases have one token.
  let tokens = 0;
  const take = (subject: StoredSubject, now: Date, leaseMs: number): Lease => {
    tokens += 1;
    const { due, taken, unfinished = 0 } = subject;
    const isTakeover = subject.lease !== undefined;
    const since = earliest(taken?.since, due?.since);
    const causes = [...new Set([...(taken?.causes ?? []), ...(due?.causes ?? [])])];
    const until = new Date(now.getTime() + leaseMs);
    subject.lease = { token: `lease-${tokens}`, until };
    subject.unfinished = unfinished + 1;
    subject.taken = { since, causes };
    if (due !== undefined) subject.due = { ...due, since: undefined, causes: [] };
    const { user, tenant, userId, observedAt } = subject;
    const dueCount = due?.count ?? 0;
    return {
      user,
      tenant,
      userId,
      token: `lease-${tokens}`,
      until,
      dueCount,
      dueSince: since,
      dueLatest: due?.latest,
      isRoutine: false,
      observedAt,
      causes,
      unfinished,
      isTakeover,
      shown: subject.view,
    };
  };
  const held = (lease: Lease): StoredSubject | undefined => {
    const subject = stored.get(lease.user);
    return subject?.lease?.token === lease.token ? subject : undefined;
  };
  const giveBack = (subject: StoredSubject): void => {
    subject.lease = undefined;
    subject.taken = undefined;
    subject.unfinished = undefined;
  };

  return {
    async markDue(triggers, at, priority) {
      for (const trigger of triggers) {
        const { user, tenant, userId, cause, isRoutine } = trigger;
        const subject = stored.get(user) ?? { user, tenant, userId };
        stored.set(user, subject);
        const due = subject.due;
        subject.due = {
          at: earliest(due?.at, at) ?? at,
          priority: due?.priority === 'trigger' ? 'trigger' : priority,
          count: (due?.count ?? 0) + 1,
          routine: (due?.routine ?? 0) + (isRoutine === true ? 1 : 0),
          since: earliest(due?.since, at),
          latest: due?.latest !== undefined && due.latest > at ? due.latest : at,
          causes: newest([...(due?.causes ?? []), ...(cause === undefined ? [] : [cause])]),
        };
      }
    },

    async claim(now, leaseMs, filter) {
      const [next] = [...stored.values()]
        .filter((subject) => subject.due !== undefined && subject.due.at <= now && isFree(subject, now))
        .filter((subject) => isAmong(subject, filter))
        .sort(byUrgency);
      if (next === undefined) return undefined;
      const { count, routine } = next.due ?? { count: 0 };
      const lease = take(next, now, leaseMs);
      return { ...lease, isRoutine: lease.unfinished === 0 && count === routine };
    },

    async claimUser(trigger, now, leaseMs) {
      const { user, tenant, userId, cause } = trigger;
      const subject = stored.get(user) ?? { user, tenant, userId };
      if (!isFree(subject, now)) return undefined;
      stored.set(user, subject);
      const lease = take(subject, now, leaseMs);
      return cause === undefined ? lease : { ...lease, causes: [...new Set([...lease.causes, cause])] };
    },

    async renew(lease, now, leaseMs) {
      const subject = held(lease);
      if (subject?.lease === undefined) throw lost(lease);
      const until = new Date(now.getTime() + leaseMs);
      subject.lease = { ...subject.lease, until };
      return { ...lease, until };
    },

    async complete(lease, view, observedAt, retryAt, staysSuspect) {
      const subject = held(lease);
      if (subject === undefined) throw lost(lease);
      // Read-only by its type, so it is kept as it is: copies were most of the cost of a simulated pass.
      subject.view = view;
      subject.observedAt = observedAt ?? subject.observedAt;
      giveBack(subject);
      if (staysSuspect === true) subject.unfinished = 1;
      const { due } = subject;
      const isMarkedAgain = (due?.count ?? 0) !== lease.dueCount;
      if (due !== undefined && isMarkedAgain) {
        if (retryAt !== undefined) {
          restore(due, lease, retryAt);
          due.routine = 0;
        }
      } else {
        subject.due = retryAt === undefined ? undefined : retryOf(lease, due, retryAt);
      }
    },

    async skip(lease) {
      const subject = held(lease);
      if (subject === undefined) throw lost(lease);
      giveBack(subject);
      if (subject.due?.count === lease.dueCount) subject.due = undefined;
    },

    async drop(lease) {
      const subject = held(lease);
      if (subject === undefined) throw lost(lease);
      giveBack(subject);
      delete subject.view;
      subject.observedAt = undefined;
      if ((subject.due?.count ?? 0) === lease.dueCount) stored.delete(lease.user);
    },

    async showSeen(seen, now) {
      for (const { user, tenant, userId, view } of seen) {
        const subject = stored.get(user);
        if (subject === undefined) stored.set(user, { user, tenant, userId, view });
        else if (isFree(subject, now) && (subject.view !== undefined || subject.due === undefined)) {
          const { sights, mark, code, did, accountHandle, accountEmail } = view;
          const known = subject.view ?? view;
          subject.view = {
            ...known,
            sights,
            mark,
            code: code ?? known.code,
            did: did ?? known.did,
            accountHandle: accountHandle ?? known.accountHandle,
            accountEmail: accountEmail ?? known.accountEmail,
          };
        }
      }
    },

    async release(lease) {
      const subject = held(lease);
      if (subject === undefined) return;
      giveBack(subject);
      if (lease.unfinished > 0) subject.unfinished = lease.unfinished;
      if (subject.due === undefined) return;
      restore(subject.due, lease, subject.due.at);
      subject.due.routine = 0;
    },

    async nextDueAt(filter) {
      const among = [...stored.values()].filter((subject) => isAmong(subject, filter));
      const times = among.flatMap(({ due, lease }) =>
        due === undefined ? [] : [Math.max(due.at.getTime(), lease?.until.getTime() ?? 0)],
      );
      return times.length === 0 ? undefined : new Date(Math.min(...times));
    },
  };
}

function createReadModel(stored: ReadonlyMap<UserKey, StoredSubject>): ReadModel {
  return {
    async show(lease, view) {
      const subject = stored.get(lease.user);
      if (subject?.lease?.token !== lease.token) throw lost(lease);
      if (view === undefined) delete subject.view;
      else subject.view = view;
    },
  };
}

function createReader(stored: ReadonlyMap<UserKey, StoredSubject>): SubjectReader {
  const inOrder = (): StoredSubject[] => [...stored.values()].sort((a, b) => (a.user < b.user ? -1 : 1));
  return {
    async get(user) {
      const subject = stored.get(user);
      return subject === undefined ? undefined : subjectOf(subject);
    },
    async read(users) {
      const found = users.flatMap((user) => stored.get(user) ?? []);
      return new Map(found.map((subject) => [subject.user, subjectOf(subject)]));
    },
    async marksOf(users) {
      return new Map(
        users.flatMap((user) => {
          const view = stored.get(user)?.view;
          return view === undefined ? [] : [[user, view.mark] as const];
        }),
      );
    },
    async known(users) {
      const found = users.flatMap((user) => stored.get(user) ?? []);
      return new Map(
        found.map(({ user, view = UNSEEN }) => {
          const { sights, code, did, linked, unusable, conditions } = view;
          const needsAction = conditions.some(({ held }) => held);
          const hasMigrated = conditions.some(isMigrated);
          const wasExcluded = conditions.some(isExcludedReason);
          const said = { wasExcluded, lackedSince: lackedSince(conditions), needsAction, hasMigrated };
          return [user, { isSeen: view !== UNSEEN, sights, code, did, linked, unusable, ...said }];
        }),
      );
    },
    async carriersOf(handles) {
      const carriers = new Map<AccountHandle, UserKey[]>();
      for (const { user, view } of inOrder()) {
        const carried = view?.accountHandle;
        if (carried !== undefined && handles.includes(carried))
          carriers.set(carried, [...(carriers.get(carried) ?? []), user]);
      }
      return carriers;
    },
    holdersOfEmail: async (email) =>
      inOrder()
        .filter(({ view }) => view?.accountEmail?.toLowerCase() === email.toLowerCase())
        .map(claimantOf),
    holdersOfHandle: async (handle) =>
      inOrder()
        .filter(({ view }) => view?.accountHandle === handle)
        .map(claimantOf),
    waitingFor: async (user) =>
      inOrder()
        .filter(({ view }) => view?.conditions.some(({ waitsFor }) => waitsFor === user))
        .map((subject) => ({ user: subject.user, tenant: subject.tenant, userId: subject.userId })),
    async successorsOf({ user, tenant, userId, emails }) {
      const others = inOrder().filter((one) => one.user !== user);
      const wanted = new Set(emails.map((email) => email.toLowerCase()));
      const isLinking = (one: StoredSubject): boolean =>
        one.tenant === tenant && one.view?.linked.includes(userId) === true;
      const isVerified = ({ view }: StoredSubject): boolean =>
        view?.verifiedEmail !== undefined && wanted.has(view.verifiedEmail);
      return [
        ...others.filter(isLinking).map((one) => ({ user: one.user, by: 'identity' as const })),
        ...others
          .filter((one) => isVerified(one) && !isLinking(one))
          .map((one) => ({ user: one.user, by: 'address' as const })),
      ];
    },
    verifiedIn: async (tenant, email) =>
      inOrder()
        .filter((one) => one.tenant === tenant && one.view?.verifiedEmail === email.toLowerCase())
        .map(({ user }) => user),
    sistersOf: async (users) =>
      new Map(
        users.flatMap((user) => {
          const sister = stored.get(user)?.view?.sister;
          return sister === undefined ? [] : [[user, sister] as const];
        }),
      ),
    holdersOfDid: async (did) =>
      inOrder()
        .filter(({ view }) => view?.did === did)
        .map(({ user }) => user),
    async *list(tenant) {
      for (const subject of inOrder()) if (subject.tenant === tenant) yield subjectOf(subject);
    },
    async *standings(tenant) {
      const page = inOrder().filter((subject) => subject.tenant === tenant);
      if (page.length > 0)
        yield page.map(({ user, userId, observedAt, view }) => ({
          user,
          userId,
          did: view?.did,
          conditions: view?.conditions ?? [],
          observedAt,
        }));
    },
    async *open(tenant, now) {
      const idle = inOrder().filter(
        (one) => one.tenant === tenant && one.due === undefined && one.view?.quarantined !== true,
      );
      const isOpen = ({ view, lease }: StoredSubject): boolean =>
        lease !== undefined || (view !== undefined && view.sync !== 'Synced');
      const found = idle.filter((one) => isOpen(one) && isFree(one, now));
      if (found.length > 0)
        yield found.map(({ user, userId, observedAt, view }) => {
          const needsAction = view?.conditions.some(({ held }) => held) ?? false;
          return { user, tenant, userId, needsAction, observedAt };
        });
    },
    async backlog(now) {
      const all = [...stored.values()];
      const due = all.filter((subject) => subject.due !== undefined && subject.due.at <= now);
      const leasedOnly = all.filter((subject) => !due.includes(subject) && !isFree(subject, now));
      const oldestDueSince = due.reduce<Date | undefined>(
        (old, subject) => earliest(old, subject.due?.since),
        undefined,
      );
      return { due: due.length + leasedOnly.length, oldestDueSince };
    },
  };
}

function isFree(subject: StoredSubject, now: Date): boolean {
  return subject.lease === undefined || subject.lease.until <= now;
}

function isAmong({ user, unfinished }: StoredSubject, filter: ClaimFilter | undefined): boolean {
  if (filter === undefined) return true;
  return !filter.except.includes(user) && !(filter.noSuspects && unfinished !== undefined);
}

function byUrgency({ due: a }: StoredSubject, { due: b }: StoredSubject): number {
  if (a === undefined || b === undefined) return 0;
  const rank = { trigger: 0, sweep: 1 } as const;
  return rank[a.priority] - rank[b.priority] || a.at.getTime() - b.at.getTime();
}

function retryOf(lease: Lease, due: Due | undefined, at: Date): Due {
  const causes = newest(lease.causes);
  return due === undefined
    ? { at, priority: 'trigger', count: 1, routine: 0, since: undefined, latest: undefined, causes }
    : { ...due, at, routine: 0, since: lease.dueSince, causes };
}

/** Puts back what the lease had taken, before whatever was added since. */
function restore(due: Due, lease: Lease, at: Date): void {
  due.at = earliest(due.at, at) ?? at;
  if (lease.dueCount === 0) return;
  due.since = earliest(due.since, lease.dueSince);
  due.causes = newest([...lease.causes, ...due.causes]);
}

function newest(causes: readonly EventId[]): EventId[] {
  return causes.slice(-MAX_CAUSES);
}

function earliest(a: Date | undefined, b: Date | undefined): Date | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a < b ? a : b;
}

function lost(lease: Lease): LeaseLostError {
  return new LeaseLostError(`The lease on ${lease.user} is no longer ours`);
}

function claimantOf(stored: StoredSubject): Claimant {
  const { user, tenant, did, accountHandle, accountEmail, ...subject } = subjectOf(stored);
  const { email, emailVerified, health, conditions } = subject;
  return { user, tenant, did, accountHandle, accountEmail, email, emailVerified, health, conditions };
}

function subjectOf({ user, tenant, userId, due, view }: StoredSubject): Subject {
  const seen: SubjectView = view ?? UNSEEN;
  return { ...seen, user, tenant, userId, dueAt: due?.at };
}
