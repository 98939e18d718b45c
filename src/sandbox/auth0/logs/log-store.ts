import type { Clock } from '../clock.ts';
import { DIGITS, type Randomness } from '../randomness.ts';
import type { LogDraft, LogEntry } from './log-entry.ts';

const DAY_MS = 86_400_000;

export interface LogStoreOptions {
  readonly tenant: string;
  readonly hostname: string;
  readonly clock: Clock;
  readonly randomness: Randomness;
  /** Until an entry can be read through the Management API, ms. Streams do not wait for it. */
  readonly logDelayMs: number;
  /** Age at which an entry is gone for good, days. */
  readonly retentionDays: number;
}

/** The tenant's log: append, read by checkpoint, read by search. Entries stand in the order of `log_id`. */
export class LogStore {
  readonly #options: LogStoreOptions;
  readonly #entries: LogEntry[] = [];
  readonly #listeners: ((entry: LogEntry) => void)[] = [];
  #lastTimeMs = 0;

  constructor(options: LogStoreOptions) {
    this.#options = options;
  }

  /** Every entry reaches every listener, once, as it is appended. */
  onAppend(listener: (entry: LogEntry) => void): void {
    this.#listeners.push(listener);
  }

  append(draft: LogDraft): LogEntry {
    const now = this.#options.clock();
    const log_id = this.#nextId(now);
    const { tenant, hostname } = this.#options;
    const data = {
      date: now.toISOString(),
      ...draft,
      log_id,
      tenant_name: tenant,
      environment_name: 'prod-us-1',
      hostname,
    };
    const entry = { log_id, data };
    this.#entries.push(entry);
    for (const listener of this.#listeners) listener(entry);
    return entry;
  }

  /** Entries the Management API shows now: indexed, and not yet beyond retention. */
  readable(): LogEntry[] {
    const newest = this.#options.clock().getTime() - this.#options.logDelayMs;
    return this.retained().filter((entry) => Date.parse(entry.data.date) <= newest);
  }

  /** Entries not yet beyond retention, whether indexed or not: what a stream may still replay. */
  retained(): LogEntry[] {
    return this.#entries.filter((entry) => this.isRetained(entry));
  }

  isRetained(entry: LogEntry): boolean {
    const oldest = this.#options.clock().getTime() - this.#options.retentionDays * DAY_MS;
    return Date.parse(entry.data.date) >= oldest;
  }

  /** At most `take` entries after the checkpoint, which itself may be gone or never have existed. */
  after(checkpoint: string | undefined, take: number): LogEntry[] {
    const later = this.readable().filter((entry) => checkpoint === undefined || entry.log_id > checkpoint);
    return later.slice(0, take);
  }

  byId(logId: string): LogEntry | undefined {
    return this.readable().find((entry) => entry.log_id === logId);
  }

  /**
   * 56 digits: 900, the time to the millisecond, a sequence, and noise. Time is not let run backwards, so
   * that text order is append order even when the clock is set back.
   */
  #nextId(now: Date): string {
    this.#lastTimeMs = Math.max(this.#lastTimeMs, now.getTime());
    const time = new Date(this.#lastTimeMs).toISOString().replace(/\D/g, '');
    const sequence = String(this.#entries.length + 1).padStart(12, '0');
    return `900${time}${sequence}${this.#options.randomness.draw(24, DIGITS)}`;
  }
}
