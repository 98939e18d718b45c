/** From conditions to the two axes that are never mixed, and to what the read model shows of a user. */
import type { ConditionDraft } from '../events/event.ts';
import type { Facts } from '../events/fold.ts';
import type { Health, SubjectView, Sync } from '../ports.ts';
import type { View } from './look.ts';

/** From this many failed passes in a row a user counts as degraded and no longer as being worked on. */
const DEGRADED_AFTER = 3;

export function syncOf(conditions: readonly Pick<ConditionDraft, 'status'>[]): Sync {
  if (conditions.some(({ status }) => status === 'Unknown')) return 'Unknown';
  return conditions.some(({ status }) => status === 'False') ? 'OutOfSync' : 'Synced';
}

export function healthOf(
  facts: Pick<Facts, 'quarantined' | 'attempts' | 'auth0'>,
  conditions: readonly ConditionDraft[],
): Health {
  if (facts.quarantined || facts.attempts >= DEGRADED_AFTER || conditions.some(({ held }) => held))
    return 'Degraded';
  if (facts.auth0?.blocked === true) return 'Suspended';
  return conditions.some(({ status }) => status !== 'True') ? 'Progressing' : 'Healthy';
}

export function subjectView(facts: Facts, view: View | undefined): SubjectView {
  return {
    email: facts.auth0?.email?.toLowerCase(),
    emailVerified: facts.auth0?.emailVerified ?? false,
    code: view?.documents?.user?.code ?? facts.code,
    did: view?.account?.did ?? facts.account?.did,
    accountHandle: view?.account?.handle ?? facts.account?.handle,
    accountEmail: (view?.account?.email ?? facts.account?.email)?.toLowerCase(),
    platformHandle: facts.platformHandle,
    conditions: facts.conditions,
    sync: syncOf(facts.conditions),
    health: healthOf(facts, facts.conditions),
    attempts: facts.attempts,
    quarantined: facts.quarantined,
  };
}
