/**
 * A plan that is saved and applied later: for each user the actions, and what they rest on. Users who changed since
 * are left out, so that only the reviewed actions are applied. Pure.
 *
 * What was read is stored as salted digests: enough to compare, and unreadable.
 */
import { createHash } from 'node:crypto';
import type { Facts } from '../../events/facts.ts';
import type { EventId, TenantId, UserKey } from '../../identity.ts';
import type { View } from '../../reconcilers/view.ts';
import type { PlannedStep } from './planned.ts';

export const SAVED_PLAN_VERSION = 2;

export interface SavedUser {
  readonly user: UserKey;
  readonly tenant: TenantId;
  /** For a person to read; `rests.plan` decides. */
  readonly actions: readonly PlannedStep[];
  /** Why more actions may follow, as a sentence. */
  readonly mayFollow: string | null;
  readonly rests: Rests;
}

/** What a plan rests on. */
export interface Rests {
  /** The user's newest event in our log, null while there is none. */
  readonly event: EventId | null;
  readonly auth0: string;
  readonly documents: string;
  readonly account: string;
  readonly plan: string;
}

export interface SavedTenant {
  readonly id: TenantId;
  readonly domain: string;
  readonly keyPrefix: string;
  /** How many users the listing had; null when not all users were assessed. */
  readonly users: number | null;
}

/** The place that a plan is for; it is applied nowhere else. */
export interface Place {
  readonly database: string;
  readonly pds: string;
  readonly tenants: readonly Omit<SavedTenant, 'users'>[];
}

export interface SavedPlan {
  readonly format: 'concord-plan';
  readonly version: typeof SAVED_PLAN_VERSION;
  readonly concord: string;
  readonly madeAt: string;
  readonly database: string;
  readonly pds: string;
  readonly tenants: readonly SavedTenant[];
  readonly salt: string;
  readonly users: readonly SavedUser[];
}

export function restsOn(facts: Facts, { documents, account, actions }: View, salt: string): Rests {
  return {
    event: facts.newestEvent ?? null,
    auth0: digest(salt, facts.absentSince === undefined ? facts.auth0 : 'absent'),
    documents: digest(salt, documents),
    account: digest(salt, account),
    plan: digest(salt, actions),
  };
}

function digest(salt: string, value: unknown): string {
  return createHash('sha256')
    .update(salt)
    .update(JSON.stringify(value) ?? 'nothing')
    .digest('base64url');
}

/** What has changed since, in a sentence; undefined when nothing has. */
export function movedOn(then: Rests, now: Rests): string | undefined {
  if (then.event !== now.event) return 'the log has newer events of this user';
  if (then.auth0 !== now.auth0) return 'the user has changed in Auth0';
  if (then.documents !== now.documents) return 'the documents have changed';
  if (then.account !== now.account) return 'the account has changed';
  if (then.plan !== now.plan) return 'the plan has changed';
  return undefined;
}

/** Why a plan is not for this place, in a sentence; undefined when it is. */
export function strangeness(plan: SavedPlan, here: Place): string | undefined {
  if (plan.database !== here.database)
    return `it was made for the database ${plan.database}, and this is ${here.database}`;
  if (plan.pds !== here.pds) return `it was made for the PDS ${plan.pds}, and this is ${here.pds}`;
  for (const { id, domain, keyPrefix } of plan.tenants) {
    const tenant = here.tenants.find((one) => one.id === id);
    if (tenant === undefined) return `it was made for the tenant ${id}, which is not configured here`;
    if (tenant.domain !== domain)
      return `it was made for the tenant ${id} at ${domain}, and here that is at ${tenant.domain}`;
    if (tenant.keyPrefix !== keyPrefix) return `the keys of the tenant ${id} have another prefix here`;
  }
  return undefined;
}
