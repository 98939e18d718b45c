/**
 * The platform's `users` document with the user's permanent code.
 *
 * | Auth0   | document                     | code known          | action              | reason          |
 * |---------|------------------------------|---------------------|---------------------|-----------------|
 * | deleted | any                          |                     | –                   | UserGone        |
 * | blocked | any                          |                     | –                   | UserBlocked     |
 * | there   | was there and is missing     |                     | –, held             | DocumentRemoved |
 * | there   | never was there              | no                  | create + draw code  | NoDocument      |
 * | there   | never was there              | yes                 | create with it      | NoDocument      |
 * | there   | without a code               | no                  | draw a code         | NoCode          |
 * | there   | without a code               | yes                 | restore it          | NoCode          |
 * | there   | none, or without a code      | another user has it | –, held             | CodeHeldByUser  |
 * | there   | with a code that is no text  |                     | –, held             | CodeUnreadable  |
 * | there   | with another code            | yes                 | –, held             | CodeDiffers     |
 * | there   | with a code                  | the same, or no     | –                   | HasCode         |
 * |         |   the same, and Auth0's created_at cannot be used |    | –                   | FieldUnusable   |
 *
 * The sign-up time is Auth0's `created_at`, or else the time at which Auth0 was first read.
 *
 * A code is known from the log, or from `@handles.code`, where the platform kept codes before. It never changes.
 *
 * A drawn code is inserted, and the unique index decides whether it was free. To read first and insert
 * then would let two users have one code.
 */

import { UpstreamError } from '../../errors.ts';
import type { Facts } from '../../events/facts.ts';
import { unusableIn } from '../../events/fold-auth0.ts';
import type { Code, UserKey } from '../../identity.ts';
import type { Random } from '../../ports/clock.ts';
import type { DocumentReader, DocumentStore, Documents } from '../../ports/documents.ts';
import { shellQuoted, updateUser } from '../command-lines.ts';
import {
  type Applied,
  type ApplyContext,
  inSync,
  needsAction,
  type Plan,
  pending,
  removedByOthers,
} from '../reconciler.ts';
import { notWanted, RESTORE_COMMAND, type Unwanted } from '../unwanted.ts';
import { drawCode } from './code.ts';

export type DesiredDocument =
  | Unwanted
  | {
      readonly type: 'document';
      readonly user: UserKey;
      /** What a drawn code begins with. */
      readonly signedUpAt: Date;
      /** What is written as `when`. */
      readonly when: Date;
      /** The user's permanent code, where the log knows one. */
      readonly code: Code | undefined;
      /** The document has been there. */
      readonly wasThere: boolean;
      /** Auth0 has no sign-up time that can be used. */
      readonly isUndated: boolean;
    };

export interface ActualDocument {
  readonly documents: Documents;
  /** Another user who has the code to restore. */
  readonly codeHolder: UserKey | undefined;
}

export type DocumentAction =
  | {
      readonly resource: 'user-document';
      readonly type: 'create-user-document';
      readonly signedUpAt: Date;
      readonly when: Date;
      /** Undefined to draw a new one. */
      readonly code: Code | undefined;
    }
  | { readonly resource: 'user-document'; readonly type: 'assign-code'; readonly signedUpAt: Date }
  | { readonly resource: 'user-document'; readonly type: 'restore-code'; readonly code: Code };
type CreateDocument = Extract<DocumentAction, { type: 'create-user-document' }>;

const type = 'user-document';
const MAX_TRIES = 64;

export function desired(facts: Facts, user: UserKey): DesiredDocument {
  const unwanted = notWanted(facts);
  const signedUpAt = facts.auth0?.createdAt ?? facts.firstReadAt;
  if (unwanted !== undefined || signedUpAt === undefined)
    return unwanted ?? { type: 'unwanted', reason: 'UserUnknown', message: '' };
  const { kept, code, sights } = facts;
  return {
    type: 'document',
    user,
    signedUpAt,
    when: kept.when ?? signedUpAt,
    code,
    wasThere: sights.document,
    isUndated: unusableIn(facts, ['created_at']).length > 0,
  };
}

/** The known code of a user whose document has none; undefined to draw a new one. */
export function codeToRestore(wanted: DesiredDocument, { user, legacyCode }: Documents): Code | undefined {
  if (wanted.type === 'unwanted' || user?.code !== undefined || user?.hasUnreadableCode === true)
    return undefined;
  if (user === undefined && wanted.wasThere) return undefined;
  return wanted.code ?? legacyCode;
}

/** The code that handles are made from: while the document has another or an unreadable one, that of the log. */
export function permanentCode(wanted: DesiredDocument, { user }: Documents): Code | undefined {
  const found = user?.code;
  if (wanted.type === 'unwanted' || wanted.code === undefined) return found;
  return found === undefined && user?.hasUnreadableCode !== true ? undefined : wanted.code;
}

/** Checks whether another user has the code to restore. */
export async function observe(
  reader: Pick<DocumentReader, 'findUsers'>,
  wanted: DesiredDocument,
  documents: Documents,
): Promise<ActualDocument> {
  const code = codeToRestore(wanted, documents);
  if (code === undefined || wanted.type === 'unwanted') return { documents, codeHolder: undefined };
  const holders = await reader.findUsers({ code });
  return { documents, codeHolder: holders.find((holder) => holder !== wanted.user) };
}

