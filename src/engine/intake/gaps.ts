/** The gaps of a tenant, stored as events of the log: read, opened and closed. */

import type { GapCause } from '../../events/data/runs.ts';
import type { ConcordEvent } from '../../events/event.ts';
import { type Gap, isHealedBySweep, openGapsIn } from '../../events/gap.ts';
import type { TenantId } from '../../identity.ts';
import type { Logger } from '../../logger.ts';
import type { Clock, Random } from '../../ports/clock.ts';
import type { EventLog, EventReader } from '../../ports/event-log.ts';
import { draft } from './decision.ts';

export interface GapDeps {
  readonly log: Pick<EventLog, 'append'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** There are a few a year, so they are read as a whole. */
export async function openGaps(events: Pick<EventReader, 'read'>, tenant: TenantId): Promise<readonly Gap[]> {
  const told: ConcordEvent[] = [];
  for await (const event of events.read({ types: ['gap.opened', 'gap.closed'] })) told.push(event);
  return openGapsIn(told, tenant);
}

export async function openGap(
  deps: GapDeps,
  tenant: TenantId,
  gap: { readonly cause: GapCause; readonly from: Date; readonly until: Date | undefined },
): Promise<Gap> {
  const { cause, from, until } = gap;
  const data = { cause, from: from.toISOString(), until: until?.toISOString() ?? null };
  const event = draft(deps, null, tenant, 'gap.opened', data);
  await deps.log.append([event]);
  deps.logger.error({ tenant, ...data }, 'events may be missing: no user is removed until the gap is closed');
  return { id: event._id, tenant, ...gap };
}

export async function closeGap(
  deps: GapDeps,
  { id, tenant, cause }: Gap,
  by: 'sweep' | 'pull',
): Promise<void> {
  await deps.log.append([draft(deps, null, tenant, 'gap.closed', { gap: id, by })]);
  deps.logger.info({ tenant, cause, by }, 'a gap is closed');
}

/** Closes the gaps that a complete sweep, begun at this moment, covers. */
export async function closeSwept(deps: GapDeps, gaps: readonly Gap[], begunAt: Date): Promise<void> {
  for (const gap of gaps) if (isHealedBySweep(gap, begunAt)) await closeGap(deps, gap, 'sweep');
}
