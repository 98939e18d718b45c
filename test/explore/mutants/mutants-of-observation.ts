/** Seeded bugs in what is seen of the platform and of Auth0, and in what is done to them. */
import { eventId } from '../../../src/identity.ts';
import type { UserPage } from '../../../src/ports/auth0.ts';
import { NO_DOCUMENTS } from '../../mongo/subjects/people.ts';
import { LIMITS } from '../model/phases.ts';
import type { Mutant } from './mutant.ts';
import { believes, forged, on, outlasting, sees } from './mutant-layers.ts';

const unreadForNone = on('documents', (documents) => ({
  read: (users) => documents.read(users).catch(() => new Map(users.map((user) => [user, NO_DOCUMENTS]))),
}));

export const blindMutants: readonly Mutant[] = [
  {
    name: 'Auth0 unknown is taken for absent',
    outer: on('auth0', (auth0) => ({ user: (id) => auth0.user(id).catch(() => 'absent' as const) })),
  },
  {
    name: 'documents that cannot be read are taken for none',
    outer: unreadForNone,
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
    where: 'a deletion with two proofs, report',
    outer: on('accounts', (accounts) => ({
      createAccount: (wanted) => accounts.createAccount(wanted).catch(() => accounts.createAccount(wanted)),
    })),
  },
  {
    name: 'an unknown effect is taken for none',
    where: 'a deletion with two proofs, report',
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
      raiseVerification: async (user, atLeast) => {
        run.world.documents.verifications.set(user, atLeast);
        return 'raised' as const;
      },
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
    outer: unreadForNone,
  },
  sees('the platform handle is not seen', (documents) => ({ ...documents, handle: undefined })),
  {
    name: 'a converged pass writes',
    outer: on('documents', (documents, run) => ({
      read: async (users) => {
        const [user] = users;
        const count = user === undefined ? undefined : run.world.documents.verifications.get(user);
        if (user !== undefined && count !== undefined) await documents.raiseVerification(user, count + 1);
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
          : { ...lease, observedAt: new Date(run.world.nowMs), dueLatest: new Date(0) };
      },
    })),
  },
  {
    name: 'a lease is taken to last for ever',
    where: 'a sign-up with a verified email',
    outer: on('queue', (queue) => ({ claim: (now, leaseMs) => outlasting(queue.claim(now, leaseMs)) })),
  },
  {
    name: 'an account is taken to be as the log has it',
    outer: on('accounts', (accounts, run) => ({
      account: async (did) => {
        const told = run.scenario.people.map(({ user }) => run.world.factsOf(user).account);
        const known = told.find((account) => account?.did === did);
        if (known === undefined) return accounts.account(did);
        const { handle, email } = known;
        return { did, handle, email, inviteHash: undefined, state: 'active' as const };
      },
    })),
  },
  {
    name: 'a user is taken to be as the log has it',
    outer: on('auth0', (auth0, run) => ({
      user: async (id) => {
        const told = run.scenario.people.map(({ user }) => run.world.factsOf(user).auth0);
        return told.find((user) => user?.userId === id) ?? auth0.user(id);
      },
    })),
  },
  {
    name: 'a stored password is lost',
    inner: on('documents', (documents) => ({
      recordAccount: (user, { password: _lost, ...account }, over) =>
        documents.recordAccount(user, account, over),
    })),
  },
  {
    name: 'a new password is not stored',
    inner: on('documents', () => ({ replacePassword: async () => undefined })),
  },
  {
    name: 'a recorded handle is lost',
    inner: on('documents', () => ({ recordAccountHandle: async () => undefined })),
  },
  {
    name: 'a dropped account is kept',
    inner: on('documents', () => ({ dropAccount: async () => 'dropped' as const })),
  },
  {
    name: 'a deactivation does nothing',
    inner: on('accounts', () => ({ setActive: async () => 'set' as const })),
  },
  {
    name: 'a password is set nowhere, and every login succeeds',
    inner: on('accounts', () => ({ setPassword: async () => 'set' as const, canLogIn: async () => true })),
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
    name: 'a listing that is not exact is taken for exact',
    where: 'a listing that is not exact: total-too-high',
    outer: on('auth0', (auth0) => ({
      async *everyone() {
        for await (const page of auth0.everyone()) yield { ...page, inexact: undefined };
      },
    })),
  },
  {
    name: 'of a listing that is not exact nobody is looked at',
    where: 'a listing that is not exact: total-too-low',
    outer: on('auth0', (auth0) => ({
      async *everyone() {
        const pages: UserPage[] = [];
        for await (const page of auth0.everyone()) pages.push(page);
        const inexact = pages.find((page) => page.inexact !== undefined);
        if (inexact === undefined) yield* pages;
        else yield { users: [], inexact: inexact.inexact };
      },
    })),
  },
  {
    name: 'a user whose address is unverified again is left alone',
    where: 'an address that is unverified again, and then a handle',
    outer: on('auth0', (auth0) => ({
      user: async (id) => {
        const user = await auth0.user(id);
        return typeof user === 'string' || user.emailVerified ? user : { ...user, blocked: true };
      },
    })),
  },
  {
    name: 'ids repeat',
    random: (random) => ({ int: (below) => random.int(below), id: () => eventId(`event-${random.int(8)}`) }),
  },
  {
    name: 'no removal is within the limit',
    limits: { ...LIMITS, removals: { share: 0, count: 0 } },
  },
  { name: 'nobody is ever quarantined', settings: { quarantineAfter: Number.POSITIVE_INFINITY } },
];
