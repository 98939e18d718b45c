/**
 * The safety net under the triggers: assesses all users of a tenant in batches, and makes those who are out of sync
 * due. A listing is only a hint; the reconciliation reads each due user again by id.
 *
 * What is missing or wrong is fixed as it is found. Removals, and changes of many users at once (renames), are collected
 * first and checked against the safety limits as a whole. Above a limit, the run halts until a person approves it.
 *
 * One process sweeps a tenant at a time. Its position is stored, so that the process after one that died reads the same
 * listing again and assesses only the remaining users. Only eight bytes a user are kept in memory, so that a million
 * fit.
 */

import { inStep } from '../../concurrency/map-ordered.ts';
import { LeaseLostError, UpstreamError } from '../../errors.ts';
import { isMigrated, isRemovedReason } from '../../events/condition.ts';
import type { ResourceTotals, Situation } from '../../events/data/runs.ts';
import type { InexactReason } from '../../events/inexact.ts';
import { type Auth0UserId, type EventId, userKey } from '../../identity.ts';
import type { Logger } from '../../logger.ts';
import type { InactiveAccount, InactiveAccounts } from '../../ports/accounts.ts';
import type { UnreadableRow, UserPage } from '../../ports/auth0.ts';
import type { Clock, Random } from '../../ports/clock.ts';
import type { EventLog } from '../../ports/event-log.ts';
import type { WorkQueue } from '../../ports/queue.ts';
import type { RunLease, Runs } from '../../ports/runs.ts';
import type { SubjectReader } from '../../ports/subjects.ts';
import type { Trigger } from '../../ports/trigger.ts';
import { draft } from '../intake/decision.ts';
import { notExcluded } from '../intake/owner.ts';
import { attempt } from '../reconcile/attempt.ts';
import type { AssessDeps, AssessedTenant } from '../reconcile/read-side.ts';
import { assess, isDrifted, isListedOtherwise, lookCloser, UNREADABLE_ROW } from './assess.ts';
import type { Assessment } from './assessment.ts';
import { Tally } from './audit.ts';
import { conclude, countKnown, type Halt, KeptUsers } from './conclusions.ts';
import { countOrphans, type OrphanCounts, type ReverseDeps } from './count-orphans.ts';
import { recordFirstSights } from './first-sights.ts';
import { renameOf } from './known-renames.ts';
import { isShrunken, type SafetyLimits } from './limits.ts';
import { NameSet } from './name-set.ts';
import { Repositories } from './repositories.ts';
import { readPosition, type SweepPosition, writePosition } from './sweep-position.ts';

export interface SweepDeps extends AssessDeps {
  readonly log: Pick<EventLog, 'append' | 'ofUser'>;
  readonly queue: Pick<WorkQueue, 'markDue' | 'showSeen'>;
  readonly subjects: SubjectReader;
  readonly inactive: InactiveAccounts;
  readonly runs: Runs;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly limits: SafetyLimits;
  readonly keySpaces: ReverseDeps['keySpaces'];
}

export interface SweepResult {
  readonly type: 'over';
  readonly users: number;
  readonly drifted: number;
  /** Granted removals. */
  readonly removals: number;
  /** Rows of the listing that name no readable user. */
  readonly unreadable: number;
  /** Users in the listing that the configuration excludes: counted in no other figure here. */
  readonly excluded: number;
  /** False when the listing broke off or was not exact: then no user is concluded to be missing. */
  readonly complete: boolean;
  /** Why a listing that was read to its end was not exact. */
  readonly inexact: InexactReason | undefined;
  /** What a safety limit stopped; it needs `approve`. */
  readonly halts: readonly Halt[];
  /** As the users were found, before any repair. */
  readonly totals: ResourceTotals;
  readonly situations: readonly Situation[];
  /** Null when the listing was not complete. */
  readonly orphans: OrphanCounts | null;
  readonly durationMs: number;
}

export type SweepEnd =
  | SweepResult
  /** Another process sweeps this tenant, or died while it did so a moment ago. */
  | { readonly type: 'under-way'; readonly until: Date }
  /** Stopped on request; the next sweep continues from there. */
  | { readonly type: 'stopped'; readonly users: number };

export interface SweepOptions {
  /** Called at every page; `total` where the directory knows how many there are. */
  readonly onProgress?: (users: number, drifted: number, total: number | undefined) => void;
  readonly signal?: AbortSignal;
}

/** How long after its last sign of life a sweep counts as dead. */
export const SWEEP_LEASE_MS = 60_000;
const KEEP_EVERY_MS = 5_000;
/** An older listing is out of date; the sweep starts from the beginning. */
const RESUMABLE_FOR_MS = 6 * 3_600_000;
/** With more users waiting for its end, a run most likely halts, and its stored position would grow too long. */
const MAX_KEPT_USERS = 1_000;
/** Removals at once are found within that time, partly by reconciliations and partly by the sweep. */
const RECENT_MS = 3_600_000;
/** The database answers about one page while another is being read and a third is assessed. */
const PAGES_AT_ONCE = 2;

