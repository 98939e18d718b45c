/** Decisions of a person, which the next reconciliation applies. */
import type { Did } from '../../identity.ts';
import type { DecisionEventData } from '../data/decisions.ts';
import { defineEvents } from '../definition.ts';
import { endFailures, type FactsDraft, forgetAccount } from '../fold-draft.ts';
import { pseudonymisedDecision } from '../pseudonyms.ts';
import type { Removable } from '../resources.ts';
import { asItIs, byWhom, changesNoFacts, EVIDENCE, NONE, NOTHING, REASON, unreasoned } from './members.ts';

export const decisionEvents = defineEvents<DecisionEventData>({
  'adoption.granted': {
    part: 'decided',
    summary: (data) => `${data.did} ${byWhom(data)}`,
    evolve(facts, event) {
      const { did, evidence } = event.data;
      const before = facts.adoption?.did === did ? facts.adoption.grant : undefined;
      facts.adoption = { did, grant: before ?? event._id, evidence };
    },
    blank: (data) => ({ ...unreasoned(data), evidence: [] }),
    mentions: [...EVIDENCE, ...REASON],
    pseudonymise(data, as) {
      const evidence = data.evidence.map((one) => as.text(one));
      return { did: as.did(data.did), ...pseudonymisedDecision(data, as), evidence };
    },
  },
  'adoption.withdrawn': {
    part: 'decided',
    summary: (data) => `${data.did} ${byWhom(data)}`,
    evolve(facts, event) {
      if (facts.adoption?.did === event.data.did) facts.adoption = undefined;
    },
    blank: unreasoned,
    mentions: REASON,
    pseudonymise: (data, as) => ({ did: as.did(data.did), ...pseudonymisedDecision(data, as) }),
  },
  'removal.granted': {
    part: 'decided',
    summary: byWhom,
    evolve(facts, event) {
      facts.removalGrantedAt = event.at;
    },
    blank: unreasoned,
    mentions: REASON,
    pseudonymise: (data, as) => ({ run: as.event(data.run), ...pseudonymisedDecision(data, as) }),
  },
  'restore.granted': {
    part: 'decided',
    summary: (data) => `${data.what.join(', ')} ${byWhom(data)}`,
    evolve(facts, event) {
      grantRestore(facts, event.data.what, event.data.account);
    },
    blank: unreasoned,
    mentions: REASON,
    pseudonymise(data, as) {
      const lost = data.account === undefined ? {} : { account: as.did(data.account) };
      return { what: data.what, ...lost, ...pseudonymisedDecision(data, as) };
    },
  },
  'user.paused': {
    part: 'decided',
    summary: byWhom,
    evolve(facts, event) {
      const { by, reason, until } = event.data;
      facts.paused = { by, reason, until: until === null ? undefined : new Date(until) };
    },
    blank: (data) => ({ ...data, reason: NOTHING }),
    mentions: REASON,
    pseudonymise: ({ by, reason, until }, as) => ({ by: as.text(by), reason: as.text(reason), until }),
  },
  'user.resumed': {
    part: 'decided',
    summary: byWhom,
    evolve(facts) {
      facts.paused = undefined;
    },
    blank: unreasoned,
    mentions: REASON,
    pseudonymise: pseudonymisedDecision,
  },
  'user.retried': {
    part: 'decided',
    summary: byWhom,
    evolve(facts) {
      endFailures(facts);
      facts.possiblyLeakedDids = 0;
      facts.refusedHandles.clear();
      facts.refusedEmails.clear();
    },
    blank: unreasoned,
    mentions: REASON,
    pseudonymise: pseudonymisedDecision,
  },
  'reconcile.requested': {
    part: 'decided',
    summary: byWhom,
    evolve: changesNoFacts,
    blank: (data) => ({ ...data, reason: NOTHING }),
    mentions: REASON,
    pseudonymise: ({ by, reason }, as) => ({ by: as.text(by), reason: as.text(reason) }),
  },
  'user.forgotten': {
    part: 'decided',
    summary: byWhom,
    evolve(facts) {
      facts.forgotten = true;
    },
    blank: asItIs,
    mentions: NONE,
    pseudonymise: ({ by }, as) => ({ by: as.text(by) }),
  },
});

function grantRestore(facts: FactsDraft, what: readonly Removable[], lost: Did | undefined): void {
  const { sights } = facts;
  const granted = new Set(what);
  // The user has got another account since the decision.
  if (facts.account !== undefined && facts.account.did !== lost) granted.delete('account');
  for (const one of granted) facts.removed.delete(one);
  facts.sights = {
    verification: sights.verification && !granted.has('verification'),
    document: sights.document && !granted.has('user-document'),
    record: granted.has('account-record') || granted.has('account') ? undefined : sights.record,
    account: granted.has('account') ? undefined : sights.account,
  };
  if (!granted.has('account')) return;
  facts.lostAccount = lost;
  if (facts.adoption?.did === lost) facts.adoption = undefined;
  forgetAccount(facts);
}
