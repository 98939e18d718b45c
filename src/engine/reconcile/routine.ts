/**
 * Which users are left as they are when only routine triggers, such as logins, made them due: users in sync, with a
 * verified address and an account, who were read from Auth0 a while ago. Most of Auth0's log is logins, and the
 * quota of its API is shared with the platform.
 */
import type { TenantId } from '../../identity.ts';
import type { EventReader } from '../../ports/event-log.ts';
import type { Lease } from '../../ports/queue.ts';
import type { SubjectView } from '../../ports/subjects.ts';
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
  // A read from the future was made before the clock was set back, and proves nothing.
  if (observedAt !== undefined && since <= observedAt && observedAt <= now) return true;
  return wasListed(log, tenant, since, now);
}

function isInSync({ sync, health, verifiedEmail, did, attempts, failure }: SubjectView): boolean {
  const isKnown = verifiedEmail !== undefined && did !== undefined;
  return isKnown && sync === 'Synced' && health === 'Healthy' && attempts === 0 && failure === undefined;
}

/** The newest sweeps nearly always decide, however many there were and however many users a halt concerns. */
const NEWEST = 8;

/**
 * A complete sweep that began since then has compared every user with Auth0 and made users out of sync due. A sweep that
 * halted left some of them not due, so it proves nothing about any user.
 */
async function wasListed(
  log: RoutineDeps['log'],
  tenant: TenantId,
  since: Date,
  now: Date,
): Promise<boolean> {
  const newest = await provenAmong(log, tenant, since, now, NEWEST);
  return newest ?? (await provenAmong(log, tenant, since, now, NO_LIMIT)) ?? false;
}

const NO_LIMIT = 0;

interface CompleteSweep {
  readonly begunAt: Date;
  readonly endedAt: Date;
}

/** Undefined where this many events do not decide it. */
async function provenAmong(
  log: RoutineDeps['log'],
  tenant: TenantId,
  since: Date,
  now: Date,
  limit: number,
): Promise<boolean | undefined> {
  const halts: Date[] = [];
  let sweeps: readonly CompleteSweep[] = [];
  let count = 0;
  const types = ['sweep.halted', 'sweep.finished'] as const;
  for await (const event of log.read({ types, since, newestFirst: true, usersOfHalts: 1, limit })) {
    count += 1;
    const { at } = event;
    // No older event can have halted a sweep that began later.
    if (sweeps.some(({ begunAt }) => at < begunAt)) return true;
    if (event.tenant !== tenant || at > now) continue;
    if (event.type === 'sweep.halted') {
      halts.push(at);
      sweeps = sweeps.filter((sweep) => !isWithin(at, sweep));
    }
    if (event.type === 'sweep.finished' && event.data.complete) {
      const sweep = { begunAt: new Date(at.getTime() - event.data.durationMs), endedAt: at };
      if (sweep.begunAt >= since && !halts.some((halt) => isWithin(halt, sweep))) sweeps = [...sweeps, sweep];
    }
  }
  const isWhole = limit === NO_LIMIT || count < limit;
  return isWhole ? sweeps.length > 0 : undefined;
}

function isWithin(at: Date, { begunAt, endedAt }: CompleteSweep): boolean {
  return begunAt <= at && at <= endedAt;
}
