/**
 * The platform's `users` document with the user's permanent code.
 *
 * | Auth0 | document          | action        | reason       |
 * |-------|-------------------|---------------|--------------|
 * | gone  | any               | –             | UserGone     |
 * | there | none              | create + code | NoDocument   |
 * | there | without a code    | assign a code | NoCode       |
 * | there | with a code       | –             | HasCode      |
 *
 * The code is drawn and inserted; the unique index says whether it was free. Looking first and
 * inserting then would let two users have one code.
 */

import { UpstreamError } from '../errors.ts';
import type { Facts } from '../events/fold.ts';
import type { DocumentStore, Documents, Random } from '../ports.ts';
import { drawCode } from './code.ts';
import { type ApplyContext, asDesired, type Plan, toBeMended } from './reconciler.ts';

export type DesiredDocument =
  | { readonly type: 'none' }
  | { readonly type: 'document'; readonly signedUpAt: Date };

export type DocumentAction =
  | { readonly resource: 'user-document'; readonly type: 'create-user-document'; readonly signedUpAt: Date }
  | { readonly resource: 'user-document'; readonly type: 'assign-code'; readonly signedUpAt: Date };

const type = 'user-document';
const MAX_TRIES = 64;

export function desired(facts: Facts): DesiredDocument {
  if (facts.auth0 === undefined || facts.absentSince !== undefined) return { type: 'none' };
  return { type: 'document', signedUpAt: facts.auth0.createdAt };
}

export function plan(wanted: DesiredDocument, actual: Documents): Plan<DocumentAction> {
  if (wanted.type === 'none') {
    return {
      actions: [],
      condition: asDesired({
        type,
        reason: 'UserGone',
        message: 'Auth0 has no such user; nothing is written.',
      }),
    };
  }
  const { signedUpAt } = wanted;
  if (actual.user === undefined) {
    return {
      actions: [{ resource: type, type: 'create-user-document', signedUpAt }],
      condition: toBeMended({ type, reason: 'NoDocument', message: 'There is no users document.' }),
    };
  }
  if (actual.user.code === undefined) {
    return {
      actions: [{ resource: type, type: 'assign-code', signedUpAt }],
      condition: toBeMended({ type, reason: 'NoCode', message: 'The users document has no code.' }),
    };
  }
  return {
    actions: [],
    condition: asDesired({
      type,
      reason: 'HasCode',
      message: `The users document has the code ${actual.user.code}.`,
    }),
  };
}

export async function apply(
  documents: DocumentStore,
  random: Random,
  action: DocumentAction,
  context: ApplyContext,
): Promise<void> {
  for (let attempt = 0; attempt < MAX_TRIES; attempt += 1) {
    const code = drawCode(random, action.signedUpAt, attempt);
    await context.ensureLease();
    const outcome =
      action.type === 'create-user-document'
        ? await documents.createUser(context.user, code, action.signedUpAt)
        : await documents.assignCode(context.user, code);
    switch (outcome) {
      case 'created':
        return context.tell(
          { type: 'user-document.created', data: {} },
          { type: 'code.assigned', data: { code } },
        );
      case 'assigned':
        return context.tell({ type: 'code.assigned', data: { code } });
      case 'user-exists':
      case 'has-code':
        // Somebody was faster. The next look at the document tells what is left to do.
        return;
      case 'code-taken':
        continue;
    }
  }
  throw new UpstreamError(`no free code among ${MAX_TRIES} draws`, {
    upstream: 'mongodb',
    code: 'CODE_SPACE_EXHAUSTED',
    retryable: true,
  });
}
