/**
 * Reads what the log streams did not deliver: a tenant's log, from the last position. Entries are ingested like
 * every delivery, so most are duplicates and harmless.
 *
 * The order is the guarantee, as for a delivery: entries are durable before the position moves past them, and a gap is
 * recorded before anything hides it. So a run may break off anywhere and be repeated.
 *
 * A new tenant's log is read from its oldest entry. Earlier users are found by the sweep.
 */
import { UpstreamError } from '../../errors.ts';
import { type Gap, isStreamGap } from '../../events/gap.ts';
import { addIgnored } from '../../events/ignored.ts';
import type { LogPage, TenantLogs } from '../../ports/auth0.ts';
import type { Clock } from '../../ports/clock.ts';
import type { EventLog } from '../../ports/event-log.ts';
import type { Cursors } from '../../ports/runs.ts';
import type { LogTenant } from './delivered.ts';
import { closeGap, type GapDeps, openGap, openGaps } from './gaps.ts';
import { type IngestDeps, type IngestResult, ingest } from './ingest.ts';
import { formatPosition, type LogPosition, newestDate, parsePosition, positionName } from './log-position.ts';
import { type StreamStatus, streamGap, streamStatus } from './stream-status.ts';

export interface PullDeps extends IngestDeps, GapDeps {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly cursors: Cursors;
}

export interface PulledTenant extends LogTenant {
  readonly logs: TenantLogs;
  /** How long Auth0 keeps an entry; undefined when it is not configured. */
  readonly logRetentionDays: number | undefined;
}

export interface PullOptions {
  readonly signal?: AbortSignal;
  /** Pages of a hundred entries. Default 500: what the log returns in five minutes on most plans. */
  readonly maxPages?: number;
  readonly onProgress?: (entries: number) => void;
}

export interface PullResult extends IngestResult {
  readonly entries: number;
  /** more: this run reached its limit, and the next one continues. stopped: on request. */
  readonly end: 'caught-up' | 'more' | 'stopped' | 'failed';
  /** Why the log could not be read further, by the code of the error. */
  readonly failure: string | undefined;
  /** The log has been read for all time before this; undefined when nothing was read yet. */
  readonly readUntil: Date | undefined;
  readonly stream: StreamStatus;
  /** Open when the run ended. */
  readonly gaps: readonly Gap[];
}

const DAY_MS = 86_400_000;
/** No plan keeps a log for a shorter time. */
const SHORTEST_RETENTION_MS = DAY_MS;
const MAX_PAGES = 500;
/** A longer wait for Auth0's limits ends the run: the next one continues. */
const MAX_WAIT_MS = 60_000;
/** After this many refusals in a row, the rest of the limit is left to other calls. */
const MAX_WAITS = 5;

/**
 * Throws UpstreamError when our own database cannot be read or written; what Auth0 refuses is in the result.
 * Two runs at once read the same entries twice, and do no harm.
 */
export async function pull(
  deps: PullDeps,
  tenant: PulledTenant,
  options: PullOptions = {},
): Promise<PullResult> {
  const stored = await deps.cursors.get(positionName(tenant.id));
  const position = stored === undefined ? undefined : parsePosition(stored);
  const run = new Run(deps, tenant, options, position, await openGaps(deps.log, tenant.id));
  const { end, failure } = await run.read();
  if (end === 'caught-up') await run.close(({ cause }) => cause === 'pull-failing');
  if (end === 'failed') await run.noteFailing();
  const stream = end === 'stopped' ? 'unknown' : await run.watchStream(end === 'caught-up');
  const { counts, gaps, readUntil } = run;
  return { ...counts, end, failure, readUntil, stream, gaps };
}

class Run {
  counts: IngestResult & { readonly entries: number } = {
    ...{ entries: 0, accepted: 0, duplicates: 0, ignored: 0, ignoredFor: {}, rejected: 0 },
  };
  gaps: readonly Gap[];
  readonly #deps: PullDeps;
  readonly #tenant: PulledTenant;
  readonly #options: PullOptions;
  #position: LogPosition | undefined;
  #hasBegunAnew = false;

