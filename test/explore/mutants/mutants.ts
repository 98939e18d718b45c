/** Seeded bugs, each of the kind that a reconciler has in practice. The oracle has to find every one. */
import { UNSEEN } from '../../../src/engine/reconcile/subject-view.ts';
import { partOf } from '../../../src/events/causes.ts';
import type { Mutant } from './mutant.ts';
import { lacks, on, outlasting } from './mutant-layers.ts';
import { claimMutants } from './mutants-of-claims.ts';
import { leaseMutants } from './mutants-of-leases.ts';
import { loginMutants } from './mutants-of-logins.ts';
import { migrationMutants } from './mutants-of-migration.ts';
import { noUserMutants } from './mutants-of-no-users.ts';
import { blindMutants } from './mutants-of-observation.ts';
import { reservationMutants } from './mutants-of-reservations.ts';
import { ruleMutants } from './mutants-of-rules.ts';
import { transferMutants } from './mutants-of-transfers.ts';

const forgetful: readonly Mutant[] = [
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
    where: 'a sign-up with a verified email',
    rule: 'no event tells of: verification',
    outer: on('log', (log) => ({
      append: (events) => log.append(events.filter(({ data }) => !('recovered' in data))),
    })),
  },
  {
    name: 'outcomes name no cause',
    outer: on('log', (log) => ({
      append: (events) =>
        log.append(
          events.map((event) => (partOf(event.type) === 'effect' ? { ...event, cause: [] } : event)),
        ),
    })),
  },
  {
    name: 'an intention names its first action alone',
    outer: on('log', (log) => ({
      append: (events) =>
        log.append(
          events.map((event) =>
            event.type === 'actions.intended'
              ? { ...event, data: { actions: event.data.actions.slice(0, 1) } }
              : event,
          ),
        ),
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
    inner: on('queue', (queue) => ({
      complete: (...args) => queue.complete(...args).catch(() => undefined),
    })),
    outer: on('queue', (queue) => ({ claim: (now, leaseMs) => outlasting(queue.claim(now, leaseMs)) })),
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
];

export const mutants: readonly Mutant[] = [
  ...forgetful,
  ...blindMutants,
  ...ruleMutants,
  ...claimMutants,
  ...leaseMutants,
  ...loginMutants,
  ...migrationMutants,
  ...noUserMutants,
  ...reservationMutants,
  ...transferMutants,
];
