/** What a reconciliation intends, and how it ends. */
import {
  type Condition,
  EXCLUDED_REASON,
  excludedMessage,
  FAILURE_REASONS,
  type LastFailure,
  saysTheSame,
} from '../condition.ts';
import type { ReconciliationEventData } from '../data/reconciliation.ts';
import { defineEvents, type Mention } from '../definition.ts';
import type { EventOf } from '../event.ts';
import { endFailures, type FactsDraft } from '../fold-draft.ts';
import { pseudonymisedConditions, word } from '../pseudonyms.ts';
import { asItIs, NONE, NOTHING, unsaid } from './members.ts';

/** Messages name other users by key, and no addresses. */
const CONDITIONS: readonly Mention[] = [
  { field: 'conditions.waitsFor', names: 'key' },
  { field: 'conditions.message', names: 'text' },
];

export const reconciliationEvents = defineEvents<ReconciliationEventData>({
  'actions.intended': {
    part: 'intended',
    summary: ({ actions }) => actions.map(({ type }) => type).join(', '),
    evolve(facts, event) {
      facts.isUnfinished = true;
      facts.openActions.push(...event.data.actions.map((action) => ({ ...action, event: event._id })));
    },
    blank: ({ actions }) => ({ actions: actions.map(({ resource, type }) => ({ resource, type })) }),
    mentions: NONE,
    pseudonymise: ({ actions }, as) => ({
      actions: actions.map(({ resource, type, from, to }) => ({
        ...{ resource, type },
        ...(from === undefined ? {} : { from: as.handle(from) }),
        ...(to === undefined ? {} : { to: as.handle(to) }),
      })),
    }),
  },
  converged: {
    part: 'end',
    summary: ({ actions, latencyMs }) =>
      `${actions} ${actions === 1 ? 'action' : 'actions'}, ${latencyMs} ms`,
    evolve(facts, event) {
      facts.isUnfinished = false;
      facts.conditions = settle(facts.conditions, event);
      sightByConditions(facts);
      facts.openActions = [];
      endFailures(facts);
    },
    blank: (data) => ({ ...data, conditions: data.conditions.map(unsaid) }),
    mentions: CONDITIONS,
    pseudonymise: (data, as) => ({ ...data, conditions: pseudonymisedConditions(data.conditions, as) }),
  },
  'converge.deferred': {
    part: 'end',
    summary: ({ retryAt }) => `until ${retryAt}`,
    evolve(facts, event) {
      facts.isUnfinished = false;
      facts.conditions = settle(facts.conditions, event);
      // Deferred by a limit it is as it was; deferred to a time, nothing fails any more.
      if (facts.conditions.some(isFailure)) facts.loggedFailures += 1;
      else facts.failure = undefined;
    },
    blank: (data) => ({ ...data, conditions: data.conditions.map(unsaid) }),
    mentions: CONDITIONS,
    pseudonymise: (data, as) => ({ ...data, conditions: pseudonymisedConditions(data.conditions, as) }),
  },
  'converge.failed': {
    part: 'end',
    summary: ({ code, attempt }) => `${code}, try ${attempt}`,
    evolve(facts, event) {
      facts.isUnfinished = false;
      facts.conditions = settle(facts.conditions, event);
      facts.attempts = event.data.attempt;
      facts.loggedFailures += 1;
      facts.failure = failureOf(facts.failure, event);
    },
    blank: (data) => ({ ...data, conditions: data.conditions.map(unsaid), message: NOTHING }),
    mentions: [...CONDITIONS, { field: 'message', names: 'text' }],
    pseudonymise({ conditions, code, message, ...rest }, as) {
      const texts = { code: word(code), message: as.text(message) };
      return { ...rest, ...texts, conditions: pseudonymisedConditions(conditions, as) };
    },
  },
  'user.quarantined': {
    part: 'end',
    summary: ({ code, attempts }) => `${code}, after ${attempts} tries`,
    evolve(facts) {
      facts.quarantined = true;
    },
    blank: asItIs,
    mentions: NONE,
    pseudonymise: (data) => ({ ...data, code: word(data.code) }),
  },
  'user.excluded': {
    part: 'end',
    summary: ({ entry }) => entry,
    evolve(facts, event) {
      endFailures(facts);
      facts.conditions = [
        {
          ...{ type: 'pause', status: 'True', reason: EXCLUDED_REASON, held: false },
          message: excludedMessage(event.data.entry),
          ...{ since: event.at.toISOString(), event: event._id },
        },
      ];
    },
    blank: asItIs,
    mentions: NONE,
    pseudonymise: ({ entry }, as) => ({ entry: as.text(entry) }),
  },
});

/** A condition keeps its `since` and its event for as long as it says the same. */
function settle(
  before: readonly Condition[],
  event: EventOf<'converged' | 'converge.deferred' | 'converge.failed'>,
): readonly Condition[] {
  return event.data.conditions.map((draft) => {
    const same = before.find((old) => old.type === draft.type);
    return same !== undefined && saysTheSame(same, draft)
      ? same
      : { ...draft, since: event.at.toISOString(), event: event._id };
  });
}

/** Logs from before first sights say of a verifications document of the platform's only that it was found in order. */
function sightByConditions(facts: FactsDraft): void {
  const isThere = facts.conditions.some(
    ({ type, reason }) => type === 'verification' && reason === 'Recorded',
  );
  if (isThere) facts.sights = { ...facts.sights, verification: true };
}

function isFailure({ reason }: Condition): boolean {
  return reason === FAILURE_REASONS.failing || reason === FAILURE_REASONS.notObserved;
}

function failureOf(before: LastFailure | undefined, { at, data }: EventOf<'converge.failed'>): LastFailure {
  const { code, message, upstream = null } = data;
  const isSame = before?.code === code && before.upstream === upstream;
  const now = at.toISOString();
  return { code, upstream, message, since: isSame ? before.since : now, at: now };
}
