/**
 * What changes, told to everybody who listens from one source: it begins with the first listener and ends with the
 * last, and follows the log once for all of them.
 *
 * | what happens                     | what is told                                                             |
 * |----------------------------------|--------------------------------------------------------------------------|
 * | somebody begins to listen        | the overview, and then that anything may have changed                    |
 * | events are written               | whose, gathered for a moment; soon after, the overview if it has changed |
 * | nothing, for a while             | the overview if it has changed: times pass                               |
 * | the log cannot be followed       | followed again, and then the overview, and that anything may have changed |
 * | the overview cannot be read      | its error, which ends the stream: nobody is left to look at what was     |
 *
 * Whoever is slow is told less often and not of less: what waits for a listener is one overview and a set of keys.
 */
import type { ConcordEvent } from '../events/event.ts';
import type { TenantId } from '../identity.ts';
import type { Logger } from '../logger.ts';
import type { Clock } from '../ports/clock.ts';
import type { EventTail } from '../ports/event-log.ts';
import type { OverviewAnswer } from './answers.ts';
import type { LiveMessage } from './data.ts';
import { Listener } from './listener.ts';
import type { SharedAnswer } from './shared-answer.ts';

export interface LiveDeps {
  readonly tail: EventTail;
  /** Those whose events are told of. */
  readonly tenants: readonly TenantId[];
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'warn'>;
}

/** Events of so long are told together. */
const GATHER_MS = 250;
const OVERVIEW_EVERY_MS = 1_000;
/** So many times as long as it took the overview is not read again: with very many users it costs the server something. */
const REST_PER_OVERVIEW = 10;
const OVERVIEW_AT_LEAST_EVERY_MS = 5_000;
const FOLLOW_AGAIN_MS = 1_000;

export function createLive(
  deps: LiveDeps,
  overview: SharedAnswer<OverviewAnswer>,
): (signal: AbortSignal) => AsyncIterable<LiveMessage> {
  let source: Source | undefined;
  return async function* live(signal) {
    if (source === undefined || source.hasEnded) source = new Source(deps, overview);
    yield* source.listen(signal);
  };
}

class Source {
  readonly #deps: LiveDeps;
  readonly #overview: SharedAnswer<OverviewAnswer>;
  readonly #listeners = new Set<Listener>();
  readonly #ending = new AbortController();
  #isFollowed = false;
  #users = new Set<string>();
  #sweeps = false;
  /** When something last happened that no overview has been read after. */
  #changedAt: Date | undefined;
  #readAt: Date;
  #tookMs = 0;
  #reading = false;

  constructor(deps: LiveDeps, overview: SharedAnswer<OverviewAnswer>) {
    this.#deps = deps;
    this.#overview = overview;
    this.#readAt = deps.clock.now();
    void this.#follow();
    void this.#tick();
  }

  get hasEnded(): boolean {
    return this.#ending.signal.aborted;
  }

  async *listen(signal: AbortSignal): AsyncIterable<LiveMessage> {
    const listener = new Listener(signal);
    // Before the overview is read: what happens meanwhile is told as well.
    this.#listeners.add(listener);
    if (this.#isFollowed) listener.changed(null, true);
    try {
      const latest = new Date(this.#deps.clock.now().getTime() - OVERVIEW_EVERY_MS);
      listener.overview(await this.#overview.since(latest));
      yield* listener.messages();
    } finally {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#ending.abort();
    }
  }

  async #follow(): Promise<void> {
    const { tail, clock, logger } = this.#deps;
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        const events = await tail.follow(undefined, signal);
        this.#isFollowed = true;
        this.#changedAt = clock.now();
        for (const listener of this.#listeners) listener.changed(null, true);
        for await (const event of events) this.#note(event);
      } catch (err) {
        if (!signal.aborted) logger.warn({ err }, 'the event log cannot be followed; trying again');
      }
      this.#isFollowed = false;
      await clock.delay(FOLLOW_AGAIN_MS, signal);
    }
  }

  #note({ user, tenant, type }: ConcordEvent): void {
    if (!this.#deps.tenants.includes(tenant)) return;
    this.#changedAt = this.#deps.clock.now();
    if (user !== null) this.#users.add(user);
    if (type.startsWith('sweep.')) this.#sweeps = true;
  }

  async #tick(): Promise<void> {
    const { clock } = this.#deps;
    const { signal } = this.#ending;
    while (!signal.aborted) {
      await clock.delay(GATHER_MS, signal);
      this.#tellChanged();
      const ageMs = clock.now().getTime() - this.#readAt.getTime();
      const restMs = this.#tookMs * REST_PER_OVERVIEW;
      const isDue = ageMs >= (this.#changedAt === undefined ? OVERVIEW_AT_LEAST_EVERY_MS : OVERVIEW_EVERY_MS);
      if (!this.#reading && isDue && ageMs >= restMs) void this.#read();
    }
  }

  #tellChanged(): void {
    if (this.#users.size === 0 && !this.#sweeps) return;
    for (const listener of this.#listeners) listener.changed(this.#users, this.#sweeps);
    this.#users = new Set();
    this.#sweeps = false;
  }

  async #read(): Promise<void> {
    const now = this.#deps.clock.now();
    const latest = this.#changedAt ?? now;
    this.#reading = true;
    this.#changedAt = undefined;
    this.#readAt = now;
    try {
      const answer = await this.#overview.since(latest);
      this.#tookMs = this.#deps.clock.now().getTime() - now.getTime();
      for (const listener of this.#listeners) listener.overview(answer);
    } catch (error) {
      for (const listener of this.#listeners) listener.fail(error);
    } finally {
      this.#reading = false;
    }
  }
}
