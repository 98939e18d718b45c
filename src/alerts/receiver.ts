/** One POST to a receiver. Its address is a secret, so it is in no error and in no line of the log. */
import type { Notice } from '../ports/alerts.ts';
import { noticeToJson, noticeToSlack } from './notice.ts';

export interface Receiver {
  /** Its name in the log and in stored deliveries. */
  readonly name: string;
  send(notice: Notice): Promise<Receipt>;
}

export type Receipt =
  | { readonly type: 'taken' }
  | {
      readonly type: 'refused';
      readonly why: string;
      /** Undefined where there was no answer. */
      readonly status: number | undefined;
      /** As long as the receiver says, which may be years. */
      readonly retryAfterMs: number | undefined;
    };

export interface ReceiverOptions {
  readonly name: string;
  readonly format: 'json' | 'slack';
  /** Read for each notice: it can be rotated. */
  readonly url: string;
  /** Milliseconds for a whole call. */
  readonly timeoutMs: number;
  readonly fetch?: typeof globalThis.fetch;
}

export function createReceiver(options: ReceiverOptions): Receiver {
  const { name, format, timeoutMs, fetch: send = globalThis.fetch } = options;
  return {
    name,
    async send(notice) {
      const body = format === 'slack' ? noticeToSlack(notice) : noticeToJson(notice);
      try {
        const response = await send(options.url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'idempotency-key': headerSafe(notice.id) },
          body: JSON.stringify(body),
          // A redirect is refused: it would send the notice to an address that is not configured.
          redirect: 'manual',
          signal: AbortSignal.timeout(timeoutMs),
        });
        await response.body?.cancel();
        if (response.ok) return { type: 'taken' };
        return {
          type: 'refused',
          why: String(response.status),
          status: response.status,
          retryAfterMs: retryAfterMs(response.headers),
        };
      } catch (error) {
        return { type: 'refused', why: nameOf(error), status: undefined, retryAfterMs: undefined };
      }
    },
  };
}

/** A tenant's id and a date, and the name of an index, which may be anything. */
function headerSafe(id: string): string {
  return encodeURIComponent(id);
}

/** Seconds, or a date. */
function retryAfterMs(headers: Headers): number | undefined {
  const text = headers.get('retry-after');
  if (text === null) return undefined;
  if (/^[0-9]{1,9}$/.test(text)) return Number(text) * 1_000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}

/** The network error, without its message, which may name the address. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'failed';
  const { cause } = error;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' ? code : error.name;
}