/** Sweeps one tenant. Does not throw for a listing that broke off: the result and the log have that. */
export async function sweep(
  deps: SweepDeps,
  tenant: AssessedTenant,
  options: SweepOptions = {},
): Promise<SweepEnd> {
  const { runs, clock, logger } = deps;
  const lease = await runs.begin(`sweep:${tenant.id}`, clock.now(), SWEEP_LEASE_MS);
  if ('heldUntil' in lease) return { type: 'under-way', until: lease.heldUntil };
  try {
    const kept = readPosition(lease.position);
    const isRecent =
      kept !== undefined && clock.now().getTime() - kept.startedAt.getTime() < RESUMABLE_FOR_MS;
    let run = new Run(deps, tenant, lease, options, isRecent ? kept : undefined);
    let listed = await run.list();
    if (listed === 'listing-gone') {
      run = new Run(deps, tenant, lease, options, undefined);
      listed = await run.list();
    }
    const end = await run.end(listed);
    await runs.end(lease, end.type === 'over' ? 'done' : 'broken-off');
    return end;
  } catch (error) {
    // Release the lease, so that no process has to wait for it; where that fails too, it expires.
    if (!(error instanceof LeaseLostError))
      await runs
        .end(lease, 'broken-off')
        .catch((err: unknown) =>
          logger.warn({ err, tenant: tenant.id }, 'a sweep could not release its lease'),
        );
    throw error;
  }
}

type Listed = 'complete' | 'broken-off' | 'stopped' | 'listing-gone';

interface Looked {
  readonly page: UserPage;
  /** Of the users of this page, how many had not been read by an earlier run; also those that are excluded. */
  readonly listed: number;
  /** Users who may need a rename, or whose account had moved, have been assessed one by one. */
  readonly seen: readonly Assessment[];
  /** Before the users of this page were read. */
  readonly readAt: Date;
}

