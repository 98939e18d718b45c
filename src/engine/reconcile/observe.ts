/**
 * Observes one user: the desired state, the actual state, and the plan. Reads only, so that a dry run and an audit use the
 * same code as a reconciliation.
 */
import type { ExcludedBy } from '../../exclusion.ts';
import type { TenantId, UserKey } from '../../identity.ts';
import type { DatabaseClock } from '../../ports/clock.ts';
import type { EventReader } from '../../ports/event-log.ts';
import type { ReservationReader } from '../../ports/reservations.ts';
import type { Readers } from '../../reconcilers/independent.ts';
import { type Learned, observeShared } from '../../reconcilers/observe.ts';
import type { SharedReaders } from '../../reconcilers/shared.ts';
import type { View } from '../../reconcilers/view.ts';
import { openGaps } from '../intake/gaps.ts';
import { takenByOthers } from './claims/reserved.ts';
import { withClock } from './clock-filter.ts';
import { observeIndependent } from './independent.ts';
import type { EngineSettings } from './settings.ts';
import { observeTransfer } from './transfer/seen.ts';

export interface ObserveDeps extends Omit<SharedReaders, 'lookUpTaken' | 'openGap' | 'transfer'> {
  readonly events: Pick<EventReader, 'read' | 'ofUser'>;
  readonly reservations: Pick<ReservationReader, 'find'>;
  /** Of independent resources. */
  readonly clients: Readers;
  readonly settings: Pick<EngineSettings, 'settleMs' | 'refusalRetryMs' | 'policy'>;
  readonly databaseClock: DatabaseClock;
}

export interface TenantPolicy {
  /** Added to the address of a second tenant's user when the plain one is taken. */
  readonly emailTag: string | undefined;
  /** Users that nothing is done for. None if it is left out. */
  readonly excludedBy?: ExcludedBy | undefined;
}

/** Observes and plans. */
export async function observeUser(
  deps: ObserveDeps,
  tenant: TenantPolicy & { readonly id: TenantId },
  user: UserKey,
  learned: Learned,
  now: Date,
): Promise<View> {
  const { events, settings } = deps;
  const readers: SharedReaders = {
    ...deps,
    lookUpTaken: (values) => takenByOthers(deps, user, values, now),
    openGap: async () => (await openGaps(events, tenant.id))[0],
    transfer: () => observeTransfer(deps, user, learned.facts),
  };
  const view = await observeShared(readers, { user, tenant, settings }, learned, now);
  return withClock(await observeIndependent(deps.clients, view, learned.facts, now), deps.databaseClock);
}
