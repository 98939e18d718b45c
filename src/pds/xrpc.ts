/** XRPC calls to one PDS, each method with the authority it needs and no other. */
import type { Clock } from '../ports/clock.ts';
import { type Call, type CallInfo, createCaller } from '../upstream/caller.ts';
import type { RateLimiter } from '../upstream/rate-limit.ts';

export interface XrpcOptions {
  /** Scheme, host and port of the PDS. */
  readonly url: string;
  /** Read at each call, as `bypassKey` is: both can be rotated. */
  readonly adminPassword: string;
  /** Takes our calls out of the PDS's rate limits, if its operator has set one. */
  readonly bypassKey?: string | undefined;
  readonly clock: Clock;
  readonly limiter: RateLimiter;
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** Milliseconds for one call. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  readonly onCall?: ((info: CallInfo) => void) | undefined;
}

/** As administrator, without credentials (createAccount refuses an administrator), or with the token of a session. */
type Authority = 'admin' | 'none' | { readonly token: string };

interface XrpcCall<T> extends Omit<Call<T>, 'method' | 'route' | 'path' | 'form' | 'json' | 'headers'> {
  /** The last two parts of the method's name, such as `admin.getAccountInfo`. All are under `com.atproto`. */
  readonly name: string;
  readonly as: Authority;
  /** The body of a procedure. Without it, the call is a query. */
  readonly input?: Readonly<Record<string, unknown>>;
  /** A procedure without a body. */
  readonly procedure?: true;
}

export type Xrpc = <T>(call: XrpcCall<T>) => Promise<T>;

/** The bucket of createAccount, which the PDS counts apart, failed calls included: 100 in five minutes for one IP address. */
export const CREATIONS = 'create-account';

export function createXrpc(options: XrpcOptions): Xrpc {
  const { clock, limiter, fetch, timeoutMs, onCall } = options;
  const send = createCaller({
    upstream: 'pds',
    origin: options.url,
    clock,
    limiter,
    fetch,
    timeoutMs,
    onCall,
  });
  return ({ name, as, input, procedure, ...rest }) =>
    send({
      ...rest,
      method: input === undefined && procedure === undefined ? 'GET' : 'POST',
      route: name,
      path: `/xrpc/com.atproto.${name}`,
      headers: { ...bypass(options), ...authorization(as, options) },
      ...(input === undefined ? {} : { json: input }),
    });
}

function bypass({ bypassKey }: XrpcOptions): Record<string, string> {
  return bypassKey === undefined ? {} : { 'x-ratelimit-bypass': bypassKey };
}

function authorization(as: Authority, { adminPassword }: XrpcOptions): Record<string, string> {
  if (as === 'none') return {};
  if (as !== 'admin') return { authorization: `Bearer ${as.token}` };
  return { authorization: `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}` };
}
