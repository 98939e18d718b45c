import type { Management } from 'auth0';
import { mix } from '../randomness.ts';
import type { LogEntry } from './log-entry.ts';
import type { LogStore } from './log-store.ts';
import { type DeliverySettings, type HttpStreamConfig, LogStream } from './log-stream.ts';

export interface NewLogStream {
  readonly sink: Management.LogStreamHttpSink;
  readonly name?: string | undefined;
  readonly filters?: Management.LogStreamFilter[] | undefined;
  readonly isPriority?: boolean | undefined;
  readonly pii_config?: Management.LogStreamPiiConfig | undefined;
  /** Replays what the log still holds from this moment on; possible at creation only. */
  readonly startFrom?: string | undefined;
}

/** The tenant's webhook log streams. Each new log entry is offered to every one of them. */
export class LogStreams {
  readonly #logs: LogStore;
  readonly #settings: DeliverySettings;
  readonly #streams = new Map<string, LogStream>();
  #created = 0;
  /** Whether the Management API covers the Authorization of sinks. */
  hidesAuthorization = false;

  constructor(logs: LogStore, settings: DeliverySettings) {
    this.#logs = logs;
    this.#settings = settings;
    logs.onAppend((entry) => {
      for (const stream of this.#streams.values()) stream.offer(entry);
    });
  }

  create(request: NewLogStream): LogStream {
    this.#created += 1;
    const config: HttpStreamConfig = {
      id: `lst_${String(this.#created).padStart(16, '0')}`,
      name: request.name ?? `Custom Webhook ${this.#created}`,
      type: 'http',
      status: 'active',
      isPriority: request.isPriority ?? false,
      filters: request.filters ?? [],
      sink: request.sink,
      ...(request.pii_config ? { pii_config: request.pii_config } : {}),
    };
    const seed = mix(this.#settings.seed, this.#created);
    const stream = new LogStream(config, { ...this.#settings, seed });
    this.#streams.set(config.id, stream);
    const { startFrom } = request;
    if (startFrom !== undefined) {
      const from = Date.parse(startFrom);
      const missed = this.#logs.retained().filter((entry) => Date.parse(entry.data.date) >= from);
      for (const entry of missed) stream.offer(entry);
    }
    return stream;
  }

  all(): LogStream[] {
    return [...this.#streams.values()];
  }

  find(id: string): LogStream | undefined {
    return this.#streams.get(id);
  }

  /** Resuming delivers what was queued, as far as the log's retention reaches. */
  update(stream: LogStream, patch: Partial<HttpStreamConfig>): void {
    stream.update(patch, (entry: LogEntry) => this.#logs.isRetained(entry));
  }

  async remove(id: string): Promise<void> {
    const stream = this.#streams.get(id);
    this.#streams.delete(id);
    await stream?.stop();
  }

  /**
   * Resolves when every active stream has delivered all it has. Waiting times are cut short, failing
   * receivers are tried again. After `timeoutMs` it throws, with the last failure.
   */
  async flush(timeoutMs: number): Promise<void> {
    const streams = this.all();
    let isSettled = false;
    const settled = Promise.all(streams.map((stream) => stream.settled())).then(() => {
      isSettled = true;
    });
    const deadlineMs = performance.now() + timeoutMs;
    while (!isSettled) {
      for (const stream of streams) stream.pauses.cutShort();
      const tick = new Promise<void>((resolve) => {
        setTimeout(resolve, FLUSH_TICK_MS);
      });
      await Promise.race([settled, tick]);
      if (!isSettled && performance.now() > deadlineMs) {
        const failure = streams.map((stream) => stream.failures[0]?.message).find(Boolean);
        throw new Error(`log streams not delivered within ${timeoutMs} ms: ${failure ?? 'no answer yet'}`);
      }
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.all().map((stream) => stream.stop()));
  }
}

/** Between two checks of the waiting times; also how often a failing receiver is tried while flushing. */
const FLUSH_TICK_MS = 5;
