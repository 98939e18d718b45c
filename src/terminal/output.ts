/** Writing to stdout and stderr: one JSON document for programs, and no error when the reader closes the pipe. */
import type { EventEmitter } from 'node:events';
import type { Writable } from 'node:stream';
import { visibleJson } from './visible.ts';

/** Raised when a field changes its meaning or is removed; a new field does not raise it. */
export const SCHEMA_VERSION = 1;

export interface JsonResult {
  readonly command: string;
  readonly [field: string]: unknown;
}

/** Prints the one document that `--json` promises, with its version first, and a line break after it. */
export function printJson(result: JsonResult, stream: Pick<Writable, 'write'> = process.stdout): void {
  stream.write(`${visibleJson(JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...result }))}\n`);
}

/** One line of what `--ndjson` promises. Resolves when the reader keeps up, so that nothing piles up here. */
export async function printLine(
  value: object,
  stream: Pick<Writable, 'write' | 'once' | 'writable'> = process.stdout,
): Promise<void> {
  await writeText(`${visibleJson(JSON.stringify(value))}\n`, stream);
}

/** Resolves when the reader keeps up. */
export async function writeText(
  text: string,
  stream: Pick<Writable, 'write' | 'once' | 'writable'>,
): Promise<void> {
  const takesMore = stream.write(text);
  if (takesMore || !stream.writable) return;
  await new Promise<void>((resolve) => {
    stream.once('drain', resolve);
    // A reader that closed the pipe needs no wait.
    stream.once('close', resolve);
  });
}

/**
 * `concord events | head` closes the pipe while there is more to say, which is no failure: what is
 * written after that is dropped. Any other error of the stream is thrown as if it had no listener.
 */
export function ignoreBrokenPipe(stream: Pick<EventEmitter, 'on'>): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

/**
 * For stderr: whatever becomes of it (a reader that has gone away, a full disk), what is written is dropped, because there
 * is no other place to report it. The log must not end a process that does its work.
 */
export function ignoreErrors(stream: Pick<EventEmitter, 'on'>): void {
  stream.on('error', () => undefined);
}
