/** Seeded bugs, each of the kind that a reconciler has in practice. The oracle has to find every one. */
import { UNSEEN } from '../../src/engine/standing.ts';
import type { ConcordEvent, EventType } from '../../src/events/event.ts';
import { eventId } from '../../src/identity.ts';
import type { Documents, EventLog } from '../../src/ports.ts';
import type { Mutant } from './mutant.ts';
import type { Ports } from './ports.ts';
import type { Run } from './run.ts';

type Layer = (ports: Ports, run: Run) => Ports;

const on =
  <Name extends keyof Ports>(
    name: Name,
    change: (port: Ports[Name], run: Run) => Partial<Ports[Name]>,
  ): Layer =>
  (ports, run) => ({ ...ports, [name]: Object.assign(Object.create(ports[name]), change(ports[name], run)) });

/** A log in which events of this kind never arrive. */
function lacks(...types: EventType[]): Mutant {
  const drop = (log: EventLog): Partial<EventLog> => ({
    append: (events) => log.append(events.filter(({ type }) => !types.includes(type))),
  });
  return { name: `the log never gets ${types.join(' and ')}`, outer: on('log', drop) };
}

/** What the engine believes of a user's history is more, or less, than what is in the log. */
function believes(name: string, change: (events: ConcordEvent[], run: Run) => ConcordEvent[]): Mutant {
  return {
    name,
    outer: on('log', (log, run) => ({ ofUser: async (user) => change(await log.ofUser(user), run) })),
  };
}

const forged = (events: ConcordEvent[], type: EventType, data: object, run: Run): ConcordEvent[] => {
  const [known] = events;
  if (known === undefined) return events;
  const at = new Date(Math.max(...events.map((event) => event.at.getTime())) + 1);
  const more = {
    ...known,
    _id: eventId(`forged-${type}`),
    type,
    data,
    at,
    recordedAt: run.world.clock.now(),
  };
  return [...events, more as unknown as ConcordEvent];
};

/** Documents as they are, but for something that is not seen. */
function sees(name: string, change: (documents: Documents, run: Run) => Documents): Mutant {
  return {
    name,
    outer: on('documents', (documents, run) => ({
      read: async (users) =>
        new Map([...(await documents.read(users))].map(([user, found]) => [user, change(found, run)])),
    })),
  };
}

