/** The linked user: the same person in another tenant. */
import type { LinkedUserEventData } from '../data/linked-users.ts';
import { defineEvents } from '../definition.ts';
import { asItIs, NONE, noSummary } from './members.ts';

/** A person has one user in a tenant, and a few where they signed up in several ways. */
const MAX_NAMED_BY = 4;

export const linkedUserEvents = defineEvents<LinkedUserEventData>({
  'sister.observed': {
    part: 'learned',
    summary: ({ user }) => user ?? 'none',
    evolve(facts, event) {
      const { user, handle } = event.data;
      facts.sister = user === null ? undefined : { user, handle: handle ?? undefined };
    },
    blank: () => ({ user: null, handle: null }),
    // The linked user, who may be there still, has the person's key and handle on record as those of the same person.
    mentions: [{ field: 'user', names: 'key', blank: { user: null, handle: null } }],
    pseudonymise: ({ user, handle }, as) => ({
      user: user === null ? null : as.user(user),
      handle: handle === null ? null : as.platformHandle(handle),
    }),
  },
  'sister.named': {
    part: 'learned',
    summary: ({ by }) => `by ${by ?? 'a user who is forgotten'}`,
    evolve(facts, event) {
      const { by } = event.data;
      if (by === null) return;
      const others = facts.namedBy.filter(({ user }) => user !== by);
      const named = { event: event._id, user: by, email: facts.auth0?.email?.toLowerCase() };
      facts.namedBy = [...others, named].slice(-MAX_NAMED_BY);
    },
    blank: () => ({ by: null }),
    mentions: [{ field: 'by', names: 'key', blank: { by: null } }],
    pseudonymise: ({ by }, as) => ({ by: by === null ? null : as.user(by) }),
  },
  'sister.dismissed': {
    part: 'learned',
    summary: noSummary,
    evolve(facts, event) {
      facts.namedBy = facts.namedBy.filter((one) => one.event !== event.data.named);
    },
    blank: asItIs,
    mentions: NONE,
    pseudonymise: ({ named }, as) => ({ named: as.event(named) }),
  },
});
