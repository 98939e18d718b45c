/** Seeded bugs against leases that are renewed while work goes on, and against counting those that are lost. */
import type { Mutant } from './mutant.ts';
import { on } from './mutant-layers.ts';

export const leaseMutants: readonly Mutant[] = [
  {
    name: 'a renewal is believed and does not arrive',
    where: 'a sign-up with a verified email',
    inner: on('queue', () => ({
      renew: async (lease, now, leaseMs) => ({ ...lease, until: new Date(now.getTime() + leaseMs) }),
    })),
  },
  {
    name: 'a lease that was lost is not counted',
    where: 'a user over whom every process dies',
    rule: 'it never becomes quiet',
    outer: on('queue', (queue) => ({
      claim: async (...args) => {
        const lease = await queue.claim(...args);
        return lease && { ...lease, unfinished: 0 };
      },
    })),
  },
  {
    name: 'every lease that was lost is counted as if its failure could be recorded',
    where: 'a user over whom every process dies that reads its log',
    rule: 'it never becomes quiet',
    outer: on('queue', (queue) => ({
      claim: async (...args) => {
        const lease = await queue.claim(...args);
        return lease && { ...lease, unfinished: Math.min(lease.unfinished, 2) };
      },
    })),
  },
];
