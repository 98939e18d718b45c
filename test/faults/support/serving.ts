/** `serve` as a process, with its log as it is written. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { MAIN, temporaryDirectory } from '../../support/program.ts';

export interface Serving {
  readonly url: string;
  /** What it has logged so far. */
  readonly lines: readonly LogLine[];
  signal(name: NodeJS.Signals): void;
  /** Stops to read its stderr. */
  closeLog(): void;
  /** With its exit code, null when a signal ended it. */
  readonly ended: Promise<number | null>;
}

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface ServingOptions {
  /** Of Node. */
  readonly nodeArguments?: readonly string[];
  /** As `ulimit -n`. */
  readonly descriptors?: number;
}

/** Resolves when it listens. */
export async function serve(
  env: Readonly<Record<string, string>>,
  config: string,
  { nodeArguments = [], descriptors }: ServingOptions = {},
): Promise<Serving> {
  const program = [process.execPath, ...nodeArguments, MAIN, '--config', config, 'serve'];
  const limit = descriptors === undefined ? '' : `ulimit -n ${descriptors} && `;
  const child = spawn('sh', ['-c', `${limit}exec "$@"`, 'sh', ...program], {
    cwd: await temporaryDirectory(),
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const lines: LogLine[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (text) => {
      const line = lineOf(text);
      lines.push(line);
      if (line.msg === 'the service cannot start') reject(new Error(text));
      if (typeof line['url'] === 'string') resolve(line['url']);
    });
    ended.then(() => reject(new Error('The process ended before it listened.')), reject);
  });
  return {
    url,
    lines,
    ended,
    signal: (name) => void child.kill(name),
    closeLog: () => child.stderr.destroy(),
  };
}

/** What Node writes when it dies is no JSON. */
function lineOf(text: string): LogLine {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return { level: 'not JSON', msg: text };
  }
}

export async function configWith(settings: string): Promise<string> {
  const path = join(await temporaryDirectory(), 'config.yaml');
  await writeFile(path, settings);
  return path;
}
