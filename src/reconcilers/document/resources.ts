/** The two documents of a user as resources: `verifications` and `users`. */

import type { Facts } from '../../events/facts.ts';
import type { Code } from '../../identity.ts';
import { withCode } from '../predicted.ts';
import type { EventDraft, OpenAction } from '../reconciler.ts';
import { defineResource, NOT_LOGGED, type Observed, UNREAD, whereRemoved } from '../resource.ts';
import { UNDRAWN_CODE } from './code.ts';
import * as userDocument from './user-document.ts';
import * as verification from './verification.ts';

export const verificationResource = defineResource<verification.VerificationAction>({
  name: 'verification',
  restorable: whereRemoved('verification', 'verification'),
  plan: ({ desired, document }) => verification.plan(desired.verification, document.documents),
  actions: {
    'record-verification': {
      apply: ({ documents }, action, _read, context) => verification.apply(documents, action, context),
      detail: ({ count }) => `count ${count}`,
      written: ({ count }) => `verifications document with count ${count}`,
      predict: (documents, { count }) => ({
        ...documents,
        verificationCount: Math.max(count, documents.verificationCount ?? 0),
      }),
      recover: (_open, _facts, { documents }) => {
        const count = documents?.verificationCount;
        return count === undefined
          ? []
          : [{ type: 'verification.recorded', data: { count, recovered: true } }];
      },
    },
  },
  describe: {
    desired: ({ verification: wanted }) =>
      wanted.type === 'unwanted' ? 'left as it is' : `a count of at least ${wanted.count}`,
    actual: ({ documents }) => {
      if (documents === undefined) return UNREAD;
      const count = documents.verificationCount;
      return count === undefined ? 'no document' : `a count of ${count}`;
    },
    asLogged: (_facts, events) => {
      const recorded = events.findLast((event) => event.type === 'verification.recorded');
      return recorded === undefined ? NOT_LOGGED : `a count of ${recorded.data.count}`;
    },
  },
});

export const userDocumentResource = defineResource<userDocument.DocumentAction>({
  name: 'user-document',
  restorable: whereRemoved('user-document', 'user-document'),
  // Of a document that is missing, a person decides first, also while its code is being transferred.
  plan: ({ desired, document, transfers }) => {
    const plan = userDocument.plan(desired.document, document);
    return plan.holdsUser === true ? plan : (transfers['user-document'] ?? plan);
  },
  actions: {
    'create-user-document': {
      apply: ({ documents, random }, action, _read, context) =>
        userDocument.createDocument(documents, random, action, context),
      detail: ({ code, when }) =>
        `${code === undefined ? 'with a new code' : `code ${code}`}, signed up ${when.toISOString()}`,
      written: ({ code, when }) =>
        `users document with ${code === undefined ? 'a new code' : `the code ${code}`} and when ${when.toISOString()}`,
      predict: (documents, { code, when }) => ({
        ...documents,
        user: { code: code ?? UNDRAWN_CODE, when, account: undefined, pending: undefined },
      }),
      recover: (_open, facts, observed) => {
        const code = codeIn(observed);
        if (code === undefined || (facts.code !== undefined && facts.sights.document)) return [];
        return [{ type: 'user-document.created', data: { recovered: true } }, assigned(code)];
      },
    },
    'assign-code': {
      apply: ({ documents, random }, action, _read, context) =>
        userDocument.assignCode(documents, random, action, context),
      detail: ({ signedUpAt }) => `signed up ${signedUpAt.toISOString()}`,
      written: () => 'a new code in the users document',
      predict: (documents) => withCode(documents, UNDRAWN_CODE),
      recover: recoverCode,
    },
    'restore-code': {
      apply: ({ documents }, action, _read, context) => userDocument.restoreCode(documents, action, context),
      detail: ({ code }) => code,
      written: ({ code }) => `the code ${code} in the users document`,
      predict: (documents, { code }) => withCode(documents, code),
      recover: recoverCode,
    },
  },
  describe: {
    desired: ({ document }) => {
      if (document.type === 'unwanted') return 'left as it is';
      return `a document with ${document.code === undefined ? 'a code' : `the code ${document.code}`}`;
    },
    actual: ({ documents }) => {
      if (documents === undefined) return UNREAD;
      return documents.user === undefined ? 'no document' : (documents.user.code ?? 'a document, no code');
    },
    asLogged: ({ seen, code }) => seen.code ?? code ?? NOT_LOGGED,
  },
});

function recoverCode(_open: OpenAction, facts: Facts, observed: Observed): EventDraft[] {
  const code = codeIn(observed);
  if (code === undefined || (facts.code !== undefined && !facts.removed.has('code'))) return [];
  return [assigned(code)];
}

function codeIn({ documents }: Observed): Code | undefined {
  return documents?.user?.code;
}

function assigned(code: Code): EventDraft {
  return { type: 'code.assigned', data: { code, recovered: true } };
}
