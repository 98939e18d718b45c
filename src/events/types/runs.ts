/** Sweeps, and the gaps of a tenant's log: of no single user, so they change nothing that is known of one. */

import { counted } from '../../count.ts';
import type { RunEventData } from '../data/runs.ts';
import { defineEvents } from '../definition.ts';
import { pseudonymisedDecision } from '../pseudonyms.ts';
import { asItIs, byWhom, changesNoFacts, NONE, noSummary, REASON, unreasoned } from './members.ts';

export const runEvents = defineEvents<RunEventData>({
  'sweep.started': {
    part: 'run',
    summary: noSummary,
    evolve: changesNoFacts,
    blank: asItIs,
    mentions: NONE,
    pseudonymise: asItIs,
  },
  'sweep.halted': {
    part: 'run',
    summary: ({ count, kind, limit }) => `${count} ${kind}, limit ${limit}`,
    evolve: changesNoFacts,
    blank: asItIs,
    mentions: [{ field: 'users', names: 'key' }],
    pseudonymise: ({ run, users, ...rest }, as) => ({
      ...{ ...rest, run: as.event(run), users: users.map((one) => as.user(one)) },
    }),
  },
  'sweep.approved': {
    part: 'run',
    summary: byWhom,
    evolve: changesNoFacts,
    blank: unreasoned,
    mentions: REASON,
    pseudonymise: (data, as) => ({ run: as.event(data.run), ...pseudonymisedDecision(data, as) }),
  },
  'sweep.finished': {
    part: 'run',
    summary({ users, drifted, complete, inexact }) {
      const end = complete ? '' : `, ${inexact ?? 'broke off'}`;
      return `${counted(users, 'user')}, ${drifted} out of sync${end}`;
    },
    evolve: changesNoFacts,
    blank: asItIs,
    mentions: NONE,
    pseudonymise: asItIs,
  },
  'gap.opened': {
    part: 'run',
    summary: ({ cause, from, until }) => `${cause}, from ${from}${until === null ? '' : ` until ${until}`}`,
    evolve: changesNoFacts,
    blank: asItIs,
    mentions: NONE,
    pseudonymise: asItIs,
  },
  'gap.closed': {
    part: 'run',
    summary: ({ by }) => `by a ${by}`,
    evolve: changesNoFacts,
    blank: asItIs,
    mentions: NONE,
    pseudonymise: (data, as) => ({ ...data, gap: as.event(data.gap) }),
  },
});
