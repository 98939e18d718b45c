/** The documents of a user in MongoDB, with the permanent code. */
import type { DocumentEventData } from '../data/documents.ts';
import { defineEvents } from '../definition.ts';
import { close, keepCount, sight, sightRecord } from '../fold-draft.ts';
import { endCodeTransfer } from '../fold-transfer.ts';
import { pseudonymisedDecision } from '../pseudonyms.ts';
import { asItIs, byWhom, NONE, noSummary, REASON, unreasoned } from './members.ts';

export const documentEvents = defineEvents<DocumentEventData>({
  'verification.recorded': {
    part: 'effect',
    follows: ['record-verification'],
    summary: ({ count }) => `count ${count}`,
    evolve(facts, event) {
      sight(facts, { verification: true });
      keepCount(facts, event.data.count);
      close(facts, 'verification');
    },
    blank: asItIs,
    mentions: NONE,
    pseudonymise: asItIs,
  },
  'user-document.created': {
    part: 'effect',
    follows: ['create-user-document'],
    summary: noSummary,
    evolve(facts, event) {
      const { when } = event.data;
      sight(facts, { document: true });
      if (when !== undefined) facts.kept = { ...facts.kept, when: new Date(when) };
    },
    blank: asItIs,
    mentions: NONE,
    pseudonymise: asItIs,
  },
  'user-document.imported': {
    part: 'decided',
    summary: ({ by, code, record }) =>
      [code, record, byWhom({ by })].filter((one) => one !== null).join(', '),
    evolve(facts, event) {
      const { code, record } = event.data;
      facts.code ??= code ?? undefined;
      sight(facts, { document: true });
      if (code !== null) facts.removed.delete('code');
      if (record !== null) sightRecord(facts, record);
    },
    blank: asItIs,
    mentions: NONE,
    pseudonymise: ({ by, code, record }, as) => ({
      by: as.text(by),
      code: code === null ? null : as.code(code),
      record: record === null ? null : as.did(record),
    }),
  },
  'code.assigned': {
    part: 'effect',
    follows: ['create-user-document', 'assign-code', 'restore-code', 'record-code'],
    summary: ({ code }) => code,
    evolve(facts, event) {
      facts.code = event.data.code;
      facts.removed.delete('code');
      sight(facts, { document: true });
      endCodeTransfer(facts);
      close(facts, 'user-document');
    },
    blank: asItIs,
    mentions: NONE,
    pseudonymise: (data, as) => ({ ...data, code: as.code(data.code) }),
  },
  'code.accepted': {
    part: 'decided',
    summary: (data) => `${data.code} ${byWhom(data)}`,
    evolve(facts, event) {
      facts.code = event.data.code;
      facts.seen = { ...facts.seen, code: undefined };
    },
    blank: unreasoned,
    mentions: REASON,
    pseudonymise: (data, as) => ({ code: as.code(data.code), ...pseudonymisedDecision(data, as) }),
  },
});
