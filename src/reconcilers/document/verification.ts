/**
 * The platform's `verifications` document: there from sign-up with 0, at least 1 once the email has
 * been verified, and never lowered, since the platform counts further verifications itself.
 *
 * | Auth0             | document                    | action   | reason          |
 * |-------------------|-----------------------------|----------|-----------------|
 * | deleted           | any                         | –        | UserGone        |
 * | blocked           | any                         | –        | UserBlocked     |
 * | any               | was there and is missing    | –, held  | DocumentRemoved |
 * | not verified      | never was there             | create 0 | NotRecorded     |
 * | not verified      | any count                   | –        | Recorded        |
 * | verified          | never was there             | create 1 | NotRecorded     |
 * | verified          | 0                           | raise    | NotRecorded     |
 * | verified          | 1 or more                   | –        | Recorded        |
 */
import type { Facts } from '../../events/facts.ts';
import type { DocumentStore, Documents } from '../../ports/documents.ts';
import {
  type Applied,
  type ApplyContext,
  inSync,
  type Plan,
  pending,
  removedByOthers,
} from '../reconciler.ts';
import { notWanted, RESTORE_COMMAND, type Unwanted } from '../unwanted.ts';

export type DesiredVerification =
  | Unwanted
  | {
      readonly type: 'at-least';
      readonly count: 0 | 1;
      /** The count that is written where the document is created: what it had before, where that is known. */
      readonly initial: number;
      /** The document has been there. */
      readonly wasThere: boolean;
    };

export interface VerificationAction {
  readonly resource: 'verification';
  readonly type: 'record-verification';
  readonly count: number;
  /** Without it, the document is raised only where it is there. */
  readonly isNew: boolean;
}

const type = 'verification';

export function desired(facts: Facts): DesiredVerification {
  const unwanted = notWanted(facts);
  if (unwanted !== undefined) return unwanted;
  const count = facts.auth0?.emailVerified === true ? 1 : 0;
  const initial = Math.max(count, facts.kept.count ?? 0);
  return { type: 'at-least', count, initial, wasThere: facts.sights.verification };
}

export function plan(wanted: DesiredVerification, actual: Documents): Plan<VerificationAction> {
  const count = actual.verificationCount;
  if (wanted.type === 'unwanted') {
    const now = count === undefined ? 'There is no verifications document' : 'The document is left as it is';
    const message = `${wanted.message} ${now}.`;
    return { actions: [], condition: inSync({ type, reason: wanted.reason, message }) };
  }
  if (count === undefined && wanted.wasThere) {
    const message = `The verifications document was removed. ${RESTORE_COMMAND}`;
    return removedByOthers({ type, reason: 'DocumentRemoved', message });
  }
  if (count === undefined || count < wanted.count) {
    const isNew = count === undefined;
    const message = isNew ? 'There is no verifications document.' : 'The verified email is not in the count.';
    const action = { resource: type, type: 'record-verification', isNew } as const;
    return {
      actions: [{ ...action, count: isNew ? wanted.initial : wanted.count }],
      condition: pending({ type, reason: 'NotRecorded', message }),
    };
  }
  const message = 'The verifications document is in sync.';
  return { actions: [], condition: inSync({ type, reason: 'Recorded', message }) };
}

/** A document that another one created, raised or removed meanwhile is left to the next read. */
export async function apply(
  documents: DocumentStore,
  { count, isNew }: VerificationAction,
  context: ApplyContext,
): Promise<Applied> {
  await context.ensureLease();
  const outcome = isNew
    ? await documents.createVerification(context.user, count)
    : await documents.raiseVerification(context.user, count);
  if (outcome !== 'created' && outcome !== 'raised') return 'unchanged';
  await context.append({ type: 'verification.recorded', data: { count } });
  return 'applied';
}
