/** What the server says -> a code to branch on. The texts are those of Atlas, with invented names. */
import {
  MongoCursorExhaustedError,
  MongoExpiredSessionError,
  MongoInvalidArgumentError,
  MongoServerClosedError,
  MongoServerError,
  MongoStalePrimaryError,
  MongoTransactionError,
  MongoUnexpectedServerResponseError,
  MongoWriteConcernError,
} from 'mongodb';
import { describe, expect, it } from 'vitest';
import { UpstreamError } from '../../../src/errors.ts';
import { VERDICTS } from '../../../src/mongo/driver/error-codes.ts';
import { translateError } from '../../../src/mongo/driver/errors.ts';

function translated(
  code: number | undefined,
  errmsg: string,
  errorLabels: readonly string[] = [],
): UpstreamError {
  const numbered = code === undefined ? {} : { code };
  return upstreamError(new MongoServerError({ ok: 0, errmsg, ...numbered, errorLabels: [...errorLabels] }));
}

function upstreamError(answer: Error): UpstreamError {
  const error = translateError(answer, 'store something', 'write');
  if (!(error instanceof UpstreamError)) throw new Error('It was not translated.');
  return error;
}

describe('AtlasError 8000', () => {
  it.each([
    ['bad auth : Authentication failed.', 'UNAUTHENTICATED', false],
    ['bad auth : authentication failed', 'UNAUTHENTICATED', false],
    ['user is not allowed to do action [insert] on [shop.users]', 'UNAUTHORIZED', false],
    ['(Unauthorized) not authorized on shop to execute command', 'UNAUTHORIZED', false],
    ['you are over your space quota, using 513 MB of 512 MB', 'DISK_FULL', true],
    ['you are over your storage quota', 'DISK_FULL', true],
    ['cannot create a new collection -- already using 527 collections of 500', 'TOO_MANY_COLLECTIONS', true],
    ['{getParameter: 1} not allowed in this atlas tier', 'NOT_SUPPORTED', false],
    [
      '<$compact> is not allowed or the syntax is incorrect, see the Atlas documentation for more information',
      ...(['NOT_SUPPORTED', false] as const),
    ],
    ['you have exceeded your connection limit', 'TOO_MANY_CONNECTIONS', true],
    ['cannot establish connection: connection limit exceeded for the cluster', 'TOO_MANY_CONNECTIONS', true],
    ['too many connections', 'TOO_MANY_CONNECTIONS', true],
    ['an answer that nobody has seen before', 'ATLAS_ERROR', true],
  ])('%s', (text, code, retryable) => {
    expect(translated(8000, text)).toMatchObject({ upstream: 'mongodb', code, retryable });
  });

  it('keeps nothing of the text, which names databases', () => {
    const error = translated(8000, 'user is not allowed to do action [insert] on [shop.users]');
    expect(`${error.message} ${String(error.cause)}`).not.toContain('shop');
  });
});

/** Both specifications name these; reads have one more. */
const OF_THE_SPECIFICATIONS = {
  HostUnreachable: 6,
  HostNotFound: 7,
  NetworkTimeout: 89,
  ShutdownInProgress: 91,
  ReadConcernMajorityNotAvailableYet: 134,
  PrimarySteppedDown: 189,
  ExceededTimeLimit: 262,
  SocketException: 9001,
  NotWritablePrimary: 10107,
  InterruptedAtShutdown: 11600,
  InterruptedDueToReplStateChange: 11602,
  NotPrimaryNoSecondaryOk: 13435,
  NotPrimaryOrSecondary: 13436,
} as const;

/** "Not writable primary", "node is recovering" and "node is shutting down" of server discovery and monitoring. */
const NOT_WRITABLE = [91, 189, 10058, 10107, 11600, 11602, 13435, 13436] as const;

/** Others that a change stream may be resumed after. */
const RESUMABLE = [43, 63, 133, 150, 234, 13388] as const;

/** By their categories in the server's error_codes.yml, and later than that file: 384, 391, 402, 462, 512. */
const OF_THE_SERVER = [
  ...[24, 46, 50, 64, 75, 112, 117, 175, 201, 202, 215, 216, 237, 239, 246, 249, 250, 264, 272, 279, 285],
  ...[290, 303, 314, 317, 355, 358, 365, 371, 384, 391, 402, 462, 512],
  ...[11601, 12586, 12587, 14031, 46841, 50915, 56846],
] as const;

/** A call that is repeated would end in the same way. */
const PERMANENT = {
  UNAUTHORIZED: [13],
  UNAUTHENTICATED: [18],
  NO_SUCH_COLLECTION: [26],
  WRITE_CONCERN: [79, 100],
  INDEX_IN_THE_WAY: [85, 86],
  DOCUMENT_REFUSED: [121],
  DUPLICATE_KEY: [11_000, 11_001],
  NO_CHANGE_STREAMS: [148, 40_573],
  POSITION_LOST: [136, 260, 280, 286, 40_576, 40_585, 40_647, 50_811],
} as const;