class Run {
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
  #unreadable = 0;
  #excluded = 0;
  #inexact: InexactReason | undefined;
  /** Users read from the listing so far, including those assessed before. */
  #rows = 0;
  #resumes: number;
  #keptAtMs: number;
  readonly #tally: Tally;
  readonly #renames = new KeptUsers();
  readonly #disappeared = new KeptUsers();
  #lackingRecently = 0;
  #seen = new NameSet();
  #repositories: Repositories | undefined;
  /** Inactive accounts of users of this page, which the index does not have yet. */
  readonly #inactive: InactiveAccount[] = [];

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
    const pds = await attempt('account', () =>
      Repositories.list(this.#deps.accounts, this.#deps.clock.now()),
    );
    this.#repositories = pds.ok ? pds.value : undefined;
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
    [this.#unreadable, this.#excluded, this.#rows, this.#inexact] = [0, 0, 0, undefined];
    this.#seen = new NameSet();
    const pages = this.#tenant.directory.everyone(this.#listing);
    const look = (page: UserPage) => {
      const skipped = Math.min(toSkip, page.users.length);
      toSkip -= skipped;
      return this.#look(page, skipped);
    };
    onProgress?.(this.#users, this.#drifted, undefined);
    for await (const looked of inStep(pages, look, PAGES_AT_ONCE)) {
      await this.#take(looked);
      onProgress?.(this.#users, this.#drifted, looked.page.total);
      if (signal?.aborted === true) {
        await this.#keep();
        return 'stopped';
      }
      if (this.#deps.clock.now().getTime() - this.#keptAtMs >= KEEP_EVERY_MS) await this.#keep();
    }
    return 'complete';
  }

  async #look(page: UserPage, skipped: number): Promise<Looked> {
    const { keyPrefix } = this.#tenant;
    for (const { userId } of page.users) this.#seen.add(keyPrefix + userId);
    this.#rows += page.users.length;
    this.#inexact ??= page.inexact;
    this.#countUnreadable(page.unreadable ?? []);
    const left = page.users.slice(skipped);
    const users = notExcluded(left, this.#tenant);
    this.#excluded += page.users.length - notExcluded(page.users, this.#tenant).length;
    const [listed, readAt] = [left.length, this.#deps.clock.now()];
    if (users.length === 0) return { page, listed, seen: [], readAt };
    const deps = {
      ...this.#deps,
      accounts:
        this.#repositories?.completing(this.#deps.accounts, (one) => this.#inactive.push(one)) ??
        this.#deps.accounts,
    };
    const batch = await assess(deps, this.#tenant, users, readAt, 'batch');
    const toAsk = batch.filter((one) => isRename(one) || wasMigrated(one));
    const asked = await lookCloser(deps, this.#tenant, toAsk, readAt);
    const closer = new Map(asked.map((one) => [one.user, one]));
    return { page, listed, seen: batch.map((one) => closer.get(one.user) ?? one), readAt };
  }

  #countUnreadable(rows: readonly UnreadableRow[]): void {
    if (rows.length === 0) return;
    const fields = [...new Set(rows.flatMap((row) => row.fields))];
    const place = { tenant: this.#tenant.id, rows: rows.length, fields };
    this.#deps.logger.error(place, 'rows of the listing name no user');
    this.#unreadable += rows.length;
    this.#inexact ??= 'unreadable-rows';
  }

  async #take({ page, listed, seen, readAt }: Looked): Promise<void> {
    const { queue, clock, inactive, logger } = this.#deps;
    const hidden = this.#inactive.splice(0);
    if (this.#repositories !== undefined && hidden.length > 0)
      await inactive.keep(hidden, this.#repositories.listedAt);
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
    await recordFirstSights(this.#deps, this.#tenant, others, readAt);
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
    const [excluded, drifted, resumes] = [this.#excluded, this.#drifted, this.#resumes];
    const users = this.#users - excluded;
    if (listed === 'stopped' || this.#id === undefined) return { type: 'stopped', users };
    await this.#listInactive();
    const { id: tenant } = this.#tenant;
    const isListed = (key: string): boolean => this.#seen.has(key);
    const lackingRecently = this.#lackingRecently;
    const kept = { renames: this.#renames, disappeared: this.#disappeared, lackingRecently };
    const everyone = { run: this.#id, startedAt: this.#startedAt, users, ...kept, isListed };
    const stayAlive = () => this.#keep();
    const inexact = listed === 'complete' ? await this.#inexactness(isListed) : undefined;
    const complete = listed === 'complete' && inexact === undefined;
    const { removals, halts } =
      listed === 'complete'
        ? await conclude(this.#deps, this.#tenant, { ...everyone, isExact: complete }, stayAlive)
        : { removals: 0, halts: [] };
    const orphans = complete ? await countOrphans(this.#deps, [tenant], isListed, this.#repositories) : null;
    const durationMs = this.#deps.clock.now().getTime() - this.#startedAt.getTime();
    const unreadable = this.#unreadable;
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

  /** Why the listing is not exact, and whether it lacks so many known users that it must have been cut off. */
  async #inexactness(isListed: (key: string) => boolean): Promise<InexactReason | undefined> {
    const { logger, subjects, limits } = this.#deps;
    const distinct = this.#seen.size;
    const inexact = this.#inexact ?? (distinct < this.#rows ? 'repeated-rows' : undefined);
    if (inexact === undefined) return undefined;
    const known = await countKnown(subjects, this.#tenant, isListed, this.#startedAt);
    const place = { tenant: this.#tenant.id, users: distinct, known, inexact };
    logger.warn(place, 'the listing of users is not exact; no user is concluded to be missing');
    return isShrunken(limits, distinct - this.#excluded, known) ? 'lacks-many' : inexact;
  }

  /** Also where the listing of users broke off: that of the PDS is complete. Its failure does not end the sweep. */
  async #listInactive(): Promise<void> {
    const { accounts, inactive, logger, clock } = this.#deps;
    const repositories = this.#repositories;
    if (repositories === undefined) return;
    const { listedAt } = repositories;
    const kept = await attempt('account', async () => {
      for await (const found of repositories.unreadInactive(accounts)) {
        await inactive.keep(found, listedAt);
        if (clock.now().getTime() - this.#keptAtMs >= KEEP_EVERY_MS) await this.#keep();
      }
      // What could not be read may be an account that an earlier listing found.
      if (repositories.unreadable === 0) await inactive.complete(listedAt);
    });
    const { unreadable: rows } = repositories;
    if (rows > 0)
      logger.warn({ tenant: this.#tenant.id, rows }, 'accounts in the listing of the PDS cannot be read');
    if (kept.ok) return;
    const { code, error: err } = kept.failure;
    logger.error({ err, code, tenant: this.#tenant.id }, 'a sweep could not list the inactive accounts');
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

/** A resource that was there is missing, and the last reconciliation did not find that. */
function hasDisappeared({ view, known }: Assessment): boolean {
  const isKnown = typeof known === 'object' && known.lackedSince !== undefined;
  return !isKnown && view.conditions.some(({ reason }) => isRemovedReason(reason));
}

/** Found by a reconciliation a moment ago: part of the same removal as this run's findings. */
function lacksRecently({ known }: Assessment, now: Date): boolean {
  const since = typeof known === 'object' ? known.lackedSince : undefined;
  return since !== undefined && now.getTime() - since.getTime() < RECENT_MS;
}

/** No trigger reports that what needed action is resolved, the user is no longer excluded, or a moved account is back. */
function isResolved(one: Assessment): boolean {
  if (typeof one.known !== 'object' || isDrifted(one)) return false;
  return (
    one.known.needsAction ||
    one.known.wasExcluded ||
    (wasMigrated(one) && !one.view.conditions.some(isMigrated))
  );
}

/** By the last reconciliation. A batch cannot distinguish such an account from one that was deactivated or deleted. */
function wasMigrated({ known }: Assessment): boolean {
  return typeof known === 'object' && known.hasMigrated;
}

/** Also beside other actions: the reconciliation that fixes those would rename as well, beyond the limit. */
function isRename(assessment: Assessment): boolean {
  return renameOf(assessment) !== undefined;
}
