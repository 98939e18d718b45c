/**
 * Every failure of the MongoDB driver -> one UpstreamError with a code that a caller may branch on.
 *
 * What the server says about a failure can hold parts of documents: a duplicate key message names the
 * email or the handle, a bulk error carries the whole document. So the answer itself is never kept as the
 * cause; its number, name, labels and the name of the index are.
 */
import {
  MongoAPIError,
  MongoBulkWriteError,
  MongoError,
  MongoNetworkError,
  MongoNetworkTimeoutError,
  MongoOperationTimeoutError,
  MongoServerError,
  MongoServerSelectionError,
  MongoTopologyClosedError,
  MongoWriteConcernError,
} from 'mongodb';
import { UpstreamError } from '../../errors.ts';
import {
  interrupted,
  refused,
  timeout,
  unreachable,
  type Verdict,
  verdictOnAnswer,
  verdictOnWriteConcern,
  writeConcern,
} from './error-codes.ts';

type Access = 'read' | 'write';

/** Runs a call that changes nothing. `what` completes the sentence "MongoDB could not …". */
export async function reading<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw translateError(error, what, 'read');
  }
}

/** Runs a call that may change something. `what` completes the sentence "MongoDB could not …". */
export async function writing<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw translateError(error, what, 'write');
  }
}

/**
 * Makes a call that may be repeated, and makes it again after a lost connection or a step-down: what the driver
 * does for its own methods, and not for a command that is sent as it is.
 */
export async function twiceIfLost<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const isLost =
      error instanceof UpstreamError && (error.code === 'UNREACHABLE' || error.code === 'NOT_WRITABLE');
    if (!isLost) throw error;
    return await call();
  }
}

/** Errors that are not the driver's come back as they are: a fault of ours is not an upstream's. */
export function translateError(error: unknown, what: string, access: Access): unknown {
  const original = unwrapped(error);
  if (!isDriverError(original)) return error;
  const verdict = verdictOn(original);
  return new UpstreamError(`MongoDB could not ${what}: ${nameOf(original)}`, {
    upstream: 'mongodb',
    code: verdict.code,
    retryable: verdict.retryable,
    effect: access === 'write' ? verdict.effect : 'none',
    cause: withoutValues(original),
  });
}

/** A failure that we found rather than the driver: the answer was no error, but it is not what was needed. */
export function unexpected(what: string, code: string, retryable: boolean): UpstreamError {
  return new UpstreamError(`MongoDB could not ${what}`, { upstream: 'mongodb', code, retryable });
}

/** A unique index refused the write. */
export function isDuplicateKey(error: unknown): error is MongoServerError {
  return error instanceof MongoServerError && (error.code === 11000 || error.code === 11001);
}

/**
 * Positions in an unordered bulk that a unique index refused; undefined when anything else went wrong,
 * a write concern that was not met included.
 */
export function duplicatePositions(error: unknown): readonly number[] | undefined {
  if (!(error instanceof MongoBulkWriteError)) return undefined;
  if (unwrapped(error) !== error || error.result.getWriteConcernError() !== undefined) return undefined;
  const failures = error.result.getWriteErrors();
  if (failures.length === 0 || failures.some((failure) => failure.code !== 11000)) return undefined;
  return failures.map((failure) => failure.index);
}

/** The index that refused a write. MongoDB 4.0 says so only within its message, which holds the value too. */
export function refusingIndex(error: MongoServerError): string | undefined {
  return /\bindex: (?:\S+\.\$)?(.+?) dup key/.exec(error.message)?.[1];
}

/** A bulk write wraps whatever ended it, a lost connection too, in an error that seems to be an answer. */
function unwrapped(error: unknown): unknown {
  if (!(error instanceof MongoBulkWriteError)) return error;
  const inner: unknown = error.errorResponse;
  return isDriverError(inner) ? inner : error;
}

/** What a socket says when its connection breaks in the middle of a call: the driver hands it on as it is. */
interface SocketError extends Error {
  readonly code: string;
}

/** `EPIPE`, `ECONNRESET`, `ERR_STREAM_DESTROYED`, `ERR_SSL_…`; no other code of Node's own. */
const socketCode = /^(E[A-Z]{3,}|ERR_(STREAM|SOCKET|SSL|TLS)_\w+)$/;

function isSocketError(error: unknown): error is SocketError {
  if (!(error instanceof Error) || error instanceof MongoError || !('code' in error)) return false;
  return typeof error.code === 'string' && socketCode.test(error.code);
}

function isDriverError(error: unknown): error is MongoError | SocketError {
  return error instanceof MongoError || isSocketError(error);
}

/** What the driver says, mostly as of a wrong call, when servers come and go; the next call is made to those that are there. */
const PASSING_NAMES: ReadonlySet<string> = new Set([
  'MongoExpiredSessionError',
  'MongoServerClosedError',
  'MongoPoolClosedError',
  'MongoStalePrimaryError',
  'MongoUnexpectedServerResponseError',
]);

function verdictOn(error: MongoError | SocketError): Verdict {
  if (isSocketError(error)) return unreachable;
  if (error instanceof MongoBulkWriteError && error.result.getWriteConcernError() !== undefined) {
    return writeConcern;
  }
  if (error instanceof MongoWriteConcernError) return verdictOnWriteConcern(error.code);
  if (error instanceof MongoServerError) return verdictOnAnswer(error);
  if (error instanceof MongoNetworkTimeoutError || error instanceof MongoOperationTimeoutError)
    return timeout;
  if (error instanceof MongoNetworkError) return unreachable;
  // The driver searches for a server again before it repeats a write, so this does not prove that nothing was sent.
  if (error instanceof MongoServerSelectionError) return unreachable;
  if (error.name === 'MongoWaitQueueTimeoutError') return { ...timeout, effect: 'none' };
  // While there is no server, calls share one try to connect: one gets the reason, the others get this.
  if (error instanceof MongoTopologyClosedError) return unreachable;
  // Of the driver's own making, and no fault of the caller: a server left the set, a session ended with its connection.
  if (PASSING_NAMES.has(error.name)) return interrupted;
  if (/Closed|NotConnected/.test(error.name)) return { code: 'CLOSED', retryable: false, effect: 'unknown' };
  if (error instanceof MongoAPIError) return { ...refused, code: 'MISUSED' };
  return { code: 'FAILED', retryable: false, effect: 'unknown' };
}

function nameOf(error: MongoError | SocketError): string {
  if (isSocketError(error)) return error.code;
  if (!(error instanceof MongoServerError)) return error.name;
  const name = typeof error.codeName === 'string' ? error.codeName : undefined;
  return [name ?? error.name, error.code === undefined ? '' : `(${String(error.code)})`].join(' ').trim();
}

function withoutValues(error: MongoError | SocketError): Error {
  // Errors of the driver itself speak of hosts and options, never of documents.
  if (!(error instanceof MongoServerError)) return error;
  const index = isDuplicateKey(error) ? refusingIndex(error) : undefined;
  const labels = error.errorLabels.length === 0 ? '' : `, ${error.errorLabels.join(', ')}`;
  return new Error(`${nameOf(error)}${index === undefined ? '' : ` by the index ${index}`}${labels}`);
}
