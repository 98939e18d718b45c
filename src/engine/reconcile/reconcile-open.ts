/**
 * What the schedule makes due at each tick: users who are not in sync and have no other trigger.
 *
 * | user                          | is reconciled again                                              |
 * |-------------------------------|------------------------------------------------------------------|
 * | pending                       | at every tick: what it waits for may have happened               |
 * | needs action                  | once a day; changes in Auth0 or MongoDB are triggers themselves  |
 * | backing off, due, quarantined | by its own time, or by a trigger                                 |
 *
 * Many users can need action from one cause, such as a batch of taken addresses, and only a person resolves them. So each
 * has its own time: users who became due together are spread over the next day.
 */
import { createHash } from 'node:crypto';
import type { TenantId, UserKey } from '../../identity.ts';
import type { Clock } from '../../ports/clock.ts';
import type { WorkQueue } from '../../ports/queue.ts';
import type { OpenUser, SubjectReader } from '../../ports/subjects.ts';
import type { EngineSettings } from './settings.ts';

export interface ReconcileOpenDeps {
  readonly subjects: Pick<SubjectReader, 'open'>;
  readonly queue: Pick<WorkQueue, 'markDue'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly settings: Pick<EngineSettings, 'recheckMs'>;
}

/** By how much of `recheckMs` the times of users differ. */
const SPREAD = 0.25;

/** Returns how many users were made due. */
export async function reconcileOpen(
  { subjects, queue, clock, settings }: ReconcileOpenDeps,
  tenant: TenantId,
): Promise<number> {
  const now = clock.now();
  let users = 0;
  for await (const page of subjects.open(tenant, now)) {
    const due = page.filter((one) => isToRead(one, settings.recheckMs, now));
    if (due.length === 0) continue;
    const triggers = due.map(({ user, userId }) => ({ user, userId, tenant }));
    await queue.markDue(triggers, now, 'sweep');
    users += due.length;
  }
  return users;
}

function isToRead({ user, needsAction, observedAt }: OpenUser, recheckMs: number, now: Date): boolean {
  if (!needsAction || observedAt === undefined) return true;
  const ageMs = now.getTime() - observedAt.getTime();
  // A read from the future was made before the clock was set back.
  return ageMs < 0 || ageMs >= recheckMs * (1 + SPREAD * shareOf(user));
}

/** From 0 up to 1, always the same for one user. */
function shareOf(user: UserKey): number {
  return createHash('sha256').update(user).digest().readUInt32BE(0) / 2 ** 32;
}
