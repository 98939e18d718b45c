/** The file of an export job: NDJSON, compressed or not, read as a stream with bounded memory. */
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { UpstreamError } from '../errors.ts';
import { transportError } from '../upstream/failures.ts';
import type { Auth0Client } from './client.ts';

/** Milliseconds without a byte after which the file counts as broken off. How long the reader takes does not count. */
const IDLE_TIMEOUT_MS = 30_000;
/** In UTF-16 units. A user takes a few hundred; each linked identity adds its tokens and what its provider says. */
const MAX_LINE_LENGTH = 1_048_576;
const GZIP_MAGIC = [0x1f, 0x8b] as const;

const place = { upstream: 'auth0', route: 'users.export.file', writes: false } as const;

/**
 * Each line as parsed JSON. The link carries its own signature and leads to storage outside of Auth0, so
 * no token goes with it. Throws UNREACHABLE, TIMEOUT, EXPORT_FAILED (a dead link) or UNEXPECTED_ANSWER,
 * so a file that is read to its end is complete, as far as the file shows.
 */
export async function* exportLines(
  client: Pick<Auth0Client, 'fetch' | 'secure'>,
  location: string,
): AsyncGenerator<unknown> {
  if (client.secure && new URL(location).protocol !== 'https:') {
    throw failure('UNEXPECTED_ANSWER', 'The link to the export is not HTTPS.', false);
  }
  try {
    for await (const line of linesOf(plain(download(client.fetch, location)))) yield readLine(line);
  } catch (error) {
    throw error instanceof UpstreamError ? error : transportError(place, error);
  }
}

async function* download(fetch: typeof globalThis.fetch, location: string): AsyncGenerator<Uint8Array> {
  const abort = new AbortController();
  const inTime = async <T>(step: Promise<T>): Promise<T> => {
    const late = new DOMException('No byte came in time.', 'TimeoutError');
    const timer = setTimeout(() => abort.abort(late), IDLE_TIMEOUT_MS);
    return step.finally(() => clearTimeout(timer));
  };
  const response = await inTime(fetch(location, { redirect: 'manual', signal: abort.signal }));
  if (!response.ok || response.body === null) {
    abort.abort();
    throw failure('EXPORT_FAILED', `The link to the export answered ${response.status}.`, true);
  }
  const reader = response.body.getReader();
  try {
    for (;;) {
      const { done, value } = await inTime(reader.read());
      if (done) return;
      yield value;
    }
  } finally {
    // A reader that stops early leaves the rest of the file on the wire.
    abort.abort();
  }
}

/** Inflates what starts as gzip does: the documentation does not settle whether the file is compressed. */
async function* plain(chunks: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  let head = Buffer.alloc(0);
  while (head.length < GZIP_MAGIC.length) {
    const next = await chunks.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  const all = async function* (): AsyncGenerator<Uint8Array> {
    yield head;
    yield* chunks;
  };
  if (!GZIP_MAGIC.every((byte, at) => head[at] === byte)) {
    yield* all();
    return;
  }
  // An error of either stream comes out of the inflating one, which is read; the callback adds nothing.
  yield* pipeline(Readable.from(all()), createGunzip(), () => {});
}

async function* linesOf(chunks: AsyncGenerator<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE_LENGTH)
      throw failure('UNEXPECTED_ANSWER', 'A line of the export is too long.', false);
    yield* lines.filter((line) => line.trim() !== '');
  }
  rest += decoder.decode();
  if (rest.trim() !== '') yield rest;
}

function readLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // The parser's message quotes the line, which is personal. A truncated file ends in such a line.
    throw failure(
      'UNEXPECTED_ANSWER',
      'A line of the export is not JSON; the file may have been cut off.',
      true,
    );
  }
}

function failure(code: string, message: string, retryable: boolean): UpstreamError {
  return new UpstreamError(message, { upstream: 'auth0', code, retryable });
}
