/** Seeded bugs in transfers from a deleted user to another one. */
import { alice, bob } from '../../mongo/subjects/people.ts';
import type { Mutant } from './mutant.ts';
import { against, believes, lacks, on } from './mutant-layers.ts';

const WHOLE = 'a transfer of account and handle';
const REPLACING = 'a transfer that replaces an account';
const CODE = 'a transfer of the code alone';
const ADDRESS = 'a transfer of the address';
const BACK = 'a transfer, and the deleted user is back';

export const transferMutants: readonly Mutant[] = [
  against('no event tells of', REPLACING, lacks('account.retired')),
  { ...lacks('account.released'), where: WHOLE },
  { ...lacks('handle.release-intended'), where: WHOLE },
  against(
    'transfer: taken twice',
    WHOLE,
    believes('that an account was taken is not remembered', (events) =>
      events.filter(({ type }) => type !== 'account.transferred'),
    ),
  ),
  against('transfer: moved outside an open transfer: handle', WHOLE, {
    name: 'the row of the handle is removed when the log refuses it',
    outer: on('log', (log) => ({
      append: async (events) => {
        const without = events.filter(({ type }) => type !== 'transfer.granted');
        return without.length === events.length ? log.append(events) : { appended: 1, duplicates: [] };
      },
      ofUser: async (user) => {
        const [promise] = (await log.ofUser(alice.user)).filter(({ type }) => type === 'transfer.promised');
        const events = await log.ofUser(user);
        if (user !== bob.user || promise === undefined) return events;
        const data = { ...promise.data, promise: promise._id, from: alice.user, evidence: [] };
        return [
          ...events,
          { ...promise, _id: `granted-${promise._id}`, user, type: 'transfer.granted', data } as never,
        ];
      },
    })),
  }),
  against('W9', WHOLE, {
    name: 'the record is dropped by the user who gets the account',
    outer: on('documents', (documents) => ({
      recordAccount: async (user, account, over) => {
        const outcome = await documents.recordAccount(user, account, over);
        if (user === bob.user) await documents.dropAccount(alice.user, account.did);
        return outcome;
      },
    })),
  }),
  {
    name: 'the row of the handle is not removed',
    where: WHOLE,
    outer: on('documents', () => ({ removeHandleRow: async () => 'removed' })),
  },
  against('transfer: a replaced account is still in use', REPLACING, {
    name: 'a replaced account stays active',
    outer: on('accounts', (accounts) => ({
      setActive: async (did, isActive) => (isActive ? accounts.setActive(did, isActive) : 'set'),
    })),
  }),
  against('changeEmail was decided without a fresh read: log of the other user', ADDRESS, {
    name: 'the log of the user who gets the address is read from memory',
    outer: (ports, run) =>
      on('log', (log) => ({
        ofUser: async (user) => (user === bob.user ? [...run.world.log.eventsOf(user)] : log.ofUser(user)),
      }))(ports, run),
  }),
  {
    name: 'the user who gets a code is never due again',
    where: CODE,
    outer: on('queue', (queue) => ({
      markDue: async (triggers, at, priority) =>
        queue.markDue(
          triggers.filter(({ user, cause }) => user !== bob.user || cause === undefined),
          at,
          priority,
        ),
    })),
  },
  against(
    'W3: a handle was taken',
    'a transfer, and the successor is deleted',
    {
      name: 'a deleted successor is not seen to be deleted',
      outer: on('auth0', (auth0, { world }) => ({
        user: async (id) => {
          const answer = await auth0.user(id);
          return answer === 'absent' && id === bob.userId && world.gone.size === 0
            ? (world.earlier.find(({ userId }) => userId === id) ?? answer)
            : answer;
        },
      })),
    },
    'platform',
  ),
  against(
    'untrue: auth0 UserGone',
    BACK,
    {
      name: 'a user who is back is taken for deleted',
      outer: on('auth0', (auth0, { world }) => ({
        user: async (id) => {
          const isBack = id === alice.userId && world.factsOf(alice.user).absentSince !== undefined;
          return isBack ? 'absent' : auth0.user(id);
        },
      })),
    },
    'platform',
  ),
];
