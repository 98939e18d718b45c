/**
 * Sends changes to all listeners from one source: it starts with the first listener and ends with the last, and follows
 * the log once for all of them.
 *
 * | what happens                     | what is sent                                                             |
 * |----------------------------------|--------------------------------------------------------------------------|
 * | a listener connects              | the overview, and then that anything may have changed                    |
 * | events are written               | their users, gathered for a moment; then the overview if it has changed  |
 * | nothing, for a while             | the overview if it has changed: times pass                               |
 * | the log cannot be followed       | followed again, and then the overview, and that anything may have changed |
 * | the overview cannot be read      | its error, which ends the stream: no page keeps showing the old one      |
 *
 * A slow listener gets fewer messages with the same content: one overview and a set of keys wait for it.
 */
import type { ConcordEvent } from '../events/event.ts';
import type { TenantId } from '../identity.ts';
import type { Logger } from '../logger.ts';
import type { Clock } from '../ports/clock.ts';
import type { EventTail } from '../ports/event-log.ts';
import type { OverviewAnswer } from './answers/overview.ts';
import type { LiveMessage } from './data.ts';
import { Listener } from './listener.ts';
import type { SharedAnswer } from './shared-answer.ts';

export interface LiveDeps {
  readonly tail: EventTail;
  /** The tenants whose events are sent. */
  readonly tenants: readonly TenantId[];
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'warn'>;
}

/** Events within this time are sent together. */
const GATHER_MS = 250;
const OVERVIEW_EVERY_MS = 1_000;
/** The pause before the next read of the overview, as a multiple of its duration, which many users make long. */
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
    // Before the overview is read, so that events during the read are sent as well.
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
