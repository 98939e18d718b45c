/** What a transfer takes, over a world in memory. */
import type { Party } from '../../../src/engine/reconcile/transfer/sides.ts';
import { eventId } from '../../../src/identity.ts';
import { otherTenant, type Person } from '../../mongo/subjects/people.ts';
import type { World } from './world.ts';

export function transferParty(world: World, who: Person): Party {
  const directory = who.tenant === otherTenant ? world.otherDirectory : world.directory;
  return { user: who.user, userId: who.userId, tenant: { id: who.tenant, directory } };
}

export function transferDeps(world: World) {
  return { ...world.deps, events: world.log };
}

/** Auth0 deletes the user and tells of it: two proofs. */
export async function leave(world: World, who: Person): Promise<void> {
  const directory = who.tenant === otherTenant ? world.otherDirectory : world.directory;
  directory.remove(who.userId);
  // After all that was read of the user before.
  await world.clock.advance(60_000);
  const at = world.clock.now();
  const logId = String(world.log.events.length);
  const { user, tenant } = who;
  await world.log.append([
    {
      ...{ _id: eventId(`${tenant}:${logId}`), user, tenant, type: 'auth0.log-received' },
      ...{ at, recordedAt: at, cause: [], data: { logId, code: 'sdu', hint: 'deleted', raw: '{}' } },
    },
  ]);
  await world.queue.markDue([who], at, 'trigger');
}
