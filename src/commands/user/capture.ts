/**
 * `concord capture <user>`: a bug report of one user that may be sent to others: every name in it is replaced, and it
 * loads as a test. Reads only.
 */
import { writeFileSync } from 'node:fs';
import { concordVersion } from '../../config/version.ts';
import { counted } from '../../count.ts';
import { capture } from '../../engine/operations/capture/capture.ts';
import type { Capture } from '../../engine/operations/capture/capture-file.ts';
import { UsageError } from '../../errors.ts';
import { printJson } from '../../terminal/output.ts';
import { visible } from '../../terminal/visible.ts';
import { wireReadSide } from '../../wiring/read-side.ts';
import { EXIT, type ExitCode, type GlobalOptions, reachedConfigFor, terminalOf } from '../command.ts';
import { findUser } from './find-user.ts';

export interface CaptureOptions extends GlobalOptions {
  /** Where to write it; without it, to stdout. */
  readonly out?: string | undefined;
}

export async function runCapture(text: string, options: CaptureOptions): Promise<ExitCode> {
  const config = await reachedConfigFor(options, ['mongodb', 'auth0', 'pds']);
  const { stdout, json } = terminalOf(options);
  const side = wireReadSide(config);
  try {
    const { user, userId, tenant } = await findUser(text, side.tenants, side.assess);
    const who = { user, userId, tenant, concord: concordVersion(), node: process.version };
    const captured = await capture(side.assess, who, new Date());
    const report = `${JSON.stringify(captured, undefined, 1)}\n`;
    if (options.out === undefined) {
      stdout.write(report);
      return EXIT.clean;
    }
    write(options.out, report);
    if (json) printJson({ command: 'capture', out: options.out, ...gist(captured) });
    else stdout.write(`${visible(options.out)} has ${sentence(captured)}\n`);
    return EXIT.clean;
  } finally {
    await side.close();
  }
}

function gist({ events, seen, plan }: Capture) {
  return { events: events.length, looked: plan !== undefined, failed: seen.failed };
}

function sentence({ events, plan }: Capture): string {
  const look =
    plan === undefined
      ? 'no observation, because Auth0 or the documents could not be read'
      : 'one observation';
  return `${counted(events.length, 'event')} and ${look}. Every name in it is replaced.`;
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text, { mode: 0o600 });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'it failed';
    throw new UsageError(`The report could not be written to ${visible(path)}: ${code}`, 'FILE_NOT_WRITTEN');
  }
}
