/** Seeded bugs against the rules of what only one account can have: of deleted users, exchanges and linked tenants. */
import type { Did } from '../../../src/identity.ts';
import type { Auth0User, Directory } from '../../../src/ports/auth0.ts';
import { parkedAddress } from '../../../src/reconcilers/derived-names.ts';
import { alice, bob } from '../../mongo/subjects/people.ts';
import type { Ports } from '../model/ports.ts';
import type { Run } from '../search/run.ts';
import type { Mutant } from './mutant.ts';
import { against, believes, lacks, on, says, unshown } from './mutant-layers.ts';

type Layer = (ports: Ports, run: Run) => Ports;

const all =
  (...layers: readonly Layer[]): Layer =>
  (ports, run) =>
    layers.reduce((changed, layer) => layer(changed, run), ports);

const blind = (directory: Partial<Directory>): Layer =>
  all(
    on('auth0', () => directory),
    on('secondAuth0', () => directory),
  );

const IN_GRACE = 'a sign-up with the address of a deleted user in grace, delete';
const LINKED = 'a user who is linked into another';
const EXCHANGE = 'an exchange of addresses';
const CAPITALS = 'two spellings of one address that no lookup finds';
const SPELLINGS = 'a handle of one side, and the address in two spellings';

const deleted: readonly Mutant[] = [
  against('W7', IN_GRACE, {
    name: 'a living user with the address of a deleted one is not seen',
    outer: all(
      on('subjects', () => ({ successorsOf: async () => [] })),
      blind({ usersByEmail: async () => [] }),
    ),
  }),
  against('W7', LINKED, {
    name: 'the identity of a deleted user in a living one is not seen',
    outer: all(
      on('subjects', () => ({ successorsOf: async () => [] })),
      blind({ usersByIdentity: async () => [] }),
    ),
  }),
  against(
    'W7',
    'a deletion, and a sign-up with the address',
    says('a user who waits for a deleted one is told nothing to do', (condition) =>
      condition.reason === 'EmailHeldByDeletedUser' ? { ...condition, held: false } : condition,
    ),
  ),
  against(
    'untrue: account EmailHeldByUser',
    'a deletion, and a sign-up with the address',
    says('a deleted user is said to have the address as others do', (condition) =>
      condition.reason === 'EmailHeldByDeletedUser' ? { ...condition, reason: 'EmailHeldByUser' } : condition,
    ),
  ),
];

/** What is answered when a reconciliation of alice or bob reads the other one of them. */
function other(answer: (user: Auth0User | undefined) => Auth0User | 'absent'): Layer {
  return on('auth0', (auth0, { world }) => ({
    user: async (id) => {
      const leased = [alice, bob].find(({ user }) => world.queue.stored.get(user)?.lease !== undefined);
      return leased?.userId === id ? auth0.user(id) : answer(world.directory.get(id));
    },
  }));
}

const exchanges: readonly Mutant[] = [
  against('untrue: email EmailHeldByUser', EXCHANGE, {
    name: 'the other user of a ring is taken for deleted',
    outer: other(() => 'absent'),
  }),
  against('untrue: email EmailHeldByUser', EXCHANGE, {
    name: 'nobody is woken by the user who is waited for',
    outer: on('subjects', () => ({ waitingFor: async () => [] })),
  }),
  against(
    'W9',
    'an exchange of addresses, and one is blocked',
    believes('that an account is parked is not remembered', (events) =>
      events.filter(({ type }) => type !== 'email.parking-intended'),
    ),
    'platform',
  ),
  against('W9: changeEmail changed an account of another user', EXCHANGE, {
    name: 'the account of the other user is parked',
    outer: on('accounts', (accounts, { world }) => ({
      changeEmail: async (did, email) => {
        if (email !== parkedAddress(did)) return accounts.changeEmail(did, email);
        const other = [...world.documents.users.values()].find(
          ({ account }) => account?.did !== undefined && account.did !== did && !world.isForeign(account.did),
        )?.account?.did as Did;
        return accounts.changeEmail(other, parkedAddress(other));
      },
    })),
  }),
  against('changeEmail was decided without a fresh read', EXCHANGE, {
    name: 'an account is parked by what was read before of the other user',
    outer: other((user) => user ?? 'absent'),
  }),
];

const linked: readonly Mutant[] = [
  against(
    'W15',
    SPELLINGS,
    unshown({ ...lacks('sister.named'), name: 'a linked user is not told who knows it' }),
  ),
  against('W15', CAPITALS, unshown({ name: 'linked users are not looked for in the read model' })),
  against('W15', SPELLINGS, {
    name: 'a linked user who was told is not reconciled',
    outer: on('queue', (queue, { world }) => ({
      markDue: async (triggers, at, priority) => {
        const leased = [...world.queue.stored.values()].find(({ lease }) => lease !== undefined);
        const own = triggers.filter(({ tenant }) => leased === undefined || tenant === leased.tenant);
        return queue.markDue(own, at, priority);
      },
    })),
  }),
];

export const claimMutants: readonly Mutant[] = [...deleted, ...exchanges, ...linked];
