/**
 * The triggers from the database: somebody chooses a handle, or deletes a document by hand, and the owner is
 * due at once. They are triggers and no more: what is missed here is found by the sweep, and where it is known
 * that something was missed, everybody is looked at.
 *
 * | the server                      | what is done                                                          |
 * |---------------------------------|-----------------------------------------------------------------------|
 * | has change streams              | they are followed, from where the last process came to                |
 * | has them, and not so far back   | followed from now on, and everybody is looked at                      |
 * | has none, or does not allow it  | `@handles` is asked for rows with a new date, a little of it twice    |
 * | cannot be reached               | tried again, from the same place                                      |
 */
import { UpstreamError } from '../errors.ts';
import type { TenantId, UserKey } from '../identity.ts';
import type { Logger } from '../logger.ts';
import type { Clock, Cursors, DocumentChanges, WorkQueue } from '../ports.ts';
import { ownerOf } from './owner.ts';

export interface WatchDeps {
  readonly changes: DocumentChanges;
  readonly cursors: Cursors;
  readonly queue: Pick<WorkQueue, 'markDue'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly tenants: readonly { readonly id: TenantId; readonly keyPrefix: string }[];
  /** How often handles are asked for where there are no change streams, in milliseconds. */
  readonly pollMs: number;
  /** Somebody is due. */
  onDue(): void;
  /** Changes were missed, nobody knows whose. */
  onMissed(): void;
}

/** How the watch stands. */
export interface WatchState {
  readonly mode: 'starting' | 'stream' | 'poll' | 'broken';
  /** When the server last answered: with a stream about every second, with polls as often as they are. */
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
/** What lies between the last position that was kept and a crash is heard twice, which does no harm. */
const KEEP_MS = 30_000;
/** A row may be written a while after the time it was given, and by a clock that is behind ours. */
const OVERLAP_MS = 60_000;
/** So many rows are remembered as seen; beyond that, as in an import, nothing is asked for twice. */
const MAX_SEEN = 50_000;
/** A poll that takes long, as without an index, is made as much less often, so that it is never most of the load. */
const REST_PER_POLL = 9;

export function createWatch(deps: WatchDeps): Watch {
  const { changes, cursors, queue, clock, logger } = deps;
  let state: WatchState = { mode: 'starting', aliveAt: undefined, lagMs: undefined };
  let hasMissed = false;

  async function markDue(users: readonly UserKey[], at?: Date): Promise<void> {
    const now = clock.now();
    const triggers = users.flatMap((key) => {
      const owned = ownerOf(key, deps.tenants);
      return owned === undefined ? [] : [{ user: owned.user, userId: owned.userId, tenant: owned.tenant.id }];
    });
    if (triggers.length === 0) return;
    await queue.markDue(triggers, now, 'trigger');
    if (at !== undefined) state = { ...state, lagMs: Math.max(0, clock.now().getTime() - at.getTime()) };
    deps.onDue();
  }

  function isAlive(mode: 'stream' | 'poll'): void {
    if (state.mode !== mode) logger.info({ mode }, 'changes to documents are watched');
    state = { ...state, mode, aliveAt: clock.now() };
  }

  /** Only once the changes of now are heard, or those between the look at everybody and that would be missed too. */
  function catchUp(): void {
    if (!hasMissed) return;
    hasMissed = false;
    deps.onMissed();
  }

  async function follow(signal: AbortSignal): Promise<void> {
    const from = hasMissed ? undefined : await cursors.get(STREAM);
    const keeper = keepsPosition(cursors, clock, STREAM);
    for await (const { user, position, at, isWhole } of changes.follow(from, signal)) {
      isAlive('stream');
      if (isWhole) {
        logger.error('a collection of the platform was dropped or renamed; everybody is looked at');
        hasMissed = true;
      }
      catchUp();
      if (user !== undefined) await markDue([user], at);
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
        await markDue(
          fresh.map(({ user }) => user),
          Number.isFinite(newest) ? new Date(newest) : undefined,
        );
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
      logger.warn({ err: error }, 'changes to documents were missed; everybody is looked at');
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
          logger.warn({ err }, 'changes to documents cannot be watched; tried again from the same place');
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
  /** What lies before this is durable. */
  passed(position: string): Promise<void>;
  /** Keeps the newest one now. */
  keep(): Promise<void>;
}

/** Keeps the first position at once, and then one every now and then: a write for each would be most of the work. */
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
