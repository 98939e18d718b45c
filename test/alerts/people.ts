import type { AffectedUser } from '../../src/ports/status-counts.ts';
import { alice, type Person } from '../mongo/subjects/people.ts';

/** Since when whoever is in trouble is, unless said otherwise: half an hour before the test begins. */
export const SINCE = '2026-03-01T11:30:00.000Z';

/** Somebody whose last pass failed. */
export function failing(
  failure: Partial<NonNullable<AffectedUser['failure']>> = {},
  { who = alice, ...changes }: { readonly who?: Person } & Partial<AffectedUser> = {},
): AffectedUser {
  return {
    ...{ user: who.user, tenant: who.tenant, health: 'Degraded', attempts: 3, quarantined: false },
    conditions: [{ type: 'account', status: 'False', reason: 'Failing', held: false, since: SINCE }],
    failure: {
      ...{ code: 'BAD_REQUEST', upstream: 'pds', message: 'account: pds createAccount answered 400.' },
      ...{ since: SINCE, at: SINCE },
      ...failure,
    },
    dueAt: undefined,
    ...changes,
  };
}
