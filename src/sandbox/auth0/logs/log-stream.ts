import type { Management } from 'auth0';
import type { Clock } from '../clock.ts';
import { Pauses } from '../pause.ts';
import { mix } from '../randomness.ts';
import type { LogEntry } from './log-entry.ts';
import { coverPersonalData, encodeBatch, passesFilters } from './log-stream-body.ts';

/** How a stream delivers. Auth0 documents the attempts and the seven days; the rest is ours, and brisk. */
export interface DeliverySettings {
  readonly seed: number;
  readonly clock: Clock;
  /** At most so many entries in one request. */
  readonly batchMax: number;
  /** Share of entries that are sent twice, 0 to 1. */
  readonly duplicateShare: number;
  /** How long entries are gathered before a batch leaves, ms. */
  readonly gatherMs: number;
  /** Wait after the first failed attempt, ms; it doubles with each further one. */
  readonly attemptBackoffMs: number;
  /** Wait before the cycle restarts for entries whose attempts all failed, ms. */
  readonly cyclePauseMs: number;
  readonly requestTimeoutMs: number;
}

export type HttpStreamConfig = {
  id: string;
  name: string;
  type: 'http';
  status: Management.LogStreamStatusEnum;
  isPriority: boolean;
  filters: Management.LogStreamFilter[];
  sink: Management.LogStreamHttpSink;
  pii_config?: Management.LogStreamPiiConfig;
};

/** One line of the stream's Health tab. */
export interface DeliveryFailure {
  readonly at: string;
  readonly message: string;
}

interface Parcel {
  readonly entry: LogEntry;
  /** Decides the order among the parcels that wait: made from the seed, so it looks random and repeats. */
  readonly order: number;
}

const ATTEMPTS = 3;
const HEALTH_LINES = 10;
const SUSPEND_AFTER_MS = 7 * 86_400_000;

/**
 * One webhook log stream: at least once, in no order, some entries twice. Three attempts, then the cycle
 * restarts for the entries that failed, until it succeeds; seven days of failure suspend the stream.
 * While paused or suspended it queues.
 */
export class LogStream {
  readonly pauses = new Pauses();
  readonly failures: DeliveryFailure[] = [];
  readonly #settings: DeliverySettings;
  readonly #stopped = new AbortController();
  #config: HttpStreamConfig;
  #parcels: Parcel[] = [];
  #offered = 0;
  #failingSinceMs: number | undefined;
  #running: Promise<void> | undefined;

  constructor(config: HttpStreamConfig, settings: DeliverySettings) {
    this.#config = config;
    this.#settings = settings;
  }

  get config(): HttpStreamConfig {
    return this.#config;
  }

  /** Queues the entry, once or twice, if the filters let it pass. */
  offer(entry: LogEntry): void {
    if (!passesFilters(entry, this.#config.filters)) return;
    this.#offered += 1;
    const { seed, duplicateShare } = this.#settings;
    const order = mix(seed, this.#offered);
    this.#parcels.push({ entry, order });
    if (mix(seed, this.#offered, 1) / 2 ** 32 < duplicateShare) {
      this.#parcels.push({ entry, order: mix(seed, this.#offered, 2) });
    }
    this.#start();
  }

  /** Changes the settings. What waits and is no longer `deliverable` is dropped when the stream resumes. */
  update(patch: Partial<HttpStreamConfig>, deliverable: (entry: LogEntry) => boolean): void {
    const resumes = this.#config.status !== 'active' && patch.status === 'active';
    this.#config = { ...this.#config, ...patch };
    if (!resumes) return;
    this.#failingSinceMs = undefined;
    this.#parcels = this.#parcels.filter((parcel) => deliverable(parcel.entry));
    this.#start();
  }

  /** Resolves when nothing waits, or nothing may be sent because the stream is not active. */
  async settled(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.pauses.disable();
    await this.settled();
  }

  get #mayDeliver(): boolean {
    const { status } = this.#config;
    return status === 'active' && this.#parcels.length > 0 && !this.#stopped.signal.aborted;
  }

  #start(): void {
    if (this.#running !== undefined || !this.#mayDeliver) return;
    this.#running = this.#deliverAll().finally(() => {
      this.#running = undefined;
      // An entry may have come since the last read of the queue.
      this.#start();
    });
  }

  async #deliverAll(): Promise<void> {
    const { batchMax, gatherMs, cyclePauseMs } = this.#settings;
    while (this.#mayDeliver) {
      await this.pauses.wait(gatherMs);
      if (!this.#mayDeliver) return;
      this.#parcels.sort((a, b) => a.order - b.order);
      const batch = this.#parcels.splice(0, batchMax);
      if (await this.#deliver(batch.map((parcel) => parcel.entry))) {
        this.#failingSinceMs = undefined;
        continue;
      }
      this.#parcels.push(...batch);
      this.#suspendIfHopeless();
      if (this.#mayDeliver) await this.pauses.wait(cyclePauseMs);
    }
  }

  async #deliver(entries: readonly LogEntry[]): Promise<boolean> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const failure = await this.#post(entries);
      if (failure === undefined) return true;
      this.failures.unshift({ at: this.#settings.clock().toISOString(), message: failure });
      this.failures.length = Math.min(this.failures.length, HEALTH_LINES);
      // A stream that was paused between two attempts keeps its entries and stays silent.
      if (this.#config.status !== 'active' || this.#stopped.signal.aborted) return false;
      if (attempt < ATTEMPTS) await this.pauses.wait(this.#settings.attemptBackoffMs * 2 ** (attempt - 1));
    }
    return false;
  }

  /** One request; the answer is a reason for failure, or undefined for any 2xx. */
  async #post(entries: readonly LogEntry[]): Promise<string | undefined> {
    const { sink, pii_config } = this.#config;
    const sent = pii_config ? entries.map((entry) => coverPersonalData(entry, pii_config)) : entries;
    const headers = new Headers({
      'content-type': sink.httpContentType ?? 'application/json',
      // A kept connection would hold up a receiver that wants to close.
      connection: 'close',
    });
    // The value goes out as it was typed: Auth0 adds no scheme and signs nothing.
    if (sink.httpAuthorization !== undefined) headers.set('authorization', sink.httpAuthorization);
    for (const { header, value } of sink.httpCustomHeaders ?? []) {
      if (header !== undefined && value !== undefined) headers.set(header, value);
    }
    const timeout = AbortSignal.timeout(this.#settings.requestTimeoutMs);
    try {
      const response = await fetch(sink.httpEndpoint, {
        method: 'POST',
        headers,
        body: encodeBatch(sent, sink.httpContentFormat ?? 'JSONLINES'),
        redirect: 'manual',
        signal: AbortSignal.any([timeout, this.#stopped.signal]),
      });
      await response.arrayBuffer();
      return response.ok ? undefined : `HTTP ${response.status}`;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  #suspendIfHopeless(): void {
    const nowMs = this.#settings.clock().getTime();
    this.#failingSinceMs ??= nowMs;
    if (nowMs - this.#failingSinceMs < SUSPEND_AFTER_MS) return;
    if (this.#config.status === 'active') this.#config = { ...this.#config, status: 'suspended' };
  }
}
