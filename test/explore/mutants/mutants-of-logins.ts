/** Seeded bugs against the rule that only logins of users in sync cost nothing. */
import type { Lease } from '../../../src/ports/queue.ts';
import { view } from '../../mongo/subjects/people.ts';
import type { Mutant } from './mutant.ts';
import { on } from './mutant-layers.ts';

/** What the engine believes of each lease that it is given. */
function claims(name: string, change: (lease: Lease) => Lease): Mutant {
  return {
    name,
    outer: on('queue', (queue) => ({
      claim: async (now, leaseMs) => {
        const lease = await queue.claim(now, leaseMs);
        return lease && change(lease);
      },
    })),
  };
}

export const loginMutants: readonly Mutant[] = [
  {
    name: 'every entry counts as a login',
    ingest: on('queue', (queue) => ({
      markDue: (triggers, at, priority) =>
        queue.markDue(
          triggers.map((one) => ({ ...one, isRoutine: true })),
          at,
          priority,
        ),
    })),
  },
  claims('a login hides what another entry tells', (lease) => ({ ...lease, isRoutine: lease.dueCount > 1 })),
  claims('a login counts for nothing whoever it is', (lease) => {
    const { verifiedEmail, did } = view;
    const shown = {
      ...(lease.shown ?? view),
      verifiedEmail,
      did,
      sync: 'Synced',
      health: 'Healthy',
    } as const;
    return { ...lease, shown, observedAt: new Date(lease.until.getTime() - 86_400_000) };
  }),
];
