/**
 * What the numbers and labels of MongoDB's errors mean for a caller: whether the call may succeed later, and what a failed
 * write may have done.
 *
 * Sources:
 * - mongodb/specifications: source/retryable-writes/retryable-writes.md (`RetryableWriteError` labels),
 *   source/retryable-reads/retryable-reads.md (retryable error), source/server-discovery-and-monitoring/
 *   server-discovery-and-monitoring.md ("not writable primary" and "node is recovering"),
 *   source/transactions/transactions.md (`TransientTransactionError`), source/change-streams/change-streams.md (resumable
 *   error), source/client-backpressure/client-backpressure.md (`SystemOverloadedError`, `RetryableError`,
 *   `NoWritesPerformed`).
 * - mongodb/mongo: src/mongo/base/error_codes.yml, the categories NetworkError, Interruption, NotPrimaryError,
 *   StaleShardVersionError, NeedRetargettingError, ShutdownError, ExceededTimeLimitError, SnapshotError,
 *   CursorInvalidatedError, CloseConnectionError and RetriableError, as far as a server may send them.
 * - The texts of 8000 are not documented: www.mongodb.com/docs/atlas/unsupported-commands has one of them, and bug reports
 *   of other projects have the others.
 */
export interface Verdict {
  readonly code: string;
  readonly retryable: boolean;
  /** What a failed write may have done. A failed read does nothing. */
  readonly effect: 'none' | 'unknown';
}

const notWritable: Verdict = { code: 'NOT_WRITABLE', retryable: true, effect: 'unknown' };
export const unreachable: Verdict = { code: 'UNREACHABLE', retryable: true, effect: 'unknown' };
export const timeout: Verdict = { code: 'TIMEOUT', retryable: true, effect: 'unknown' };
export const writeConcern: Verdict = { code: 'WRITE_CONCERN', retryable: true, effect: 'unknown' };
export const refused: Verdict = { code: 'REFUSED', retryable: false, effect: 'none' };
const indexInTheWay: Verdict = { ...refused, code: 'INDEX_IN_THE_WAY' };
const noChangeStreams: Verdict = { ...refused, code: 'NO_CHANGE_STREAMS' };
const positionLost: Verdict = { ...refused, code: 'POSITION_LOST' };
const unauthorized: Verdict = { ...refused, code: 'UNAUTHORIZED' };
const unauthenticated: Verdict = { ...refused, code: 'UNAUTHENTICATED' };
const cursorLost: Verdict = { code: 'CURSOR_LOST', retryable: true, effect: 'none' };
const notReady: Verdict = { code: 'NOT_READY', retryable: true, effect: 'none' };
const writeConflict: Verdict = { code: 'WRITE_CONFLICT', retryable: true, effect: 'none' };
const diskFull: Verdict = { code: 'DISK_FULL', retryable: true, effect: 'none' };
const tooManyConnections: Verdict = { code: 'TOO_MANY_CONNECTIONS', retryable: true, effect: 'none' };
/** The server had more to do than it can. */
const overloaded: Verdict = { code: 'OVERLOADED', retryable: true, effect: 'none' };
/** The server, or the driver, ended the call for a temporary reason of its own. */
export const interrupted: Verdict = { code: 'INTERRUPTED', retryable: true, effect: 'unknown' };

/**
 * The server's own numbers. A step-down or shutdown is "unknown" for a write: the driver repeats once, and
 * the answer to the second try says nothing about what the first one did.
 */
