/**
 * One HTTP call to another system, made once: no layer here tries again or follows a redirect, because
 * a call that failed may have been carried out. There is one exception: a connection that is kept open can be closed by the
 * other side at the moment in which we use it, so a call whose connection broke is made once more, on another connection,
 * where it cannot have had an effect. What goes wrong is thrown as an UpstreamError:
 *
 * | code              | when                                              | retryable | effect of a call that writes |
 * |-------------------|---------------------------------------------------|-----------|------------------------------|
 * | UNREACHABLE       | no connection                                     | yes       | none                         |
 * | UNREACHABLE       | the connection broke before the call was written  | yes       | none                         |
 * | UNREACHABLE       | the connection broke after that                   | yes       | unknown                      |
 * | TIMEOUT           | no full answer within `timeoutMs`, or 408         | yes       | unknown                      |
 * | RATE_LIMITED      | 429, or no call left for longer than we wait      | yes       | none                         |
 * | SERVER_ERROR      | 5xx                                               | yes       | unknown                      |
 * | UNAUTHORIZED      | 401                                               | no        | none                         |
 * | FORBIDDEN         | 403                                               | no        | none                         |
 * | NOT_FOUND, CONFLICT, BAD_REQUEST | 404, 409, any other 4xx, with JSON | no        | none                         |
 * | UNEXPECTED_ANSWER | something in between answered: no JSON, a redirect | yes      | unknown                      |
 * | UNEXPECTED_ANSWER | JSON that is not what was agreed                  | no        | unknown                      |
 * | ANSWER_TOO_LARGE  | more than `maxBytes`                              | no        | unknown                      |
 *
 * A call that only reads has no effect, whatever happens to it.
 */
