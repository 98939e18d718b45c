/** Seeded bugs about accounts that moved to another PDS. */
import type { ServiceLocation } from '../../../src/ports/accounts.ts';
import type { Mutant } from './mutant.ts';
import { on } from './mutant-layers.ts';

const HERE: ServiceLocation = { type: 'here' };
const TOUCHED = 'an account that moved was touched';
const BLOCKED = 'a user who is blocked, whose account moves, and who is unblocked';
const DELETED = 'a deleted user whose account moves before it is removed';

const unseen = on('dids', () => ({ serviceOf: async () => HERE }));

export const migrationMutants: readonly Mutant[] = [
  {
    name: 'an account that moved is taken for deactivated, and activated again',
    outer: unseen,
    where: BLOCKED,
    rule: `${TOUCHED}: setActive`,
  },
  {
    name: 'an account that moved is taken for deactivated, and removed with its user',
    outer: unseen,
    where: DELETED,
    rule: `${TOUCHED}: deleteAccount`,
  },
  {
    name: 'a directory that does not answer is taken to name this PDS',
    outer: on('dids', (dids) => ({ serviceOf: (did) => dids.serviceOf(did).catch(() => HERE) })),
    where: BLOCKED,
    rule: TOUCHED,
  },
  {
    name: 'a missing account that moved is replaced by a new one',
    outer: unseen,
    where: 'a missing account that turns out to have moved while a person restores it',
    rule: `${TOUCHED}: dropAccount`,
    by: 'platform',
  },
  {
    name: 'nothing is asked before an account is activated again',
    outer: unseen,
    where: BLOCKED,
    rule: 'setActive was decided without a fresh read: serviceOf',
  },
  {
    name: 'every deactivated account is taken for moved',
    outer: on('dids', () => ({
      serviceOf: async () => ({ type: 'elsewhere', origin: 'https://elsewhere.example' }) as const,
    })),
    where: 'a user who is blocked, and then is not',
    rule: 'untrue: account AccountMigrated',
  },
];
