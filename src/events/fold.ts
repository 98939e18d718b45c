/**
 * One user's events -> what is known of that user.
 *
 * The events are put in the order of (at, _id) and doubles are dropped first, so the same set of
 * events gives the same facts in whatever order, and however often, they arrive.
 */

import type { EventId } from '../identity.ts';
import { definitionOf } from './definitions.ts';
import { type ConcordEvent, isDatedByOthers } from './event.ts';
import type { Facts, NamedBy, SeenResources } from './facts.ts';
import { draftOf, type FactsDraft } from './fold-draft.ts';

const NO_SIGHTS: SeenResources = {
  verification: false,
  document: false,
  record: undefined,
  account: undefined,
};

const NOTHING: Facts = {
  auth0: undefined,
  verifiedEmail: undefined,
  firstReadAt: undefined,
  auth0Event: undefined,
  absentSince: undefined,
  invalidSince: undefined,
  deletionHintAt: undefined,
  unlistedSince: undefined,
  removalGrantedAt: undefined,
  paused: undefined,
  adoption: undefined,
  deactivated: undefined,
  accountDeleted: false,
  passwordRefused: false,
  passwordResetGranted: false,
  forgotten: false,
  platformHandle: undefined,
  sister: undefined,
  namedBy: [],
  code: undefined,
  sights: NO_SIGHTS,
  seenInSync: false,
  kept: { count: undefined, when: undefined },
  removed: new Set(),
  removedAt: undefined,
  lostAccount: undefined,
  account: undefined,
  seen: { code: undefined, account: undefined },
  intent: undefined,
  givenUp: [],
  parked: undefined,
  parkingEndedAt: undefined,
  outgoing: undefined,
  incoming: undefined,
  retiring: undefined,
  transferred: undefined,
  refusedHandles: new Map(),
  refusedEmails: new Map(),
  possiblyLeakedDids: 0,
  creationFailedAt: undefined,
  creationFailure: undefined,
  inactiveListedAt: undefined,
  openActions: [],
  independent: new Map(),
  isUnfinished: false,
  conditions: [],
  attempts: 0,
  loggedFailures: 0,
  quarantined: false,
  failure: undefined,
  newestAt: undefined,
  newestEvent: undefined,
  presentAt: undefined,
};

/**
 * `onto` is what is known already; then every event given must be later than all that made it, as those
 * of a reconciliation are, which need not fold the whole history again for each event they append.
 */
export function fold(events: readonly ConcordEvent[], onto: Facts = NOTHING): Facts {
  const facts = draftOf(onto);
  let previous: EventId | undefined;
  for (const event of [...events].sort(byTimeThenId)) {
    if (event._id === previous) continue;
    previous = event._id;
    apply(facts, event);
  }
  const { presentAt, deletionHintAt } = facts;
  const refuted = presentAt !== undefined && deletionHintAt !== undefined && deletionHintAt <= presentAt;
  if (refuted) facts.deletionHintAt = undefined;
  return facts;
}

function byTimeThenId(a: ConcordEvent, b: ConcordEvent): number {
  return a.at.getTime() - b.at.getTime() || (a._id < b._id ? -1 : a._id > b._id ? 1 : 0);
}

function apply(facts: FactsDraft, event: ConcordEvent): void {
  // The date of what was delivered is Auth0's clock: it may be ahead of ours and does not order our own events.
  if (!isDatedByOthers(event)) {
    facts.newestAt = event.at;
    facts.newestEvent = event._id;
  }
  definitionOf(event.type)?.evolve(facts, event);
}

/** Whether the user still has the address under which it was named, as far as either is known. */
export function isCurrent({ auth0 }: Pick<Facts, 'auth0'>, { email }: NamedBy): boolean {
  return email === undefined || email === auth0?.email?.toLowerCase();
}