export const mutants: readonly Mutant[] = [
  lacks('account.created'),
  lacks('account.creation-intended'),
  lacks('code.assigned'),
  lacks('verification.recorded'),
  lacks('handle.changed'),
  lacks('email.changed'),
  lacks('account.deactivated'),
  lacks('account.reactivated'),
  lacks('account.deleted'),
  lacks('account.remnant-deleted'),
  lacks('converged'),
  lacks('auth0.user-observed'),
  lacks('account.creation-refused', 'handle.refused'),
  {
    name: 'recovered outcomes are not told',
    outer: on('log', (log) => ({
      append: (events) => log.append(events.filter(({ data }) => !('recovered' in data))),
    })),
  },
  {
    name: 'a failed append counts as done',
    outer: on('log', (log) => ({
      append: (events) => log.append(events).catch(() => ({ appended: events.length, duplicates: [] })),
    })),
  },
  {
    name: 'the webhook answers before anybody is due',
    ingest: on('queue', (queue) => ({ markDue: (...args) => queue.markDue(...args).catch(() => undefined) })),
  },
  {
    name: 'a duplicate makes nobody due',
    ingest: (ports) => {
      let fresh = 0;
      const noted = on('log', (log) => ({
        append: async (events) => {
          const result = await log.append(events);
          fresh = result.appended;
          return result;
        },
      }));
      const picky = on('queue', (queue) => ({
        markDue: async (...args) => (fresh > 0 ? queue.markDue(...args) : undefined),
      }));
      return {
        ...ports,
        ...{ log: noted(ports, undefined as never).log, queue: picky(ports, undefined as never).queue },
      };
    },
  },
  {
    name: 'a user is no longer due once claimed',
    inner: on('queue', (queue) => ({
      claim: async (now, leaseMs) => {
        const lease = await queue.claim(now, leaseMs);
        if (lease !== undefined) await queue.complete(lease, UNSEEN, lease.observedAt);
        return lease;
      },
      complete: async () => undefined,
    })),
  },
  {
    name: 'a lost lease is not noticed',
    inner: on('queue', (queue, run) => ({
      renew: async (lease, now, leaseMs) =>
        queue
          .renew(lease, now, leaseMs)
          .catch(() => ({ ...lease, until: new Date(run.world.nowMs + leaseMs) })),
      complete: (...args) => queue.complete(...args).catch(() => undefined),
    })),
  },
  {
    name: 'the time of the next try is forgotten',
    outer: on('queue', (queue) => ({
      complete: (lease, view, observedAt) => queue.complete(lease, view, observedAt),
    })),
  },
  {
    name: 'the read model is never written',
    outer: on('queue', (queue) => ({
      complete: (lease, _view, observedAt, retryAt) => queue.complete(lease, UNSEEN, observedAt, retryAt),
    })),
  },
  {
    name: 'Auth0 unknown is taken for absent',
    outer: on('auth0', (auth0) => ({ user: (id) => auth0.user(id).catch(() => 'absent' as const) })),
  },
  {
    name: 'documents that cannot be read are taken for none',
    outer: on('documents', (documents) => ({
      read: (users) =>
        documents
          .read(users)
          .catch(
            () =>
              new Map(
                users.map((user) => [
                  user,
                  { verificationCount: undefined, user: undefined, handle: undefined },
                ]),
              ),
          ),
    })),
  },
  {
    name: 'an account that cannot be read is taken for missing',
    outer: on('accounts', (accounts) => ({
      account: (did) => accounts.account(did).catch(() => 'missing' as const),
    })),
  },
  {
    name: 'a handle whose holder cannot be read is taken for free',
    where: 'a sign-up with a handle that is held by a hidden account',
    outer: on('accounts', (accounts) => ({
      holderOf: (handle) => accounts.holderOf(handle).catch(() => ({ type: 'nobody' as const })),
    })),
  },
  {
    name: 'every handle is taken for free',
    outer: on('accounts', () => ({ holderOf: async () => ({ type: 'nobody' as const }) })),
  },
  {
    name: 'createAccount is tried again blindly',
    outer: on('accounts', (accounts) => ({
      createAccount: (wanted) => accounts.createAccount(wanted).catch(() => accounts.createAccount(wanted)),
    })),
  },
  {
    name: 'an unknown effect is taken for none',
    outer: on('accounts', (accounts) => ({
      createAccount: (wanted) =>
        accounts.createAccount(wanted).catch((error: unknown) => {
          throw Object.assign(error as Error, { effect: 'none' });
        }),
    })),
  },
  {
    name: 'a creation is given no time to settle',
    where: 'a deletion with two proofs, report',
    settings: { settleMs: 0 },
  },
  believes('a grant is forged', (events, run) =>
    forged(events, 'removal.granted', { run: 'x', by: 'nobody' }, run),
  ),
  {
    ...believes('one proof is enough', (events, run) =>
      forged(
        forged(events, 'auth0.user-unlisted', { run: 'x' }, run),
        'removal.granted',
        { run: 'x', by: 'nobody' },
        run,
      ),
    ),
  },
  believes('a pause is not seen', (events) => events.filter(({ type }) => type !== 'user.paused')),
  believes('an intent is not seen', (events) =>
    events.filter(({ type }) => type !== 'account.creation-intended'),
  ),
  believes('what the log knows of the account is not seen', (events) =>
    events.filter(({ type }) => !['account.created', 'account.recorded', 'account.adopted'].includes(type)),
  ),
  believes('an account is adopted by its handle alone', (events, run) => {
    const handle = run.world.documents.handles.get(events[0]?.user ?? ('' as never));
    const found = [...run.world.accounts.stored.values()].find(
      (account) => account.handle === `${handle}.at.test`,
    );
    return found === undefined
      ? events
      : forged(events, 'adoption.granted', { did: found.did, by: 'x', evidence: [] }, run);
  }),
  {
    ...sees('a verification is lowered', (documents) => ({ ...documents, verificationCount: 0 })),
    inner: on('documents', (_documents, run) => ({
      recordVerification: async (user, atLeast) => void run.world.documents.verifications.set(user, atLeast),
    })),
  },
  {
    name: 'a code is drawn anew',
    inner: on('documents', (documents, run) => ({
      createUser: async (user, code, when) => {
        const known = run.world.documents.users.get(user);
        if (known === undefined) return documents.createUser(user, code, when);
        run.world.documents.users.set(user, { ...known, code });
        return 'created' as const;
      },
    })),
    outer: on('documents', (documents) => ({
      read: (users) =>
        documents
          .read(users)
          .catch(
            () =>
              new Map(
                users.map((user) => [
                  user,
                  { verificationCount: undefined, user: undefined, handle: undefined },
                ]),
              ),
          ),
    })),
  },
  sees('the platform handle is not seen', (documents) => ({ ...documents, handle: undefined })),
  {
    name: 'a converged pass writes',
    outer: on('documents', (documents, run) => ({
      read: async (users) => {
        const [user] = users;
        const count = user === undefined ? undefined : run.world.documents.verifications.get(user);
        if (user !== undefined && count !== undefined) await documents.recordVerification(user, count + 1);
        return documents.read(users);
      },
    })),
  },
  {
    name: 'a read of Auth0 is always fresh enough',
    outer: on('queue', (queue, run) => ({
      claim: async (now, leaseMs) => {
        const lease = await queue.claim(now, leaseMs);
        return lease?.observedAt === undefined
          ? lease
          : { ...lease, observedAt: new Date(run.world.nowMs), dueSince: new Date(0) };
      },
    })),
  },
  {
    name: 'a stored password is lost',
    inner: on('documents', (documents) => ({
      recordAccount: (user, { password: _lost, ...account }) => documents.recordAccount(user, account),
    })),
  },
  {
    name: 'a recorded handle is lost',
    inner: on('documents', () => ({ recordAccountHandle: async () => undefined })),
  },
  {
    name: 'a dropped account is kept',
    inner: on('documents', () => ({ dropAccount: async () => undefined })),
  },
  {
    name: 'a deactivation does nothing',
    inner: on('accounts', () => ({ setActive: async () => undefined })),
  },
  {
    name: 'a password is set nowhere, and every login succeeds',
    inner: on('accounts', () => ({ setPassword: async () => undefined, canLogIn: async () => true })),
  },
  {
    name: 'a change of the address is refused and said to be done',
    inner: on('accounts', () => ({ changeEmail: async () => 'changed' as const })),
  },
  {
    name: 'a taken handle is said to be had',
    inner: on('accounts', () => ({ changeHandle: async () => 'changed' as const })),
  },
  { name: 'reserved words are allowed', outer: on('accounts', () => ({ allowsHandle: async () => true })) },
  {
    name: 'nobody of ours holds an address',
    outer: on('subjects', () => ({ holdersOfEmail: async () => [] })),
  },
  {
    name: 'a listing that breaks off ends',
    where: 'a deletion with two proofs, report',
    outer: on('auth0', (auth0) => ({
      async *everyone() {
        try {
          yield* auth0.everyone();
        } catch {
          // What was seen until then is taken for everything.
        }
      },
    })),
  },
  {
    name: 'ids repeat',
    random: (random) => ({ int: (below) => random.int(below), id: () => eventId(`event-${random.int(8)}`) }),
  },
  {
    name: 'no removal is within the limit',
    limits: { removals: { share: 0, count: 0 }, renames: { share: 1, count: 10 }, sourceShrink: 1 },
  },
  { name: 'nobody is ever quarantined', settings: { quarantineAfter: Number.POSITIVE_INFINITY } },
];
