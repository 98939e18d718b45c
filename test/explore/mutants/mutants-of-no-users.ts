/** Seeded bugs about ids that are no user. */
import { UNSEEN } from '../../../src/engine/reconcile/subject-view.ts';
import { nobody } from '../model/scenarios/no-user-scenarios.ts';
import type { Mutant } from './mutant.ts';
import { against, believes, on } from './mutant-layers.ts';

const SIGN_UP = 'a sign-up among entries that name no user';

export const noUserMutants: readonly Mutant[] = [
  against('W14: auth0|ghost is known as a user', SIGN_UP, {
    name: 'an id that Auth0 calls invalid is taken for a deleted user',
    outer: on('auth0', (auth0) => ({
      user: async (id) => {
        const answer = await auth0.user(id);
        return answer === 'invalid' ? 'absent' : answer;
      },
    })),
  }),
  against('W14: auth0|ghost is known as a user', SIGN_UP, {
    name: 'a user that is none stays in the queue',
    inner: on('queue', (queue) => ({ drop: (lease) => queue.complete(lease, UNSEEN, undefined) })),
  }),
  against('W14: 2 events say that auth0|ghost is no user', SIGN_UP, {
    ...believes('that an id is invalid is not remembered', (events) =>
      events.filter(({ type }) => type !== 'auth0.user-invalid'),
    ),
  }),
  against('W14: nobody1 is known as a user', SIGN_UP, {
    name: 'what is ignored makes its user due all the same',
    ingest: on('ignored', (ignored, { world }) => ({
      add: async (tenant, counts, at) => {
        await ignored.add(tenant, counts, at);
        await world.stores.queue.markDue([nobody], at, 'trigger');
        const lease = await world.stores.queue.claimUser(nobody, at, 1_000);
        if (lease !== undefined) await world.stores.queue.complete(lease, UNSEEN, at);
      },
    })),
  }),
];
