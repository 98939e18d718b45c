import type { Management } from 'auth0';
import { EventStream, type EventStreamSettings, type FailedDelivery } from './event-stream.ts';
import type { DeliveryFailure } from './log-stream.ts';
import type { ContentFormat } from './log-stream-body.ts';
import type { LogStreams } from './log-streams.ts';
import type { UserStore } from './user-store.ts';

interface LogStreamRequest {
  readonly endpoint: string;
  /** The literal value of the Authorization header; no scheme is added. */
  readonly authorization?: string;
  readonly format: ContentFormat;
  readonly name?: string;
  readonly contentType?: string;
  readonly filters?: Management.LogStreamFilter[];
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
  status(id: string): Management.LogStreamStatusEnum | undefined;
  /** The Health tab: the last ten failures, newest first. */
  failures(id: string): readonly DeliveryFailure[];
  /** Resolves when active streams have nothing left to deliver. Throws after `timeoutMs`, default 10,000. */
  flush(timeoutMs?: number): Promise<void>;
}

export function logStreamControlOf(streams: LogStreams): LogStreamControl {
  function setStatus(status: 'active' | 'paused', id: string | undefined): void {
    for (const stream of streams.all()) {
      if (id === undefined || stream.config.id === id) streams.update(stream, { status });
    }
  }
  return {
    add(request) {
      const { endpoint, authorization, format, contentType, name, filters, piiConfig, startFrom } = request;
      const sink = {
        httpEndpoint: endpoint,
        httpContentFormat: format,
        httpContentType: contentType ?? 'application/json',
        httpAuthorization: authorization,
      };
      return streams.create({ sink, name, filters, pii_config: piiConfig, startFrom }).config.id;
    },
    remove: (id) => streams.remove(id),
    pause: (id) => setStatus('paused', id),
    resume: (id) => setStatus('active', id),
    status: (id) => streams.find(id)?.config.status,
    failures: (id) => streams.find(id)?.failures ?? [],
    flush: (timeoutMs = 10_000) => streams.flush(timeoutMs),
  };
}

/** The event streams as an administrator at the Dashboard has them. */
export interface EventStreamControl {
  /** `user.created`, `user.updated` and `user.deleted` from now on, each with `Authorization: Bearer <token>`. */
  add(sink: { readonly endpoint: string; readonly token: string }): void;
  /** What was given up: Auth0 sends it again only when somebody asks. */
  failures(): readonly FailedDelivery[];
  redeliver(): void;
  /** Resolves when nothing is under way. */
  flush(): Promise<void>;
}

export function eventStreamControlOf(
  users: UserStore,
  settings: EventStreamSettings,
): EventStreamControl & { stop(): Promise<void> } {
  const streams: EventStream[] = [];
  users.onChange((change) => {
    for (const stream of streams) stream.offer(change);
  });
  return {
    add: (sink) => void streams.push(new EventStream(settings, sink)),
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
