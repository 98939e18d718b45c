/**
 * The one `fetch` beneath every call to another system, ours and those of the SDKs. It waits for quota, follows no redirect,
 * bounds the time and the size of the whole answer, takes JSON only, and reports every call. What goes wrong is thrown as
 * an UpstreamError (`failures.ts`).
 *
 * A call is made once, because a call that failed may have been carried out. There is one exception: a connection that is
 * kept open can be closed by the other side at the moment in which we use it, so a call whose connection broke is made once
 * more, on another connection, where it cannot have had an effect.
 */
import { type Upstream, UpstreamError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import { isLostConnection, type Place, statusError, transportError, unexpected } from './failures.ts';
import { readLimits } from './limits.ts';
import type { RateLimiter } from './rate-limit.ts';

export interface GuardOptions {
  readonly upstream: Upstream;
  readonly clock: Clock;
  readonly limiter: RateLimiter;
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** Milliseconds for a whole call, answer included. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Called once for every call, also for one that our own limiter rejected. Must not throw. */
  readonly onCall?: ((info: CallInfo) => void) | undefined;
}

export interface CallInfo {
  readonly method: GuardedCall['method'];
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

/** What the guard has to know of a call. */
export interface GuardedCall {
  readonly method: 'GET' | 'POST';
  /** The constant name of the call, for messages and metrics. Holds no id. */
  readonly route: string;
  /** Set for a POST that has no effect, such as one for an access token. */
  readonly onlyReads?: true;
  /** Which of the upstream's limits counts this call. Default: one for all. */
  readonly bucket?: string;
  /** Set when the limits in the answer concern something narrower than the bucket, such as one account. */
  readonly ignoreLimits?: boolean;
  /** Default 8 MiB. */
  readonly maxBytes?: number;
}

/** JSON of a 2xx, or of a 4xx that may mean something to the caller. */
export interface Answer {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Undefined where the text is empty. */
  readonly body: unknown;
}

export type GuardedFetch = (
  call: GuardedCall,
  url: URL,
  request: Pick<RequestInit, 'headers' | 'body'>,
) => Promise<Answer>;

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_MAX_BYTES = 8 * 1024 * 1024;

export function createGuardedFetch(options: GuardOptions): GuardedFetch {
  const { upstream, limiter, onCall } = options;
  const send = options.fetch ?? globalThis.fetch;
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const report = ({ method, route, bucket }: GuardedCall, sent: boolean, status: number, startedMs: number) =>
    onCall?.({
      ...{ method, route, bucket: bucket ?? '', sent, status },
      durationMs: performance.now() - startedMs,
      remaining: limiter.remaining(bucket),
    });
  const exchange = async (call: GuardedCall, url: URL, request: TimedRequest): Promise<Exchange> => {
    const place = placeOf(upstream, call);
    const startedMs = performance.now();
    let response: Response | undefined;
    const answered = async (): Promise<Exchange> => {
      response = await send(url, request);
      return { response, text: await readText(response, call.maxBytes ?? DEFAULT_MAX_BYTES, place) };
    };
    try {
      return await endingWith(request.signal, answered());
    } catch (error) {
      throw error instanceof UpstreamError ? error : transportError(place, error);
    } finally {
      const status = response?.status ?? 0;
      const headers = call.ignoreLimits === true ? undefined : response?.headers;
      limiter.observe({ bucket: call.bucket, status, headers });
      report(call, true, status, startedMs);
    }
  };
  const acquire = async (call: GuardedCall): Promise<void> => {
    const askedMs = performance.now();
    try {
      await limiter.acquire({ bucket: call.bucket });
    } catch (error) {
      report(call, false, 0, askedMs);
      throw error;
    }
  };
  return async (call, url, { headers, body }) => {
    await acquire(call);
    const request: TimedRequest = {
      method: call.method,
      ...(headers === undefined ? {} : { headers }),
      ...(body === undefined ? {} : { body }),
      // Any proxy in between can answer with a redirect, and following it would send our secrets there.
      redirect: 'manual',
      // For both attempts together.
      signal: AbortSignal.timeout(timeoutMs),
    };
    let exchanged: Exchange;
    try {
      exchanged = await exchange(call, url, request);
    } catch (error) {
      if (!isLostConnection(error)) throw error;
      await acquire(call);
      exchanged = await exchange(call, url, request);
    }
    return answerIn(placeOf(upstream, call), exchanged, options.clock.now());
  };
}

type TimedRequest = RequestInit & { readonly signal: AbortSignal };

interface Exchange {
  readonly response: Response;
  readonly text: string;
}

export function placeOf(upstream: Upstream, { route, method, onlyReads }: GuardedCall): Place {
  return { upstream, route, writes: method !== 'GET' && onlyReads !== true };
}

/** Ends with the signal also where `fetch` does not: a user whose call hangs would be reconciled no more. */
async function endingWith<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  let end: (() => void) | undefined;
  const ended = new Promise<never>((_resolve, reject) => {
    end = () => reject(signal.reason);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
  try {
    return await Promise.race([work, ended]);
  } finally {
    if (end !== undefined) signal.removeEventListener('abort', end);
  }
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

function answerIn(place: Place, { response, text }: Exchange, now: Date): Answer {
  const { ok, status, headers } = response;
  const json = readJson(text);
  if (ok) {
    if (json === undefined) throw unexpected(place, 'UNEXPECTED_ANSWER', `${status} with no JSON`, true);
    return { ok, status, headers, text, body: json.value };
  }
  const isOwn = json?.value !== undefined && status >= 400 && status < 500 && status !== 429;
  if (isOwn) return { ok, status, headers, text, body: json.value };
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
