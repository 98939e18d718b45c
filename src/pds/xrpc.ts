/**
 * XRPC calls to one PDS, each method with the authority it needs and no other, by the client of `@atproto/api`. It is loaded
 * at the first call. What it says of an answer is not the last word: it refuses a whole answer for one odd field of which
 * nothing is read, so an answer that it refuses goes to our own parser all the same.
 */
import { types } from 'node:util';
import type { AtpBaseClient, ComAtprotoNS } from '@atproto/api';
import { createCaller } from '../upstream/caller.ts';
import {
  createGuardedFetch,
  type GuardedCall,
  type GuardedFetch,
  type GuardOptions,
  placeOf,
} from '../upstream/guarded-fetch.ts';
import type { Reading } from '../upstream/interpret.ts';
import { fetchForSdk, type SdkAnswer, throughSdk } from '../upstream/sdk.ts';

export interface XrpcOptions extends Omit<GuardOptions, 'upstream'> {
  /** Scheme, host and port of the PDS. */
  readonly url: string;
  /** Read at each call, as `bypassKey` is: both can be rotated. */
  readonly adminPassword: string;
  /** Takes our calls out of the PDS's rate limits, if its operator has set one. */
  readonly bypassKey?: string | undefined;
}

/** As administrator, without credentials (createAccount refuses an administrator), or with the token of a session. */
type Authority = 'admin' | 'none' | { readonly token: string };

type Group = 'admin' | 'identity' | 'repo' | 'server' | 'sync';
/** The last two parts of a method's name, such as `admin.getAccountInfo`. All are under `com.atproto`. */
type MethodName = {
  [G in Group]: `${G}.${Exclude<Extract<keyof ComAtprotoNS[G], string>, '_client'>}`;
}[Group];
type MethodOf<N> = N extends `${infer G extends Group}.${infer M}`
  ? M extends keyof ComAtprotoNS[G]
    ? ComAtprotoNS[G][M]
    : never
  : never;

/** What a method is sent, as the SDK types it: a procedure has a body, a query has parameters. */
type Sent<F> = F extends (sent?: infer S, options?: infer O) => unknown
  ? 'qp' extends keyof O
    ? { readonly input?: S; readonly query?: never }
    : Record<never, never> extends S
      ? { readonly query?: S; readonly input?: never }
      : { readonly query: S; readonly input?: never }
  : never;

export type XrpcCall<T> = {
  [N in MethodName]: { readonly name: N } & Sent<MethodOf<N>>;
}[MethodName] &
  Reading<T> & {
    readonly as: Authority;
    /** A query for many rows, of which an odd one must not cost the others: made without the SDK, which also takes thrice the time. */
    readonly bulk?: true;
  };

export type Xrpc = <T>(call: XrpcCall<T>) => Promise<T>;

/** The PDS counts createAccount apart, failed calls included: 100 in five minutes for one IP address. */
const LIMITS: Readonly<Partial<Record<string, Pick<GuardedCall, 'bucket' | 'ignoreLimits'>>>> = {
  'server.createAccount': { bucket: 'create-account' },
  // The limit of one account, and not of all.
  'server.createSession': { ignoreLimits: true },
};

const NAMESPACE = 'com.atproto.';
const PATH = `/xrpc/${NAMESPACE}`;

export function createXrpc(options: XrpcOptions): Xrpc {
  const { url: origin, clock, limiter, fetch, timeoutMs, onCall } = options;
  const guard = { upstream: 'pds', clock, limiter, fetch, timeoutMs, onCall } as const;
  const callDirectly = createCaller({ ...guard, origin });
  const guardedFetch = createGuardedFetch(guard);
  let loading: Promise<AtpBaseClient> | undefined;
  return async ({ name, as, query, input, bulk, ...reading }) => {
    const headers = { accept: 'application/json', ...bypass(options), ...authorization(as, options) };
    if (bulk === true) {
      return callDirectly({
        ...guarded(name, 'GET'),
        ...reading,
        path: PATH + name,
        query: { ...query },
        headers,
      });
    }
    // One that failed, such as for want of descriptors, is tried again.
    loading ??= load(guardedFetch, origin).catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    const sdk = await loading;
    const id = NAMESPACE + name;
    const { type } = sdk.lex.getDefOrThrow(id, ['query', 'procedure']);
    const place = placeOf('pds', guarded(name, type === 'query' ? 'GET' : 'POST'));
    return throughSdk(place, reading, () => answerOf(sdk.call(id, query, input, { headers })));
  };
}

async function load(guardedFetch: GuardedFetch, origin: string): Promise<AtpBaseClient> {
  const { AtpBaseClient } = await import('@atproto/api');
  return new AtpBaseClient((path, init) => {
    const url = new URL(path, origin);
    const name = url.pathname.slice(PATH.length);
    const method = init.method?.toUpperCase() === 'GET' ? 'GET' : 'POST';
    return fetchForSdk(guardedFetch, guarded(name, method))(url, init);
  });
}

function guarded(name: string, method: GuardedCall['method']): GuardedCall {
  return { ...LIMITS[name], route: name, method };
}

async function answerOf(answering: ReturnType<AtpBaseClient['call']>): Promise<SdkAnswer> {
  try {
    const { data, headers } = await answering;
    const entries = Object.entries(headers).map(([name, value]): [string, string] => [name, value ?? '']);
    return { data: jsonOf(data), headers: new Headers(entries) };
  } catch (error) {
    // The error about an answer that the SDK does not accept has the body.
    if (!(error instanceof Error && 'responseBody' in error)) throw error;
    return { data: jsonOf(error.responseBody), headers: new Headers() };
  }
}

/** Of an empty answer the SDK makes bytes. */
function jsonOf(data: unknown): unknown {
  return types.isAnyArrayBuffer(data) || types.isUint8Array(data) ? undefined : data;
}

function bypass({ bypassKey }: XrpcOptions): Record<string, string> {
  return bypassKey === undefined ? {} : { 'x-ratelimit-bypass': bypassKey };
}

function authorization(as: Authority, { adminPassword }: XrpcOptions): Record<string, string> {
  if (as === 'none') return {};
  if (as !== 'admin') return { authorization: `Bearer ${as.token}` };
  return { authorization: `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}` };
}
