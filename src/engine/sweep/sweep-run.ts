/** One run of a sweep: reads the listing in batches, makes users who are out of sync due, and keeps its position. */
import { inStep } from '../../concurrency/map-ordered.ts';
import { UpstreamError } from '../../errors.ts';
import { type Auth0UserId, type EventId, userKey } from '../../identity.ts';
import type { UserPage } from '../../ports/auth0.ts';
import type { RunLease } from '../../ports/runs.ts';
import type { Trigger } from '../../ports/trigger.ts';
import { UNREADABLE_ROW } from '../../reconcilers/observe.ts';
import { draft } from '../intake/decision.ts';
import type { AssessedTenant } from '../reconcile/read-side.ts';
import { assess, assessCloser, isDrifted, isListedOtherwise } from './assess.ts';
import type { Assessment } from './assessment.ts';
import { Tally } from './audit.ts';
import { conclude, KeptUsers } from './conclusions.ts';
import { hasDisappeared, isRename, isResolved, lacksRecently, wasMigrated } from './findings.ts';
import { recordFirstSeen } from './first-seen.ts';
import { InactiveIndex } from './listings/inactive-index.ts';
import { ListedUsers } from './listings/listed-users.ts';
import { countOrphans } from './orphans/count-orphans.ts';
import { type SweepPosition, writePosition } from './sweep-position.ts';
import type { SweepDeps, SweepEnd, SweepOptions } from './sweep-result.ts';

/** How long after its last sign of life a sweep counts as dead. */
export const SWEEP_LEASE_MS = 60_000;

const KEEP_EVERY_MS = 5_000;

/** With more users waiting for its end, a run most likely halts, and its stored position would grow too long. */
const MAX_KEPT_USERS = 1_000;

/** The database answers about one page while another is being read and a third is assessed. */
const PAGES_AT_ONCE = 2;

type Listed = 'complete' | 'broken-off' | 'stopped' | 'listing-gone';

interface ObservedPage {
  readonly page: UserPage;
  /** Of the users of this page, how many had not been read by an earlier run; also those that are excluded. */
  readonly listed: number;
  /** Users who may need a rename, or whose account had moved, have been assessed one by one. */
  readonly seen: readonly Assessment[];
  /** Before the users of this page were read. */
  readonly readAt: Date;
}

export class Run {
  readonly #deps: SweepDeps;
  readonly #tenant: AssessedTenant;
  readonly #lease: RunLease;
  readonly #options: SweepOptions;
  readonly #resumed: boolean;
  #id: EventId | undefined;
  #startedAt: Date;
  #listing: string | undefined;
  #users: number;
  #drifted: number;
  /** Of the listing so far, including users who were assessed before. */
  #listed: ListedUsers;
  #resumes: number;
  #keptAtMs: number;
  readonly #tally: Tally;
  readonly #renames = new KeptUsers();
  readonly #disappeared = new KeptUsers();
  #lackingRecently = 0;
  #index: InactiveIndex | undefined;

  constructor(
    deps: SweepDeps,
    tenant: AssessedTenant,
    lease: RunLease,
    options: SweepOptions,
    from: SweepPosition | undefined,
  ) {
    this.#deps = deps;
    this.#tenant = tenant;
    this.#lease = lease;
    this.#options = options;
    this.#resumed = from !== undefined;
    this.#id = from?.run;
    this.#startedAt = from?.startedAt ?? deps.clock.now();
    this.#listing = from?.listing;
    this.#listed = new ListedUsers(deps, tenant);
    this.#users = from?.users ?? 0;
    this.#drifted = from?.drifted ?? 0;
    this.#resumes = from === undefined ? 0 : from.resumes + 1;
    this.#tally = new Tally(from?.tally);
    this.#keptAtMs = deps.clock.now().getTime();
    for (const user of from?.renames ?? []) this.#renames.add(user);
    for (const user of from?.disappeared ?? []) this.#disappeared.add(user);
  }

