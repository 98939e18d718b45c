/** What the server says -> a code to branch on. The texts are those of Atlas, with invented names. */
import { MongoServerError } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { UpstreamError } from '../../../src/errors.ts';
import { translateError } from '../../../src/mongo/driver/errors.ts';

function translated(code: number, errmsg: string, errorLabels: readonly string[] = []): UpstreamError {
  const error = translateError(
    new MongoServerError({ ok: 0, errmsg, code, errorLabels: [...errorLabels] }),
    'store something',
    'write',
  );
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

describe('codes that pass', () => {
  it.each([24, 46, 63, 133, 134, 150, 201, 202, 234, 246, 262, 290, 317, 358, 365, 384, 402, 11601, 13388])(
    '%i is tried again',
    (code) => {
      expect(translated(code, 'it passes')).toMatchObject({ retryable: true });
    },
  );

  it.each(['RetryableWriteError', 'TransientTransactionError', 'ResumableChangeStreamError'])(
    'an unknown code with the label %s is tried again',
    (label) => {
      const error = translated(987_654, 'it passes', [label]);
      expect(error).toMatchObject({ code: 'INTERRUPTED', retryable: true, effect: 'unknown' });
    },
  );

  it('an unknown code without a label is refused', () => {
    expect(translated(987_654, 'no')).toMatchObject({ code: 'REFUSED', retryable: false });
  });
});