export const VERDICTS: ReadonlyMap<number, Verdict> = new Map([
  // The network between the servers.
  [6, unreachable],
  [7, unreachable],
  [89, timeout],
  [202, timeout],
  [303, unreachable],
  [317, unreachable],
  [384, unreachable],
  [9001, unreachable],
  [56846, unreachable],
  // The server is no primary, or is starting or stopping.
  [91, notWritable],
  [189, notWritable],
  [216, notWritable],
  [10058, notWritable],
  [10107, notWritable],
  [11600, notWritable],
  [11602, notWritable],
  [13435, notWritable],
  [13436, notWritable],
  [133, notReady],
  [134, notReady],
  // It took too long.
  [50, timeout],
  [262, timeout],
  [290, interrupted],
  // The call was given up.
  [24, interrupted],
  [46, interrupted],
  [112, writeConflict],
  [201, interrupted],
  [234, interrupted],
  [279, interrupted],
  [355, interrupted],
  [358, interrupted],
  [365, interrupted],
  [402, interrupted],
  [11601, interrupted],
  [46841, interrupted],
  [50915, interrupted],
  // Something else is being done to the database or the collection.
  [117, notReady],
  [215, notReady],
  [285, notReady],
  [371, notReady],
  [12586, notReady],
  [12587, notReady],
  // A router or a shard did not have the newest state.
  [63, interrupted],
  [150, interrupted],
  [239, interrupted],
  [246, interrupted],
  [249, interrupted],
  [250, interrupted],
  [272, interrupted],
  [13388, interrupted],
  // A listing broke off.
  [43, cursorLost],
  [175, cursorLost],
  [237, cursorLost],
  [314, cursorLost],
  // More than the server can do.
  [264, { ...overloaded, effect: 'unknown' }],
  [462, overloaded],
  [512, overloaded],
  [14031, diskFull],
  // What was written is not on as many servers as was asked for.
  [64, writeConcern],
  [75, writeConcern],
  [79, { ...writeConcern, retryable: false }],
  [100, { ...writeConcern, retryable: false }],
  // A person has to change something.
  [13, unauthorized],
  [18, unauthenticated],
  [391, { ...unauthenticated, retryable: true }],
  [26, { ...refused, code: 'NO_SUCH_COLLECTION' }],
  [85, indexInTheWay],
  [86, indexInTheWay],
  [121, { ...refused, code: 'DOCUMENT_REFUSED' }],
  [11000, { ...refused, code: 'DUPLICATE_KEY' }],
  [11001, { ...refused, code: 'DUPLICATE_KEY' }],
  [148, noChangeStreams],
  [40573, noChangeStreams],
  // Which one it is differs with the version: the history does not go back so far, or the token is none.
  [136, positionLost],
  [260, positionLost],
  [280, positionLost],
  [286, positionLost],
  [40576, positionLost],
  [40585, positionLost],
  [40647, positionLost],
  [50811, positionLost],
]);

/** What a server says that gives no number, as old ones did. */
const LEGACY_NOT_WRITABLE = /not master|node is recovering/i;

const ATLAS_ERROR = 8000;
/**
 * Atlas answers with one number, whatever the reason, and says it in the text only. What is not known here is taken
 * for something temporary. The text itself is not kept: it names users, databases and sizes.
 */
const ATLAS_VERDICTS: readonly (readonly [text: RegExp, verdict: Verdict])[] = [
  [/\bquota\b|out of (disk )?space/i, diskFull],
  [/already using \d+ (collections|databases)/i, { ...diskFull, code: 'TOO_MANY_COLLECTIONS' }],
  [
    /connections? limit|too many (open )?connections|connections? .*exceeded|exceeded .*connections?/i,
    tooManyConnections,
  ],
  [/bad auth|authentication failed|auth(entication)? error/i, unauthenticated],
  // A command that the tier does not have: no user may do it.
  [
    /not allowed in this atlas tier|not allowed or the syntax is incorrect|CMD_NOT_ALLOWED/i,
    { ...refused, code: 'NOT_SUPPORTED' },
  ],
  [/not allowed|not authori[sz]ed|permission/i, unauthorized],
];
const atlasError: Verdict = { code: 'ATLAS_ERROR', retryable: true, effect: 'unknown' };

/** Newer servers add codes, and say with a label what may be done about them. */
const RETRYABLE_LABELS = [
  'RetryableWriteError',
  'TransientTransactionError',
  'ResumableChangeStreamError',
  'RetryableError',
];
/** The server says that the call changed nothing. */
const NO_EFFECT_LABELS = ['NoWritesPerformed', 'RetryableError'];

interface ServerError {
  readonly code?: unknown;
  readonly message: string;
  hasErrorLabel(label: string): boolean;
}

/** Of an error that a server answered with. */
export function verdictOnAnswer(error: ServerError): Verdict {
  const verdict = withoutLabels(error);
  const hasNoEffect = NO_EFFECT_LABELS.some((label) => error.hasErrorLabel(label));
  return hasNoEffect ? { ...verdict, effect: 'none' } : verdict;
}

function withoutLabels(error: ServerError): Verdict {
  if (error.code === ATLAS_ERROR)
    return ATLAS_VERDICTS.find(([text]) => text.test(error.message))?.[1] ?? atlasError;
  const known = VERDICTS.get(Number(error.code));
  if (known !== undefined) return known;
  if (error.code === undefined && LEGACY_NOT_WRITABLE.test(error.message)) return notWritable;
  // Without a label that says so, what the call has done by then is not known.
  if (error.hasErrorLabel('SystemOverloadedError')) return { ...overloaded, effect: 'unknown' };
  return RETRYABLE_LABELS.some((label) => error.hasErrorLabel(label)) ? interrupted : refused;
}

/** Of a write that was carried out and not confirmed by as many servers as was asked for, so its effect is never `none`. */
export function verdictOnWriteConcern(code: unknown): Verdict {
  const known = VERDICTS.get(Number(code));
  if (known?.code === 'WRITE_CONCERN' || known?.code === 'NOT_WRITABLE') return known;
  return writeConcern;
}