  constructor(
    deps: PullDeps,
    tenant: PulledTenant,
    options: PullOptions,
    position: LogPosition | undefined,
    gaps: readonly Gap[],
  ) {
    this.#deps = deps;
    this.#tenant = tenant;
    this.#options = options;
    this.#position = position;
    this.gaps = gaps;
  }

  get readUntil(): Date | undefined {
    return this.#position?.until;
  }

  async read(): Promise<Pick<PullResult, 'end' | 'failure'>> {
    try {
      return { end: await this.#readOn(), failure: undefined };
    } catch (error) {
      const code = auth0Failure(error);
      this.#deps.logger.debug({ tenant: this.#tenant.id, err: error }, "a tenant's log could not be read on");
      if (this.#isStopped()) return { end: 'stopped', failure: code };
      return { end: code === 'RATE_LIMITED' ? 'more' : 'failed', failure: code };
    }
  }

  async #readOn(): Promise<'caught-up' | 'more' | 'stopped'> {
    const { maxPages = MAX_PAGES, onProgress } = this.#options;
    for (let pages = 0; pages < maxPages; pages += 1) {
      if (this.#isStopped()) return 'stopped';
      const askedAt = this.#deps.clock.now();
      const known = this.#position;
      const { entries, next } = await this.#page(askedAt);
      if (pages === 0 && known !== undefined) await this.#noteLoss(known, askedAt);
      if (entries.length === 0) {
        await this.#moveTo({ from: next ?? this.#position?.from, until: askedAt });
        return 'caught-up';
      }
      // The same request would get the same answer, forever.
      if (next === undefined || next === this.#position?.from) throw standsStill();
      this.#add(entries.length, await this.#takeIn(entries));
      const until = newestDate(entries, askedAt) ?? this.#position?.until ?? askedAt;
      await this.#moveTo({ from: next, until });
      onProgress?.(this.counts.entries);
    }
    return 'more';
  }

  /** The next page; after a position that Auth0 does not know, its oldest entry. */
  async #page(now: Date): Promise<LogPage> {
    const { logs } = this.#tenant;
    const known = this.#position;
    const place = known?.from;
    if (known === undefined || place === undefined) return this.#ask(() => logs.oldest());
    try {
      return await this.#ask(() => logs.after(place));
    } catch (error) {
      const code = auth0Failure(error);
      // Auth0 refused a position that it gave out itself, so the position is not the cause.
      if (this.#hasBegunAnew || (code !== 'NOT_FOUND' && code !== 'BAD_REQUEST')) throw error;
    }
    // If Auth0 answers without the position, it had refused the position.
    const oldest = await this.#ask(() => logs.oldest());
    const isKnown = this.gaps.some(
      ({ cause, from }) => cause === 'checkpoint-gone' && from.getTime() === known.until.getTime(),
    );
    if (!isKnown) await this.#open({ cause: 'checkpoint-gone', from: known.until, until: now });
    this.#hasBegunAnew = true;
    this.#position = { ...known, from: undefined };
    return oldest;
  }

  /** Whether entries were gone before they were read. */
  async #noteLoss({ from, until }: LogPosition, now: Date): Promise<void> {
    const { logs, logRetentionDays } = this.#tenant;
    const behindMs = now.getTime() - until.getTime();
    if (behindMs <= SHORTEST_RETENTION_MS || this.#position?.from !== from) return;
    const isLost =
      logRetentionDays === undefined
        ? // Entries are deleted in the order in which they came: while the last one read is there, so are those after it.
          from === undefined || !(await this.#ask(() => logs.has(from)))
        : behindMs > logRetentionDays * DAY_MS;
    if (isLost) await this.#open({ cause: 'retention-passed', from: until, until: now });
  }

  /** What is lost is unknown yet, and more may be lost from now on. */
  async noteFailing(): Promise<void> {
    const now = this.#deps.clock.now();
    const until = this.readUntil;
    if (until === undefined) return;
    const { logRetentionDays } = this.#tenant;
    const keptMs = logRetentionDays === undefined ? SHORTEST_RETENTION_MS : logRetentionDays * DAY_MS;
    if (now.getTime() - until.getTime() <= keptMs) return;
    await this.#openOnce({ cause: 'pull-failing', from: until, until: undefined });
  }

  /** Checks the status of the log stream. A stream that does not deliver is a gap, until the log is read to its end. */
  async watchStream(caughtUp: boolean): Promise<StreamStatus> {
    const { cursors, logger, clock } = this.#deps;
    const { id, logs } = this.#tenant;
    const name = `auth0-log-stream:${id}`;
    const wasThere = (await cursors.get(name)) !== undefined;
    let status: StreamStatus;
    try {
      status = streamStatus(await this.#ask(() => logs.streams()), id, wasThere);
    } catch (error) {
      auth0Failure(error);
      logger.debug({ tenant: id, err: error }, 'how the log stream stands could not be read');
      return 'unknown';
    }
    if (!wasThere && status !== 'none') await cursors.set(name, 'seen');
    const cause = streamGap(status);
    if (cause !== undefined) await this.#openOnce({ cause, from: clock.now(), until: undefined });
    if (cause !== undefined || caughtUp) await this.close((gap) => isStreamGap(gap) && gap.cause !== cause);
    return status;
  }

  async close(which: (gap: Gap) => boolean): Promise<void> {
    for (const gap of this.gaps.filter(which)) await closeGap(this.#deps, gap, 'pull');
    this.gaps = this.gaps.filter((gap) => !which(gap));
  }

  /** For what goes on: there is one at a time. */
  async #openOnce(gap: Pick<Gap, 'cause' | 'from' | 'until'>): Promise<void> {
    if (!this.gaps.some(({ cause }) => cause === gap.cause)) await this.#open(gap);
  }

  async #open(gap: Pick<Gap, 'cause' | 'from' | 'until'>): Promise<void> {
    this.gaps = [...this.gaps, await openGap(this.#deps, this.#tenant.id, gap)];
  }

  async #takeIn(entries: readonly unknown[]): Promise<IngestResult> {
    // The API gives what a stream has in `data`. A new sign-up goes before a user who may have been missed.
    return ingest(
      { ...this.#deps, priority: 'sweep' },
      this.#tenant,
      entries.map((data) => ({ data })),
    );
  }

  #add(entries: number, { accepted, duplicates, ignored, ignoredFor, rejected }: IngestResult): void {
    this.counts = {
      entries: this.counts.entries + entries,
      accepted: this.counts.accepted + accepted,
      duplicates: this.counts.duplicates + duplicates,
      ignored: this.counts.ignored + ignored,
      ignoredFor: addIgnored(this.counts.ignoredFor, ignoredFor),
      rejected: this.counts.rejected + rejected,
    };
  }

  async #moveTo(position: LogPosition): Promise<void> {
    await this.#deps.cursors.set(positionName(this.#tenant.id), formatPosition(position));
    this.#position = position;
  }

  /** Calls Auth0, and waits for its limits where that is not long. */
  async #ask<T>(call: () => Promise<T>): Promise<T> {
    for (let waits = 0; ; waits += 1) {
      try {
        return await call();
      } catch (error) {
        const waitMs = error instanceof UpstreamError ? (error.retryAfterMs ?? 0) : 0;
        const isLimited = auth0Failure(error) === 'RATE_LIMITED';
        if (!isLimited || waitMs > MAX_WAIT_MS || waits >= MAX_WAITS || this.#isStopped()) throw error;
        await this.#deps.clock.delay(waitMs, this.#options.signal);
      }
    }
  }

  #isStopped(): boolean {
    return this.#options.signal?.aborted === true;
  }
}

/** The error code of an Auth0 failure. Throws any other error. */
function auth0Failure(error: unknown): string {
  if (error instanceof UpstreamError && error.upstream === 'auth0') return error.code;
  throw error;
}

function standsStill(): UpstreamError {
  return new UpstreamError('auth0 logs.list answered with entries and no place to read on from.', {
    upstream: 'auth0',
    code: 'UNEXPECTED_ANSWER',
    retryable: false,
  });
}
