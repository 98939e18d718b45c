/**
 * A user as a bug report: the events, and every answer that an observation got, under other names, so that the file
 * alone repeats the observation and gives the same plan. It has no name, address, handle, code, DID, id or raw payload
 * of the original.
 */

import { UpstreamError } from '../../../errors.ts';
import type { Auth0UserId, UserKey } from '../../../identity.ts';
import type { View } from '../../../reconcilers/view.ts';
import { dryRun } from '../../reconcile/dry-run.ts';
import type { AssessDeps, AssessedTenant } from '../../reconcile/read-side.ts';
import { CAPTURE_VERSION, type Capture, type CapturedPlan } from './capture-file.ts';
import { pseudonymisedEvent } from './pseudonymise-event.ts';
import { ConsistentPseudonyms } from './pseudonyms.ts';
import { Recorder } from './recorder.ts';

interface Captured {
  readonly user: UserKey;
  readonly userId: Auth0UserId;
  readonly tenant: AssessedTenant;
  /** As far as it is known: the versions of Concord and of Node. */
  readonly concord: string;
  readonly node: string;
}

/** Observes the user, as a dry run does. Throws UpstreamError when the log cannot be read. */
export async function capture(deps: AssessDeps, who: Captured, now: Date): Promise<Capture> {
  const { user, userId, tenant, concord, node } = who;
  const recorder = new Recorder(deps, tenant);
  recorder.keep(await deps.events.ofUser(user));
  const observation = await dryRun(recorder.deps, recorder.tenant, user, userId, now).catch(
    (error: unknown) => {
      if (!(error instanceof UpstreamError)) throw error;
      return undefined;
    },
  );
  const linkedTenant = tenant.linkedTenant;
  // A linked user is of another tenant, of which only the form of its keys matters here.
  const second = linkedTenant && {
    id: linkedTenant.id,
    keyPrefix: linkedTenant.keyPrefix,
    emailTag: undefined,
  };
  const pseudonyms = new ConsistentPseudonyms(
    [tenant, ...(second === undefined ? [] : [second])],
    recorder.domain,
  );
  const events = recorder.events();
  // Numbered in their order first, because causes may name later ones.
  for (const { _id } of events) pseudonyms.event(_id);
  const [own, others] = pseudonyms.tenants;
  if (own === undefined) throw new Error('the tenant of a user is one');
  const { settleMs, refusalRetryMs, policy } = deps.settings;
  return {
    ...{ format: 'concord-capture', version: CAPTURE_VERSION, concord, node, at: now },
    settings: { settleMs, refusalRetryMs, policy },
    ...{ user: pseudonyms.user(user), userId: pseudonyms.userId(userId), tenant: own, sister: others },
    events: events.map((event) => pseudonymisedEvent(event, pseudonyms)),
    seen: recorder.seen(pseudonyms),
    plan: observation === undefined ? undefined : planOf(observation.view),
  };
}

export function planOf({ actions, conditions, failures }: View): CapturedPlan {
  return {
    actions: actions.map(({ resource, type }) => ({ resource, type })),
    conditions: conditions.map(({ type, status, reason, held }) => ({ type, status, reason, held })),
    failures: failures.map(({ resource, code }) => ({ resource, code })),
  };
}
