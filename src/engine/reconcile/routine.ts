/**
 * Which users are left as they are when only routine triggers made them due, such as logins: users in sync, with a
 * verified address and an account, whom Auth0 was asked about a while ago. Most of Auth0's log is logins, and the
 * quota of its API is shared with the platform.
 */
import type { TenantId } from '../../identity.ts';
import type { EventReader, Lease, SubjectView } from '../../ports.ts';
import type { EngineSettings } from './settings.ts';

export interface RoutineDeps {
  readonly log: Pick<EventReader, 'read'>;
  readonly settings: Pick<EngineSettings, 'loginFreshForMs'>;
}

/** Decided from the lease alone, unless the user was last read too long ago. */
export async function needsNoRead({ log, settings }: RoutineDeps, lease: Lease, now: Date): Promise<boolean> {
  const { isRoutine, shown, observedAt, tenant } = lease;
  if (!isRoutine || settings.loginFreshForMs === 0 || shown === undefined || !isInSync(shown)) return false;
  const since = new Date(now.getTime() - settings.loginFreshForMs);
  // A read from the future is from before the clock was set back, and says nothing of today.
  if (observedAt !== undefined && since <= observedAt && observedAt <= now) return true;
  return wasListed(log, tenant, since, now);
}

function isInSync({ sync, health, verifiedEmail, did, attempts, failure }: SubjectView): boolean {
  const isKnown = verifiedEmail !== undefined && did !== undefined;
  return isKnown && sync === 'Synced' && health === 'Healthy' && attempts === 0 && failure === undefined;
}

/**
 * A complete sweep that began since then has compared every user with Auth0 and made due who differs. After one that
 * halted, some of those who differ are not due, so it proves nothing of anyone.
 */
async function wasListed(
  log: RoutineDeps['log'],
  tenant: TenantId,
  since: Date,
  now: Date,
): Promise<boolean> {
  const halts: Date[] = [];
  const sweeps: { readonly begunAt: Date; readonly endedAt: Date }[] = [];
  for await (const event of log.read({ types: ['sweep.halted', 'sweep.finished'], since })) {
    if (event.tenant !== tenant || event.at > now) continue;
    if (event.type === 'sweep.halted') halts.push(event.at);
    if (event.type === 'sweep.finished' && event.data.complete)
      sweeps.push({ begunAt: new Date(event.at.getTime() - event.data.durationMs), endedAt: event.at });
  }
  return sweeps.some(
    ({ begunAt, endedAt }) => begunAt >= since && !halts.some((at) => begunAt <= at && at <= endedAt),
  );
}