import { z } from 'zod';
import { type Upstream, UpstreamError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import { isLostConnection, type Place, statusError, transportError, unexpected } from './failures.ts';
import { readLimits } from './limits.ts';
import type { RateLimiter } from './rate-limit.ts';

export interface CallerOptions {
  readonly upstream: Upstream;
  /** Scheme, host and port. */
  readonly origin: string;
  readonly clock: Clock;
  readonly limiter: RateLimiter;
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** Milliseconds for a whole call, answer included. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Called once for every call, also for one that our own limiter rejected. Must not throw. */
  readonly onCall?: ((info: CallInfo) => void) | undefined;
}

export interface CallInfo {
  readonly method: Call<unknown>['method'];
  readonly route: string;
  /** The name of the limit that it counts against; empty for the one that is for all. */
  readonly bucket: string;
  /** False when it was turned away: then nothing was sent, and the status is 0. */
  readonly sent: boolean;
  /** 0 when no answer came. */
  readonly status: number;
  readonly durationMs: number;
  /** Calls that are left in the bucket; undefined until an answer reports it. */
  readonly remaining: number | undefined;
}

export interface Call<T> {
  readonly method: 'GET' | 'POST';
  /** The constant name of the call, for messages and metrics. Holds no id. */
  readonly route: string;
  /** With ids already encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** A body to be sent as JSON. */
  readonly json?: unknown;
  /** Set for a POST that has no effect, such as one for an access token. */
  readonly onlyReads?: true;
  /** A body to be sent as a form. */
  readonly form?: Readonly<Record<string, string>>;
  /** Which of the upstream's limits counts this call. Default: one for all. */
  readonly bucket?: string;
  /** Set when the limits in the answer concern something narrower than the bucket, such as one account. */
  readonly ignoreLimits?: boolean;
  /** Default 8 MiB. */
  readonly maxBytes?: number;
  /** Reads the body of a 2xx answer, undefined if it is empty. A ZodError becomes UNEXPECTED_ANSWER. */
  readonly parse: (body: unknown, headers: Headers) => T;
  /** Reads a 4xx answer that says something to the caller. Undefined leaves it to be thrown. */
  readonly refusal?: (answer: Refusal) => T | undefined;
}

export interface Refusal {
  readonly status: number;
  /** Parsed JSON. */
  readonly body: unknown;
}

export type Caller = <T>(call: Call<T>) => Promise<T>;

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_MAX_BYTES = 8 * 1024 * 1024;

export function createCaller(options: CallerOptions): Caller {
  const { upstream, origin, limiter, onCall } = options;
  const send = options.fetch ?? globalThis.fetch;
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const tell = ({ method, route, bucket }: Call<unknown>, sent: boolean, status: number, startedMs: number) =>
    onCall?.({
      ...{ method, route, bucket: bucket ?? '', sent, status },
      durationMs: performance.now() - startedMs,
      remaining: limiter.remaining(bucket),
    });
  const exchange = async (call: Call<unknown>, place: Place, signal: AbortSignal): Promise<Exchange> => {
    const startedMs = performance.now();
    let response: Response | undefined;
    try {
      response = await send(urlOf(origin, call), { ...requestOf(call), signal });
      return { response, text: await readText(response, call.maxBytes ?? DEFAULT_MAX_BYTES, place) };
    } catch (error) {
      throw error instanceof UpstreamError ? error : transportError(place, error);
    } finally {
      const status = response?.status ?? 0;
      const headers = call.ignoreLimits === true ? undefined : response?.headers;
      limiter.observe({ bucket: call.bucket, status, headers });
      tell(call, true, status, startedMs);
    }
  };
  const acquire = async (call: Call<unknown>): Promise<void> => {
    const askedMs = performance.now();
    try {
      await limiter.acquire({ bucket: call.bucket });
    } catch (error) {
      tell(call, false, 0, askedMs);
      throw error;
    }
  };
  return async (call) => {
    const writes = call.method !== 'GET' && call.onlyReads !== true;
    const place: Place = { upstream, route: call.route, writes };
    await acquire(call);
    // For both attempts together.
    const signal = AbortSignal.timeout(timeoutMs);
    let exchanged: Exchange;
    try {
      exchanged = await exchange(call, place, signal);
    } catch (error) {
      if (!isLostConnection(error)) throw error;
      await acquire(call);
      exchanged = await exchange(call, place, signal);
    }
    return interpret(call, place, exchanged, options.clock.now());
  };
}

interface Exchange {
  readonly response: Response;
  readonly text: string;
}

function urlOf(origin: string, call: Call<unknown>): URL {
  const url = new URL(call.path, origin);
  for (const [name, value] of Object.entries(call.query ?? {})) {
    if (value === undefined) continue;
    for (const each of Array.isArray(value) ? value : [value]) url.searchParams.append(name, String(each));
  }
  return url;
}

function requestOf(call: Call<unknown>): RequestInit {
  const headers = new Headers({ accept: 'application/json', ...call.headers });
  if (call.json !== undefined) headers.set('content-type', 'application/json');
  const body =
    call.form === undefined
      ? call.json === undefined
        ? undefined
        : JSON.stringify(call.json)
      : new URLSearchParams(call.form);
  // Any proxy in between can answer with a redirect, and following it would send our secrets there.
  return { method: call.method, headers, redirect: 'manual', ...(body === undefined ? {} : { body }) };
}

async function readText(response: Response, maxBytes: number, place: Place): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the rest of the body.
    if (bytes > maxBytes)
      throw unexpected(place, 'ANSWER_TOO_LARGE', `with more than ${maxBytes} bytes`, false);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function interpret<T>(call: Call<T>, place: Place, { response, text }: Exchange, now: Date): T {
  const { status, headers } = response;
  const json = readJson(text);
  if (response.ok) {
    if (json === undefined) throw unexpected(place, 'UNEXPECTED_ANSWER', `${status} with no JSON`, true);
    return parseAnswer(place, () => call.parse(json.value, headers));
  }
  if (json !== undefined && json.value !== undefined && status >= 400 && status < 500 && status !== 429) {
    const refused = call.refusal?.({ status, body: json.value });
    if (refused !== undefined) return refused;
  }
  throw statusError(place, status, json?.value, readLimits(headers, now.getTime()).retryAfterMs);
}

/** Undefined when the text is not JSON; an empty text is JSON with no value. */
function readJson(text: string): { readonly value: unknown } | undefined {
  if (text.trim() === '') return { value: undefined };
  try {
    return { value: JSON.parse(text) };
  } catch {
    // The parser's message quotes the text, which may be personal.
    return undefined;
  }
}

/** Runs a parser, and says where the data was not as agreed without saying what it was. */
export function parseAnswer<T>(place: Place, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    const issue = error.issues[0];
    const where = issue === undefined ? 'nowhere' : `${issue.code} at ${issue.path.join('.') || 'the top'}`;
    throw unexpected(place, 'UNEXPECTED_ANSWER', `with data that was not understood (${where})`, false);
  }
}
