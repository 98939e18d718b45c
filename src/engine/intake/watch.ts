/**
 * The triggers from the database: a handle is chosen, or a document is deleted by hand, and the user is due at once.
 * They are only triggers: the sweep finds what is missed here. Where changes are known to be missed, a full sweep
 * follows.
 *
 * | the server                      | what is done                                                          |
 * |---------------------------------|-----------------------------------------------------------------------|
 * | has change streams              | they are followed, from where the last process stopped                |
 * | has them, and not so far back   | they are followed from now on, and a full sweep follows               |
 * | has none, or does not allow it  | `@handles` is polled for rows with a new date, with a short overlap    |
 * | cannot be reached               | tried again, from the same place                                      |
 */

import { UpstreamError } from '../../errors.ts';
import { addIgnored, type IgnoredCounts, type IgnoreReason } from '../../events/ignored.ts';
import type { KeySpace } from '../../exclusion.ts';
import type { TenantId, UserKey } from '../../identity.ts';
import type { Logger } from '../../logger.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DocumentChange, DocumentChanges } from '../../ports/documents.ts';
import type { IgnoredTotals } from '../../ports/intake.ts';
import type { WorkQueue } from '../../ports/queue.ts';
import type { Cursors } from '../../ports/runs.ts';
import type { Trigger } from '../../ports/trigger.ts';
import { isExcluded, ownerOf, tenantOf } from './owner.ts';
import { countsRemovals, noteRemoval, type RemovalDeps } from './removals.ts';

export interface WatchDeps extends RemovalDeps {
  readonly changes: DocumentChanges;
  readonly cursors: Cursors;
  readonly queue: Pick<WorkQueue, 'markDue'>;
  readonly logger: Logger;
  readonly ignored: Pick<IgnoredTotals, 'add'>;
  readonly tenants: readonly KeySpace[];
  /** How often handles are polled where there are no change streams, in milliseconds. */
  readonly pollMs: number;
  /** Changes were missed; of which users is unknown. */
  onMissed(): void;
  /** Changes were counted and not followed: their keys name no user, or an excluded one. */
  onIgnored(tenant: TenantId, counts: IgnoredCounts): void;
}

/** The status of the watch. */
export interface WatchState {
  readonly mode: 'starting' | 'stream' | 'poll' | 'broken';
  /** When the server last answered: about every second with a stream, at every poll otherwise. */
  readonly aliveAt: Date | undefined;
  /** Milliseconds from the newest change to its owner being due, to the second of the server's clock. */
  readonly lagMs: number | undefined;
}

