/**
 * What can go wrong in a call to another system, as an UpstreamError:
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
 * A call that only reads has no effect, whatever happens to it. The messages name the call and the answer, and no value from
 * it. What something in between answered (no JSON, a redirect, 502 to 504) says nothing about the user of the call, so it is
 * an outage.
 */
import { z } from 'zod';
import { type Upstream, UpstreamError } from '../errors.ts';

/** What an error message may say of a call. */
export interface Place {
  readonly upstream: Upstream;
  readonly route: string;
  readonly writes: boolean;
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

export function unexpected(place: Place, code: string, what: string, retryable: boolean): UpstreamError {
  // What may pass by itself is the answer of something in between.
  const failure = { code, retryable, isOutage: retryable };
  return fail(place, `answered ${what}`, { ...failure, effect: place.writes ? 'unknown' : 'none' });
}

/** An SDK failed by itself. Its message may quote what was sent or answered, so only its name is kept. */
export function failedInSdk(place: Place, error: unknown): UpstreamError {
  const name = error instanceof Error ? error.name : typeof error;
  return fail(place, `failed in the SDK (${name})`, {
    ...{ code: 'UNEXPECTED_ANSWER', retryable: false, effect: place.writes ? 'unknown' : 'none' },
  });
}

export function statusError(
  place: Place,
  status: number,
  body: unknown,
  retryAfterMs: number | undefined,
): UpstreamError {
  const name = errorName(body);
  const what = `answered ${status}${name === undefined ? '' : ` ${name}`}`;
  const unsure = place.writes ? 'unknown' : 'none';
  if (status === 429) return fail(place, what, { code: 'RATE_LIMITED', retryable: true, retryAfterMs });
  if (status === 408) return fail(place, what, { code: 'TIMEOUT', retryable: true, effect: unsure });
  if (status >= 500) {
    const isOutage = body === undefined || GATEWAY.has(status);
    return fail(place, what, {
      code: 'SERVER_ERROR',
      retryable: true,
      isOutage,
      retryAfterMs,
      effect: unsure,
    });
  }
  if (status === 401) return fail(place, what, { code: 'UNAUTHORIZED', retryable: false });
  if (status === 403) return fail(place, what, { code: 'FORBIDDEN', retryable: false });
  // Both systems explain a refusal in JSON; without it, a proxy answered in their place.
  if (status < 400 || body === undefined) {
    return unexpected(place, 'UNEXPECTED_ANSWER', `${status}, which is not an answer of its own`, true);
  }
  const code = status === 404 ? 'NOT_FOUND' : status === 409 ? 'CONFLICT' : 'BAD_REQUEST';
  return fail(place, what, { code, retryable: false });
}

/** Of a proxy whose server does not answer, and of a server that takes no requests for now. */
const GATEWAY: ReadonlySet<number> = new Set([502, 503, 504]);

const ErrorBody = z.object({ errorCode: z.string().optional(), error: z.string().optional() });

/** The word that names an error in the upstream's documentation. The text beside it may quote what we sent. */
function errorName(body: unknown): string | undefined {
  const { data } = ErrorBody.safeParse(body);
  const name = data?.errorCode ?? data?.error;
  return name !== undefined && /^[A-Za-z_]{1,40}$/.test(name) ? name : undefined;
}

type Failure = Omit<ConstructorParameters<typeof UpstreamError>[1], 'upstream'>;

function fail(place: Place, what: string, failure: Failure): UpstreamError {
  return new UpstreamError(`${place.upstream} ${place.route} ${what}.`, {
    upstream: place.upstream,
    ...failure,
  });
}

/** A failure below HTTP. What fetch itself throws is the cause, so that a person can see the network's word for it. */
export function transportError(place: Place, error: unknown): UpstreamError {
  const unsure = place.writes ? 'unknown' : 'none';
  if (error instanceof Error && error.name === 'TimeoutError') {
    return fail(place, 'did not answer in time', {
      code: 'TIMEOUT',
      retryable: true,
      effect: unsure,
      cause: error,
    });
  }
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const effect = neverConnected(cause) || neverWritten(cause) ? 'none' : unsure;
  const what =
    effect === 'none' && place.writes ? 'could not be reached' : 'could not be reached or broke off';
  return fail(place, `${what}${reasonOf(cause)}`, { code: 'UNREACHABLE', retryable: true, effect, cause });
}

/** The network's word for it, which is a code and so nothing personal, and what it means where a person has to act on it. */
function reasonOf(cause: unknown): string {
  const first: unknown = cause instanceof AggregateError ? cause.errors[0] : cause;
  const code = first instanceof Error && 'code' in first ? first.code : undefined;
  if (typeof code !== 'string' || !/^[A-Z][A-Z0-9_]{2,50}$/.test(code)) return '';
  const meaning = MEANINGS.find(([codes]) => codes.test(code))?.[1];
  return meaning === undefined ? ` (${code})` : `: ${meaning} (${code})`;
}

const MEANINGS: readonly (readonly [codes: RegExp, meaning: string])[] = [
  [/^ENOTFOUND$/, 'DNS does not know its name'],
  [/^EAI_/, 'DNS does not answer'],
  [/^CERT_HAS_EXPIRED$/, 'its certificate has expired'],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$/, 'its certificate is for another name'],
  [/SELF_SIGNED|^UNABLE_TO_|^CERT_/, 'its certificate is not trusted'],
  [/^(ERR_SSL|EPROTO)/, 'TLS failed'],
];

/** True when the failure came before a connection stood, so that nothing can have been sent. */
function neverConnected(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  // Where a name has several addresses, each attempt has its own error.
  if (cause instanceof AggregateError) return cause.errors.length > 0 && cause.errors.every(neverConnected);
  const { code, syscall } = cause as NodeJS.ErrnoException;
  return syscall === 'connect' || syscall === 'getaddrinfo' || code === 'UND_ERR_CONNECT_TIMEOUT';
}

/** True when the kernel refused the write because the connection was closed. A call is short, and is written at once. */
function neverWritten(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  const { code, syscall } = cause as NodeJS.ErrnoException;
  return code === 'EPIPE' && syscall === 'write';
}

const BROKEN = new Set(['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'UND_ERR_SOCKET']);

/** A connection that stood and broke, in a call that has had no effect. */
export function isLostConnection(error: unknown): boolean {
  if (!(error instanceof UpstreamError) || error.code !== 'UNREACHABLE' || error.effect !== 'none')
    return false;
  const { code = '' } = error.cause as NodeJS.ErrnoException;
  return BROKEN.has(code) && !neverConnected(error.cause);
}
