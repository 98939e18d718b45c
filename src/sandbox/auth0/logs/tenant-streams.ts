import type { Management } from 'auth0';
import type { UserStore } from '../users/user-store.ts';
import { EventStream, type EventStreamSettings, type FailedDelivery } from './event-stream.ts';
import type { DeliveryFailure } from './log-stream.ts';
import type { ContentFormat } from './log-stream-body.ts';
import type { LogStreams } from './log-streams.ts';

interface LogStreamRequest {
  readonly endpoint: string;
  /** The literal value of the Authorization header; no scheme is added. */
  readonly authorization?: string;
  readonly format: ContentFormat;
  readonly name?: string;
  readonly contentType?: string;
  readonly filters?: Management.LogStreamFilter[];
  readonly isPriority?: boolean;
  readonly headers?: Management.HttpCustomHeader[];
  readonly piiConfig?: Management.LogStreamPiiConfig;
  /** ISO time from which the log is replayed. */
  readonly startFrom?: string;
}

/** The log streams as an administrator at the Dashboard has them. Without an id, all streams are meant. */
export interface LogStreamControl {
  /** Answers the stream's id. */
  add(request: LogStreamRequest): string;
  remove(id: string): Promise<void>;
  /** From now on entries queue. */
  pause(id?: string): void;
  /** What was queued, and is still within retention, is delivered. */
  resume(id?: string): void;
  /** What Auth0 does by itself after a week of failures. */
  suspend(id?: string): void;
  /** Whether the Management API covers the Authorization of streams; at first it does not. */
  hideAuthorization(hidden: boolean): void;
  status(id: string): Management.LogStreamStatusEnum | undefined;
  /** The Health tab: the last ten failures, newest first. */
  failures(id: string): readonly DeliveryFailure[];
  /** Resolves when active streams have nothing left to deliver. Throws after `timeoutMs`, default 10,000. */
  flush(timeoutMs?: number): Promise<void>;
}

export function logStreamControlOf(streams: LogStreams): LogStreamControl {
  function setStatus(status: Management.LogStreamStatusEnum, id: string | undefined): void {
    for (const stream of streams.all()) {
      if (id === undefined || stream.config.id === id) streams.update(stream, { status });
    }
  }
  return {
    add(request) {
      const { endpoint, authorization, format, contentType, name, startFrom } = request;
      const { filters, isPriority, headers, piiConfig: pii_config } = request;
      const sink = {
        httpEndpoint: endpoint,
        httpContentFormat: format,
        httpContentType: contentType ?? 'application/json',
        httpAuthorization: authorization,
        ...(headers === undefined ? {} : { httpCustomHeaders: headers }),
      };
      return streams.create({ sink, name, filters, isPriority, pii_config, startFrom }).config.id;
    },
    remove: (id) => streams.remove(id),
    pause: (id) => setStatus('paused', id),
    resume: (id) => setStatus('active', id),
    suspend: (id) => setStatus('suspended', id),
    hideAuthorization: (hidden) => {
      streams.hidesAuthorization = hidden;
    },
    status: (id) => streams.find(id)?.config.status,
    failures: (id) => streams.find(id)?.failures ?? [],
    flush: (timeoutMs = 10_000) => streams.flush(timeoutMs),
  };
}

/** The event streams as an administrator at the Dashboard has them. */
export interface EventStreamControl {
  /** `user.created`, `user.updated` and `user.deleted` from now on, each with `Authorization: Bearer <token>`. */
  add(sink: { readonly endpoint: string; readonly token: string }): void;
  /** From now on nothing is sent, as after failures without end. */
  disable(): void;
  /** Failed events, which Auth0 sends again only on request. */
  failures(): readonly FailedDelivery[];
  redeliver(): void;
  /** Resolves when nothing is under way. */
  flush(): Promise<void>;
}

export function eventStreamControlOf(
  users: UserStore,
  settings: EventStreamSettings,
): EventStreamControl & { readonly all: readonly EventStream[]; stop(): Promise<void> } {
  const streams: EventStream[] = [];
  users.onChange((change) => {
    for (const stream of streams) stream.offer(change);
  });
  return {
    all: streams,
    add: (sink) => void streams.push(new EventStream(settings, sink)),
    disable: () => {
      for (const stream of streams) stream.status = 'disabled';
    },
    failures: () => streams.flatMap(({ failed }) => failed),
    redeliver: () => {
      for (const stream of streams) stream.redeliver();
    },
    flush: async () => {
      await Promise.all(streams.map((stream) => stream.flush()));
    },
    stop: async () => {
      await Promise.all(streams.map((stream) => stream.stop()));
    },
  };
}