  /** Assesses all users and makes those who are out of sync due. */
  async list(): Promise<Listed> {
    const { logger } = this.#deps;
    await this.#begin();
    this.#index = await InactiveIndex.list(this.#deps, this.#tenant);
    for (;;) {
      const before = this.#users;
      try {
        return await this.#readThrough();
      } catch (err) {
        if (!(err instanceof UpstreamError)) throw err;
        if (err.code === 'LISTING_GONE' && this.#resumed) return 'listing-gone';
        const isCut = err.code === 'UNREACHABLE' || err.code === 'TIMEOUT';
        const again =
          err.upstream === 'auth0' && isCut && this.#listing !== undefined && this.#users > before;
        const place = { tenant: this.#tenant.id, users: this.#users };
        if (!again) {
          logger.error({ err, ...place }, 'a sweep broke off');
          return 'broken-off';
        }
        logger.warn({ err, ...place }, 'the listing of a sweep was cut; it is read again');
      }
    }
  }

  async #begin(): Promise<void> {
    const { log, logger } = this.#deps;
    if (this.#id !== undefined) {
      const place = { tenant: this.#tenant.id, run: this.#id, users: this.#users };
      logger.info(place, 'a sweep resumes where it broke off');
      return;
    }
    const started = draft(this.#deps, null, this.#tenant.id, 'sweep.started', { users: null });
    this.#id = started._id;
    await log.append([started]);
  }

  /** Reads a listing from its beginning again, and skips users who have been assessed. */
  async #readThrough(): Promise<'complete' | 'stopped'> {
    const { onProgress, signal } = this.#options;
    let toSkip = this.#users;
    this.#listed = new ListedUsers(this.#deps, this.#tenant);
    const pages = this.#tenant.directory.everyone(this.#listing);
    const observe = (page: UserPage) => {
      const skipped = Math.min(toSkip, page.users.length);
      toSkip -= skipped;
      return this.#observe(page, skipped);
    };
    onProgress?.(this.#users, this.#drifted, undefined);
    for await (const observed of inStep(pages, observe, PAGES_AT_ONCE)) {
      await this.#take(observed);
      onProgress?.(this.#users, this.#drifted, observed.page.total);
      if (signal?.aborted === true) {
        await this.#keep();
        return 'stopped';
      }
      await this.#keepInTime();
    }
    return 'complete';
  }

  async #observe(page: UserPage, skipped: number): Promise<ObservedPage> {
    this.#listed.add(page);
    const left = page.users.slice(skipped);
    const users = this.#listed.included(left);
    const [listed, readAt] = [left.length, this.#deps.clock.now()];
    if (users.length === 0) return { page, listed, seen: [], readAt };
    const deps = { ...this.#deps, accounts: this.#index?.accounts() ?? this.#deps.accounts };
    const batch = await assess(deps, this.#tenant, users, readAt, 'batch');
    const toAsk = batch.filter((one) => isRename(one) || wasMigrated(one));
    const asked = await assessCloser(deps, this.#tenant, toAsk, readAt);
    const closer = new Map(asked.map((one) => [one.user, one]));
    return { page, listed, seen: batch.map((one) => closer.get(one.user) ?? one), readAt };
  }

  async #take({ page, listed, seen, readAt }: ObservedPage): Promise<void> {
    const { queue, clock, logger } = this.#deps;
    await this.#index?.keepFound();
    const unread = seen.filter(({ view }) => view.failures.some(({ error }) => error === UNREADABLE_ROW));
    if (unread.length > 0)
      logger.warn(
        { tenant: this.#tenant.id, users: unread.map(({ user }) => user) },
        'accounts cannot be read',
      );
    const found = seen.filter((one) => isDrifted(one) || isResolved(one) || isListedOtherwise(one));
    for (const { user } of found.filter(isRename)) this.#renames.add(user);
    for (const { user } of found.filter(hasDisappeared)) this.#disappeared.add(user);
    this.#lackingRecently += found.filter((one) => lacksRecently(one, readAt)).length;
    const waiting = (one: Assessment): boolean => isRename(one) || hasDisappeared(one);
    const due = found.filter((one) => !waiting(one)).map(({ auth0 }) => this.#trigger(auth0.userId));
    if (due.length > 0) await queue.markDue(due, clock.now(), 'sweep');
    const others = seen.filter((one) => !isResolved(one) && !isListedOtherwise(one));
    await recordFirstSeen(this.#deps, this.#tenant, others, readAt);
    for (const one of seen) this.#tally.add(one);
    this.#listing = page.listing;
    this.#users += listed;
    this.#drifted += found.length;
  }

  #trigger(userId: Auth0UserId): Trigger {
    const { id: tenant, keyPrefix } = this.#tenant;
    return { user: userKey(keyPrefix, userId), tenant, userId };
  }

  /** Concludes what the listing allows, and logs the end. */
  async end(listed: Listed): Promise<SweepEnd> {
    const { excluded, unreadable } = this.#listed;
    const [drifted, resumes] = [this.#drifted, this.#resumes];
    const users = this.#users - excluded;
    if (listed === 'stopped' || this.#id === undefined) return { type: 'stopped', users };
    await this.#index?.keepRest(() => this.#keepInTime());
    const { id: tenant } = this.#tenant;
    const isListed = (key: string): boolean => this.#listed.has(key);
    const lackingRecently = this.#lackingRecently;
    const kept = { renames: this.#renames, disappeared: this.#disappeared, lackingRecently };
    const everyone = { run: this.#id, startedAt: this.#startedAt, users, ...kept, isListed };
    const stayAlive = () => this.#keep();
    const inexact = listed === 'complete' ? await this.#listed.inexactness(this.#startedAt) : undefined;
    const complete = listed === 'complete' && inexact === undefined;
    const { removals, halts } =
      listed === 'complete'
        ? await conclude(this.#deps, this.#tenant, { ...everyone, isExact: complete }, stayAlive)
        : { removals: 0, halts: [] };
    const orphans = complete
      ? await countOrphans(this.#deps, [tenant], isListed, this.#index?.repositories)
      : null;
    const durationMs = this.#deps.clock.now().getTime() - this.#startedAt.getTime();
    const counted = { totals: this.#tally.totals(), situations: this.#tally.situations(), orphans };
    await this.#deps.log.append([
      draft(this.#deps, null, tenant, 'sweep.finished', {
        ...{ users, drifted, complete, durationMs, resumes },
        ...(inexact === undefined ? {} : { inexact }),
        ...(unreadable === 0 ? {} : { unreadable }),
        ...(excluded === 0 ? {} : { excluded }),
        ...counted,
      }),
    ]);
    const concluded = { removals, complete, inexact, halts };
    return { type: 'over', users, drifted, unreadable, excluded, ...concluded, ...counted, durationMs };
  }

  async #keepInTime(): Promise<void> {
    if (this.#deps.clock.now().getTime() - this.#keptAtMs >= KEEP_EVERY_MS) await this.#keep();
  }

  /** Renews the lease, and stores the position where the sweep can be resumed. */
  async #keep(): Promise<void> {
    const { runs, clock } = this.#deps;
    const position = this.#position();
    const text = position === undefined ? undefined : writePosition(position);
    await runs.keep(this.#lease, clock.now(), SWEEP_LEASE_MS, text);
    this.#keptAtMs = clock.now().getTime();
  }

  #position(): SweepPosition | undefined {
    if (this.#id === undefined || this.#listing === undefined) return undefined;
    if (this.#renames.count + this.#disappeared.count > MAX_KEPT_USERS) return undefined;
    return {
      run: this.#id,
      startedAt: this.#startedAt,
      listing: this.#listing,
      users: this.#users,
      drifted: this.#drifted,
      resumes: this.#resumes,
      renames: this.#renames.users,
      disappeared: this.#disappeared.users,
      tally: this.#tally.state(),
    };
  }
}
