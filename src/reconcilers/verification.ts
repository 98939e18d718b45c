/**
 * The platform's `verifications` document: there from sign-up with 0, at least 1 once the email has
 * been verified, and never lowered, since the platform counts further verifications itself.
 *
 * | Auth0             | document        | action   | reason           |
 * |-------------------|-----------------|----------|------------------|
 * | gone              | any             | –        | UserGone         |
 * | not verified      | none            | record 0 | NotRecorded      |
 * | not verified      | any count       | –        | Recorded         |
 * | verified          | none, or 0      | record 1 | NotRecorded      |
 * | verified          | 1 or more       | –        | Recorded         |
 */
import type { Facts } from '../events/fold.ts';
import type { DocumentStore, Documents } from '../ports.ts';
import { type ApplyContext, asDesired, type Plan, toBeMended } from './reconciler.ts';

export type DesiredVerification =
  | { readonly type: 'none' }
  | { readonly type: 'at-least'; readonly count: 0 | 1 };

export interface VerificationAction {
  readonly resource: 'verification';
  readonly type: 'record-verification';
  readonly count: 0 | 1;
}

const type = 'verification';

export function desired(facts: Facts): DesiredVerification {
  if (facts.auth0 === undefined || facts.absentSince !== undefined) return { type: 'none' };
  return { type: 'at-least', count: facts.auth0.emailVerified ? 1 : 0 };
}

export function plan(wanted: DesiredVerification, actual: Documents): Plan<VerificationAction> {
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
  const count = actual.verificationCount;
  if (count === undefined || count < wanted.count) {
    const message =
      count === undefined ? 'There is no verifications document.' : 'The verified email is not in the count.';
    return {
      actions: [{ resource: type, type: 'record-verification', count: wanted.count }],
      condition: toBeMended({ type, reason: 'NotRecorded', message }),
    };
  }
  return {
    actions: [],
    condition: asDesired({
      type,
      reason: 'Recorded',
      message: 'The verifications document is as it should be.',
    }),
  };
}

export async function apply(
  documents: DocumentStore,
  action: VerificationAction,
  context: ApplyContext,
): Promise<void> {
  await context.ensureLease();
  await documents.recordVerification(context.user, action.count);
  await context.tell({ type: 'verification.recorded', data: { count: action.count } });
}
