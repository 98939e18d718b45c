/** Seeded bugs against reservations: two users take one value at the same moment. */
import { reservationKey } from '../../support/in-memory/reservations.ts';
import type { Mutant } from './mutant.ts';
import { on } from './mutant-layers.ts';

const LEAK = 'W10: 1 DIDs leaked';
const RACE = 'one address in two linked tenants';

export const reservationMutants: readonly Mutant[] = [
  {
    name: 'nothing is reserved',
    rule: 'createAccount takes what is not reserved',
    where: RACE,
    inner: on('reservations', () => ({ find: async () => [], reserve: async () => [] })),
  },
  {
    name: 'what another user has reserved is taken',
    rule: LEAK,
    where: RACE,
    inner: on('reservations', (_reservations, { world }) => ({
      find: async () => [],
      reserve: async (values, by) => {
        for (const value of values) world.reservations.stored.set(reservationKey(value), by);
        return [];
      },
    })),
  },
  {
    name: 'a creation with an unknown outcome reserves nothing',
    rule: LEAK,
    where: RACE,
    outer: on('accounts', (accounts, { world }) => ({
      createAccount: async (wanted) => {
        try {
          return await accounts.createAccount(wanted);
        } catch (error) {
          world.reservations.stored.clear();
          throw error;
        }
      },
    })),
  },
];