export function plan(
  wanted: DesiredDocument,
  { documents, codeHolder }: ActualDocument,
): Plan<DocumentAction> {
  const { user } = documents;
  if (wanted.type === 'unwanted') {
    const now = user === undefined ? 'There is no users document' : 'The document is left as it is';
    const message = `${wanted.message} ${now}.`;
    return { actions: [], condition: inSync({ type, reason: wanted.reason, message }) };
  }
  if (user === undefined && wanted.wasThere) {
    const message = `The users document was removed. ${RESTORE_COMMAND}`;
    return removedByOthers({ type, reason: 'DocumentRemoved', message });
  }
  const restored = codeToRestore(wanted, documents);
  if (restored !== undefined && codeHolder !== undefined) return heldByAnother(restored, codeHolder);
  const { signedUpAt, when } = wanted;
  if (user === undefined) {
    return {
      actions: [{ resource: type, type: 'create-user-document', signedUpAt, when, code: restored }],
      condition: pending({ type, reason: 'NoDocument', message: 'There is no users document.' }),
    };
  }
  if (user.hasUnreadableCode === true) {
    return unreadable(wanted.code);
  }
  if (user.code === undefined) {
    return {
      actions: [
        restored === undefined
          ? { resource: type, type: 'assign-code', signedUpAt }
          : { resource: type, type: 'restore-code', code: restored },
      ],
      condition: pending({ type, reason: 'NoCode', message: 'The users document has no code.' }),
    };
  }
  if (wanted.code !== undefined && user.code !== wanted.code) return differs(user.code, wanted.code);
  const message = `The users document has the code ${user.code}.`;
  if (!wanted.isUndated) return { actions: [], condition: inSync({ type, reason: 'HasCode', message }) };
  const undated = `${message} Auth0 has no created_at that can be used; the sign-up time is the one known before, or else the time of the first read of Auth0.`;
  return { actions: [], condition: inSync({ type, reason: 'FieldUnusable', message: undated }) };
}

function heldByAnother(code: Code, holder: UserKey): Plan<never> {
  const change = updateUser('{$set: {code: "<code>"}}', holder);
  const message = `The permanent code of this user is ${code}, and the users document of ${holder} has it. Give ${holder} its own or a new code in the MongoDB shell: ${change}; if it is new, accept it with: concord restore ${shellQuoted(holder)} --accept-code; then run: concord reconcile <user>`;
  return { actions: [], condition: needsAction({ type, reason: 'CodeHeldByUser', message }) };
}

function unreadable(known: Code | undefined): Plan<never> {
  const [what, update] =
    known === undefined
      ? ['Remove it, and a new one is assigned,', '{$unset: {code: 1}}']
      : [`Set the permanent code ${known}`, `{$set: {code: "${known}"}}`];
  const message = `The users document has a code that is not text. ${what} in the MongoDB shell: ${updateUser(update)}; then run: concord reconcile <user>`;
  return { actions: [], condition: needsAction({ type, reason: 'CodeUnreadable', message }) };
}

function differs(found: Code, known: Code): Plan<never> {
  const set = updateUser(`{$set: {code: "${known}"}}`);
  const message = `The users document has the code ${found}, and the permanent code of this user is ${known}. Keep ${found} with: concord restore <user> --accept-code; or set it back in the MongoDB shell: ${set}; then run: concord reconcile <user>`;
  return { actions: [], condition: needsAction({ type, reason: 'CodeDiffers', message }) };
}

/** A known code that is taken is left to the next observation, which finds the user who has it. */
type Step<T extends DocumentAction['type']> = Extract<DocumentAction, { type: T }>;

export async function createDocument(
  documents: DocumentStore,
  random: Random,
  action: Step<'create-user-document'>,
  context: ApplyContext,
): Promise<Applied> {
  const { code, signedUpAt } = action;
  if (code !== undefined) return create(documents, action, code, context);
  return drawUntilFree(random, signedUpAt, (drawn) => create(documents, action, drawn, context));
}

export async function assignCode(
  documents: DocumentStore,
  random: Random,
  { signedUpAt }: Step<'assign-code'>,
  context: ApplyContext,
): Promise<Applied> {
  return drawUntilFree(random, signedUpAt, (code) => assign(documents, code, context));
}

export async function restoreCode(
  documents: DocumentStore,
  { code }: Step<'restore-code'>,
  context: ApplyContext,
): Promise<Applied> {
  return assign(documents, code, context);
}

/** `refused` where another user has the code. */
type Write = Extract<Applied, 'applied' | 'unchanged' | 'refused'>;

async function drawUntilFree(
  random: Random,
  signedUpAt: Date,
  write: (code: Code) => Promise<Write>,
): Promise<Applied> {
  for (let attempt = 0; attempt < MAX_TRIES; attempt += 1) {
    const written = await write(drawCode(random, signedUpAt, attempt));
    if (written !== 'refused') return written;
  }
  throw new UpstreamError(`no free code among ${MAX_TRIES} draws`, {
    upstream: 'mongodb',
    code: 'CODE_SPACE_EXHAUSTED',
    retryable: true,
  });
}

async function create(
  documents: DocumentStore,
  { when }: CreateDocument,
  code: Code,
  context: ApplyContext,
): Promise<Write> {
  await context.ensureLease();
  const outcome = await documents.createUser(context.user, code, when);
  if (outcome === 'code-taken') return 'refused';
  // Another writer was faster. The next observation of the document shows what is left to do.
  if (outcome === 'user-exists') return 'unchanged';
  await context.append(
    { type: 'user-document.created', data: { when: when.toISOString() } },
    { type: 'code.assigned', data: { code } },
  );
  return 'applied';
}

async function assign(documents: DocumentStore, code: Code, context: ApplyContext): Promise<Write> {
  await context.ensureLease();
  const outcome = await documents.assignCode(context.user, code);
  if (outcome === 'code-taken') return 'refused';
  if (outcome === 'has-code') return 'unchanged';
  await context.append({ type: 'code.assigned', data: { code } });
  return 'applied';
}
