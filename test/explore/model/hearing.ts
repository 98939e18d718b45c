/** How Concord is told of what happened outside, one message after another. */

import { ingest } from '../../../src/engine/intake/ingest.ts';
import { ownerOf } from '../../../src/engine/intake/owner.ts';
import { noteRemoval } from '../../../src/engine/intake/removals.ts';
import { otherTenant, tenant } from '../../mongo/subjects/people.ts';
import type { Run } from '../search/run.ts';
import type { Message } from './platform.ts';
import type { Ports } from './ports.ts';

export const TENANTS = [
  { id: tenant, keyPrefix: '' },
  { id: otherTenant, keyPrefix: 'second-' },
] as const;

/** Told once, by the webhook or by the change stream. Throws when it has to be told again. */
export async function hear(run: Run, ports: Ports, message: Message): Promise<void> {
  const { clock } = run.world;
  const { who } = message;
  if (message.type === 'entry') {
    const target = TENANTS.find(({ id }) => id === who.tenant);
    if (target === undefined) return;
    const data = { type: message.code, date: '2026-02-28T12:00:00.000Z', user_id: who.userId };
    const body = { log_id: `told-${run.world.heard}`, data };
    await ingest(
      { log: ports.log, queue: ports.queue, rejects: ports.rejects, ignored: ports.ignored, clock },
      target,
      [body],
    );
    return;
  }
  // As the watch of the change stream does.
  const owned = ownerOf(who.user, TENANTS);
  if (owned === undefined) return;
  const trigger = { user: owned.user, userId: owned.userId, tenant: owned.tenant.id };
  const change = {
    removed: message.removed === undefined ? [] : [message.removed],
    position: String(run.world.heard),
    // MongoDB tells the second.
    at: new Date(Math.floor(message.atMs / 1_000) * 1_000),
  };
  const deps = { log: ports.log, clock, random: run.world.random };
  const cause = await noteRemoval(deps, trigger, change);
  for (const what of change.removed) run.watch.heard(who.user, what, new Date(message.atMs));
  const due = cause === undefined ? trigger : { ...trigger, cause };
  await ports.queue.markDue([due], clock.now(), 'trigger');
}
