/** A call to another system that no SDK makes: a bulk read, or a system or a method that has no SDK. */
import { createGuardedFetch, type GuardedCall, type GuardOptions, placeOf } from './guarded-fetch.ts';
import { interpret, type Reading } from './interpret.ts';

export interface CallerOptions extends GuardOptions {
  /** Scheme, host and port. */
  readonly origin: string;
}

export interface Call<T> extends GuardedCall, Reading<T> {
  /** With ids already encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** A body to be sent as JSON. */
  readonly json?: unknown;
  /** A body to be sent as a form. */
  readonly form?: Readonly<Record<string, string>>;
}

export type Caller = <T>(call: Call<T>) => Promise<T>;

export function createCaller({ origin, ...options }: CallerOptions): Caller {
  const guardedFetch = createGuardedFetch(options);
  return async (call) => {
    const answer = await guardedFetch(call, urlOf(origin, call), requestOf(call));
    return interpret(placeOf(options.upstream, call), call, answer);
  };
}

function urlOf(origin: string, call: Call<unknown>): URL {
  const url = new URL(call.path, origin);
  for (const [name, value] of Object.entries(call.query ?? {})) {
    if (value === undefined) continue;
    for (const each of Array.isArray(value) ? value : [value]) url.searchParams.append(name, String(each));
  }
  return url;
}

function requestOf(call: Call<unknown>): Pick<RequestInit, 'headers' | 'body'> {
  const headers = new Headers({ accept: 'application/json', ...call.headers });
  if (call.form !== undefined) return { headers, body: new URLSearchParams(call.form) };
  if (call.json === undefined) return { headers };
  headers.set('content-type', 'application/json');
  return { headers, body: JSON.stringify(call.json) };
}