export interface Watch {
  /** Watches until the signal aborts. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  state(): WatchState;
}

const STREAM = 'document-changes';
const POLL = 'handles-by-date';
const RETRY_MS = 2_000;
/** Changes between the last stored position and a crash are read twice, which does no harm. */
const KEEP_MS = 30_000;
/** A row may be written a while after its date, and by a clock that is behind ours. */
const OVERLAP_MS = 60_000;
/** How many rows are remembered as seen; beyond that, as in an import, no rows are read twice. */
const MAX_SEEN = 50_000;
/** A slow poll, as without an index, runs less often in proportion, so that it is never most of the load. */
const REST_PER_POLL = 9;

function ignoredFor(key: UserKey, tenant: KeySpace): IgnoreReason | undefined {
  if (isExcluded(tenant, key)) return 'excluded';
  return ownerOf(key, [tenant]) === undefined ? 'not-a-user-id' : undefined;
}

function isWatched(key: UserKey, tenants: readonly KeySpace[]): boolean {
  const tenant = tenantOf(key, tenants);
  return tenant !== undefined && ignoredFor(key, tenant) === undefined;
}

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: one closure; its parts share the state and what was missed.
export function createWatch(deps: WatchDeps): Watch {
  const { changes, cursors, queue, clock, logger } = deps;
  let state: WatchState = { mode: 'starting', aliveAt: undefined, lagMs: undefined };
  let hasMissed = false;

  /** The triggers for the users of these keys. Keys that name no user, or an excluded one, are counted. */
  async function triggersFor(keys: readonly UserKey[]): Promise<readonly Trigger[]> {
    const triggers: Trigger[] = [];
    const ignored = new Map<TenantId, IgnoredCounts>();
    for (const key of keys) {
      const tenant = tenantOf(key, deps.tenants);
      if (tenant === undefined) continue;
      const reason = ignoredFor(key, tenant);
      if (reason !== undefined)
        ignored.set(tenant.id, addIgnored(ignored.get(tenant.id) ?? {}, { [reason]: 1 }));
      const owned = reason === undefined ? ownerOf(key, [tenant]) : undefined;
      if (owned !== undefined) triggers.push({ user: owned.user, userId: owned.userId, tenant: tenant.id });
    }
    for (const [tenant, counts] of ignored) {
      await deps.ignored.add(tenant, counts, clock.now());
      deps.onIgnored(tenant, counts);
    }
    return triggers;
  }

  /** Writes a removal to the log, also where the user is left to a sweep: no later read may show it. */
  async function take(key: UserKey, change: DocumentChange, isDue: boolean): Promise<void> {
    for (const trigger of await triggersFor([key])) {
      const cause = await noteRemoval(deps, trigger, change);
      if (isDue) await markDue([cause === undefined ? trigger : { ...trigger, cause }], change.at);
    }
  }

  async function markDue(triggers: readonly Trigger[], at?: Date): Promise<void> {
    if (triggers.length === 0) return;
    await queue.markDue(triggers, clock.now(), 'trigger');
    if (at !== undefined) state = { ...state, lagMs: Math.max(0, clock.now().getTime() - at.getTime()) };
  }

  function isAlive(mode: 'stream' | 'poll'): void {
    if (state.mode !== mode) logger.info({ mode }, 'watching changes to documents');
    state = { ...state, mode, aliveAt: clock.now() };
  }

  // Only once new changes are read, or those between the full sweep and then would be missed too.
  function catchUp(): void {
    if (!hasMissed) return;
    hasMissed = false;
    deps.onMissed();
  }

  async function follow(signal: AbortSignal): Promise<void> {
    const from = hasMissed ? undefined : await cursors.get(STREAM);
    const keeper = keepsPosition(cursors, clock, STREAM);
    const removals = countsRemovals(clock);
    for await (const change of changes.follow(from, signal)) {
      const { user, removed, position, isWhole } = change;
      isAlive('stream');
      if (isWhole) logger.error('a collection of the platform was dropped or renamed; a full sweep follows');
      const isOfUser = user !== undefined && isWatched(user, deps.tenants);
      const isMany = isOfUser && removed.length > 0 && removals.areMany(user);
      if (isMany && !hasMissed)
        logger.error('documents of many users were removed within a minute; a full sweep follows');
      hasMissed ||= isWhole || isMany;
      // While removals keep coming, the sweep would count too few.
      if (!isMany) catchUp();
      if (user !== undefined) await take(user, change, !isMany);
      if (position !== undefined) await keeper.passed(position);
    }
    await keeper.keep();
  }

  async function poll(signal: AbortSignal): Promise<void> {
    const kept = Date.parse((await cursors.get(POLL)) ?? '');
    let positionMs = Number.isNaN(kept) ? clock.now().getTime() : kept;
    const keeper = keepsPosition(cursors, clock, POLL);
    const seen = new Map<UserKey, { readonly handle: string | undefined; readonly at: Date }>();
    while (!signal.aborted) {
      const startedAt = clock.now();
      const since = new Date(positionMs - (seen.size > MAX_SEEN ? 0 : OVERLAP_MS));
      for (const [user, { at }] of seen) if (at < since) seen.delete(user);
      for await (const page of changes.handlesSince(since)) {
        const fresh = page.filter(({ user, handle, at }) => {
          const before = seen.get(user);
          return before?.handle !== handle || before?.at.getTime() !== at.getTime();
        });
        const newest = Math.max(...fresh.map(({ at }) => at.getTime()));
        const triggers = await triggersFor(fresh.map(({ user }) => user));
        await markDue(triggers, Number.isFinite(newest) ? new Date(newest) : undefined);
        for (const { user, handle, at } of fresh) seen.set(user, { handle, at });
      }
      isAlive('poll');
      catchUp();
      positionMs = startedAt.getTime();
      await keeper.passed(startedAt.toISOString());
      const tookMs = clock.now().getTime() - startedAt.getTime();
      await clock.delay(Math.max(deps.pollMs, tookMs * REST_PER_POLL), signal);
    }
    await keeper.keep();
  }

  async function watch(signal: AbortSignal): Promise<void> {
    try {
      await follow(signal);
    } catch (error) {
      if (isCode(error, 'NO_CHANGE_STREAMS', 'UNAUTHORIZED')) return poll(signal);
      if (!isCode(error, 'POSITION_LOST')) throw error;
      logger.warn({ err: error }, 'changes to documents were missed; a full sweep follows');
      hasMissed = true;
    }
  }

  return {
    state: () => state,
    async run(signal) {
      while (!signal.aborted) {
        try {
          await watch(signal);
        } catch (err) {
          state = { ...state, mode: 'broken' };
          logger.warn({ err }, 'changes to documents cannot be watched; retrying from the same position');
          await clock.delay(RETRY_MS, signal);
        }
      }
    },
  };
}

function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof UpstreamError && codes.includes(error.code);
}

interface Keeper {
  /** Everything before this is durable. */
  passed(position: string): Promise<void>;
  /** Stores the newest one now. */
  keep(): Promise<void>;
}

/** Stores the first position at once, and then at intervals: a write for each would be most of the work. */
function keepsPosition(cursors: Cursors, clock: Clock, name: string): Keeper {
  let newest: string | undefined;
  let kept: string | undefined;
  let keptAtMs = Number.NEGATIVE_INFINITY;
  const keep = async () => {
    if (newest === undefined || newest === kept) return;
    await cursors.set(name, newest);
    kept = newest;
    keptAtMs = clock.now().getTime();
  };
  return {
    keep,
    async passed(position) {
      newest = position;
      if (clock.now().getTime() - keptAtMs >= KEEP_MS) await keep();
    },
  };
}