const PASSING = [...Object.values(OF_THE_SPECIFICATIONS), 10_058, ...RESUMABLE, ...OF_THE_SERVER];

describe('the table of codes', () => {
  it.each(Object.entries(OF_THE_SPECIFICATIONS))('%s (%i) is tried again', (_name, code) => {
    expect(translated(code, 'it passes')).toMatchObject({ retryable: true });
  });

  it.each(NOT_WRITABLE)('%i says that the server is no primary', (code) => {
    expect(translated(code, 'no')).toMatchObject({
      code: 'NOT_WRITABLE',
      retryable: true,
      effect: 'unknown',
    });
  });

  it.each([...RESUMABLE, ...OF_THE_SERVER])('%i is tried again', (code) => {
    expect(translated(code, 'it passes')).toMatchObject({ retryable: true });
  });

  it.each(Object.entries(PERMANENT).flatMap(([name, codes]) => codes.map((code) => [code, name] as const)))(
    '%i is %s',
    (code, name) => {
      expect(translated(code, 'no')).toMatchObject({ code: name, retryable: false });
    },
  );

  it('has no code that is not here', () => {
    const here = [...PASSING, ...Object.values(PERMANENT).flat()];
    expect([...VERDICTS.keys()].sort((a, b) => a - b)).toEqual([...new Set(here)].sort((a, b) => a - b));
  });

  it.each(['not master', 'not master or secondary; cannot currently read', 'node is recovering'])(
    'an answer without a code that says "%s" is of a server that is no primary',
    (text) => {
      expect(translated(undefined, text)).toMatchObject({ code: 'NOT_WRITABLE', retryable: true });
    },
  );

  it.each(['not master', 'node is recovering'])('the text "%s" beside another code says nothing', (text) => {
    expect(translated(2, text)).toMatchObject({ code: 'REFUSED', retryable: false });
  });
});

describe('labels', () => {
  it.each(['RetryableWriteError', 'TransientTransactionError', 'ResumableChangeStreamError'])(
    'an unknown code with %s is tried again',
    (label) => {
      const error = translated(987_654, 'it passes', [label]);
      expect(error).toMatchObject({ code: 'INTERRUPTED', retryable: true, effect: 'unknown' });
    },
  );

  it.each([
    [['SystemOverloadedError'], 'unknown'],
    [['SystemOverloadedError', 'NoWritesPerformed'], 'none'],
    [['SystemOverloadedError', 'RetryableError'], 'none'],
  ])('an unknown code with %j is waited out, and its effect is %s', (labels, effect) => {
    expect(translated(987_654, 'busy', labels)).toMatchObject({
      ...{ code: 'OVERLOADED', retryable: true, effect },
    });
  });

  it('a step-down before anything was written has no effect', () => {
    expect(translated(189, 'no', ['RetryableWriteError', 'NoWritesPerformed'])).toMatchObject({
      ...{ code: 'NOT_WRITABLE', effect: 'none' },
    });
  });

  it('an unknown code without a label is refused', () => {
    expect(translated(987_654, 'no')).toMatchObject({ code: 'REFUSED', retryable: false });
  });
});

describe('a write concern that was not met', () => {
  it.each([
    [64, 'WRITE_CONCERN', true],
    [75, 'WRITE_CONCERN', true],
    [79, 'WRITE_CONCERN', false],
    [100, 'WRITE_CONCERN', false],
    [189, 'NOT_WRITABLE', true],
    [11_602, 'NOT_WRITABLE', true],
    [112, 'WRITE_CONCERN', true],
  ])('with the code %i: %s', (code, name, retryable) => {
    const writeConcernError = { code, errmsg: 'no', errInfo: {} };
    const error = upstreamError(new MongoWriteConcernError({ ok: 1, writeConcernError } as never));
    expect(error).toMatchObject({ code: name, retryable, effect: 'unknown' });
  });
});

describe('what the driver says by itself', () => {
  it.each([
    new MongoExpiredSessionError(),
    new MongoServerClosedError('server is closed'),
    new MongoStalePrimaryError('primary marked stale'),
    new MongoUnexpectedServerResponseError('Unable to get response from server'),
  ])('%s comes and goes with the servers, and is tried again', (error) => {
    expect(upstreamError(error)).toMatchObject({ code: 'INTERRUPTED', retryable: true, effect: 'unknown' });
  });

  it.each([
    new MongoInvalidArgumentError('no'),
    new MongoTransactionError('no'),
    new MongoCursorExhaustedError('no'),
  ])('%s is a wrong call of ours', (error) => {
    expect(upstreamError(error)).toMatchObject({ code: 'MISUSED', retryable: false, effect: 'none' });
  });
});
