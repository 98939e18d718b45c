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

type Access = 'read' | 'write';

interface Verdict {
  readonly code: string;
  readonly retryable: boolean;
  /** What a failed write may have done. A failed read does nothing. */
  readonly effect: 'none' | 'unknown';
}

const notWritable: Verdict = { code: 'NOT_WRITABLE', retryable: true, effect: 'unknown' };
const unreachable: Verdict = { code: 'UNREACHABLE', retryable: true, effect: 'unknown' };
const timeout: Verdict = { code: 'TIMEOUT', retryable: true, effect: 'unknown' };
const writeConcern: Verdict = { code: 'WRITE_CONCERN', retryable: true, effect: 'unknown' };
const indexInTheWay: Verdict = { code: 'INDEX_IN_THE_WAY', retryable: false, effect: 'none' };
const noChangeStreams: Verdict = { code: 'NO_CHANGE_STREAMS', retryable: false, effect: 'none' };
const positionLost: Verdict = { code: 'POSITION_LOST', retryable: false, effect: 'none' };
const refused: Verdict = { code: 'REFUSED', retryable: false, effect: 'none' };
const unauthorized: Verdict = { ...refused, code: 'UNAUTHORIZED' };
const unauthenticated: Verdict = { ...refused, code: 'UNAUTHENTICATED' };
const diskFull: Verdict = { code: 'DISK_FULL', retryable: true, effect: 'none' };
const tooManyConnections: Verdict = { code: 'TOO_MANY_CONNECTIONS', retryable: true, effect: 'none' };
/** The server gave the call up for a reason of its own that passes. */
const interrupted: Verdict = { code: 'INTERRUPTED', retryable: true, effect: 'unknown' };

/**
 * The server's own numbers. A step-down or shutdown is "unknown" for a write: the driver repeats once, and
 * the answer to the second try says nothing about what the first one did.
 */
const verdicts: ReadonlyMap<number, Verdict> = new Map([
  [6, unreachable],
  [7, unreachable],
  [89, timeout],
  [9001, unreachable],
  [50, timeout],
  [262, timeout],
  [91, notWritable],
  [189, notWritable],
  [10058, notWritable],
  [10107, notWritable],
  [11600, notWritable],
  [11602, notWritable],
  [13435, notWritable],
  [13436, notWritable],
  [64, writeConcern],
  [79, { ...writeConcern, retryable: false }],
  [100, { ...writeConcern, retryable: false }],
  [13, unauthorized],
  [18, unauthenticated],
  [391, { ...unauthenticated, retryable: true }],
  [26, { ...refused, code: 'NO_SUCH_COLLECTION' }],
  [43, { code: 'CURSOR_LOST', retryable: true, effect: 'none' }],
  [40573, noChangeStreams],
  [148, noChangeStreams],
  // Which one it is differs with the version: the history does not go back so far, or the token is none.
  [136, positionLost],
  [260, positionLost],
  [280, positionLost],
  [286, positionLost],
  [40576, positionLost],
  [40585, positionLost],
  [40647, positionLost],
  [50811, positionLost],
  [85, indexInTheWay],
  [86, indexInTheWay],
  [112, { code: 'WRITE_CONFLICT', retryable: true, effect: 'none' }],
  [121, { ...refused, code: 'DOCUMENT_REFUSED' }],
  [134, { code: 'NOT_READY', retryable: true, effect: 'none' }],
  [11000, { ...refused, code: 'DUPLICATE_KEY' }],
  [11001, { ...refused, code: 'DUPLICATE_KEY' }],
  [14031, diskFull],
  // Named in the server's error_codes.yml as RetriableError, Interruption, NetworkError or StaleShardVersionError.
  [24, interrupted],
  [46, interrupted],
  [63, interrupted],
  [133, { code: 'NOT_READY', retryable: true, effect: 'none' }],
  [150, interrupted],
  [201, interrupted],
  [202, timeout],
  [234, interrupted],
  [246, interrupted],
  [290, interrupted],
  [317, unreachable],
  [358, interrupted],
  [365, interrupted],
  [384, unreachable],
  [402, interrupted],
  [11601, interrupted],
  [13388, interrupted],
]);

/**
 * Atlas answers with one number, 8000, whatever the reason, and says it in the text only. What is not known here is taken
 * for something that passes. The text itself is not kept: it names users, databases and sizes.
 */
const atlasVerdicts: readonly (readonly [text: RegExp, verdict: Verdict])[] = [
  [/\bquota\b|out of (disk )?space/i, diskFull],
  [
    /connections? limit|too many (open )?connections|connections? .*exceeded|exceeded .*connections?/i,
    tooManyConnections,
  ],
  [/bad auth|authentication failed|auth(entication)? error/i, unauthenticated],
  [/not allowed|not authori[sz]ed|permission/i, unauthorized],
];
const atlasError: Verdict = { code: 'ATLAS_ERROR', retryable: true, effect: 'unknown' };

const RETRYABLE_LABELS = ['RetryableWriteError', 'TransientTransactionError', 'ResumableChangeStreamError'];

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

/** A bulk write wraps whatever broke it off, a lost connection too, in an error that looks like an answer. */
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

function verdictOn(error: MongoError | SocketError): Verdict {
  if (isSocketError(error)) return unreachable;
  if (error instanceof MongoBulkWriteError && error.result.getWriteConcernError() !== undefined) {
    return writeConcern;
  }
  if (error instanceof MongoWriteConcernError) {
    return verdicts.get(Number(error.code)) === notWritable ? notWritable : writeConcern;
  }
  if (error instanceof MongoServerError) {
    if (error.code === 8000) return atlasVerdict(error.message);
    const known = verdicts.get(Number(error.code));
    if (known !== undefined) return known;
    return RETRYABLE_LABELS.some((label) => error.hasErrorLabel(label)) ? interrupted : refused;
  }
  if (error instanceof MongoNetworkTimeoutError || error instanceof MongoOperationTimeoutError)
    return timeout;
  if (error instanceof MongoNetworkError) return unreachable;
  // The driver looks for a server again before it repeats a write, so this does not prove that nothing was sent.
  if (error instanceof MongoServerSelectionError) return unreachable;
  if (error.name === 'MongoWaitQueueTimeoutError') return { ...timeout, effect: 'none' };
  // While there is no server, calls share one try to connect: one gets the reason, the others get this.
  if (error instanceof MongoTopologyClosedError) return unreachable;
  if (/Closed|NotConnected/.test(error.name)) return { code: 'CLOSED', retryable: false, effect: 'unknown' };
  if (error instanceof MongoAPIError) return { ...refused, code: 'MISUSED' };
  return { code: 'FAILED', retryable: false, effect: 'unknown' };
}

function atlasVerdict(message: string): Verdict {
  return atlasVerdicts.find(([text]) => text.test(message))?.[1] ?? atlasError;
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
