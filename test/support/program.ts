/**
 * Concord as people and supervisors run it, with its own streams and exit code. Command lines that are run to their ends
 * share a process, see hosted-program.ts.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { runHosted } from './hosted-program.ts';
import { SANDBOX_CONFIG } from './platform.ts';

/** Compiled once for the whole run, as it is installed: a loader would cost every process most of a second. */
export const MAIN = fileURLToPath(new URL('../../.test-build/main.js', import.meta.url));

export interface Ended {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Program {
  readonly ended: Promise<Ended>;
  /** What it has written so far. */
  stdout(): string;
  stderr(): string;
  signal(name: NodeJS.Signals): void;
}

export interface ProgramOptions {
  /** All that it sees of the environment, beside what every process needs. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: an empty directory, so that no `.env` and no sandbox of anybody's is found. */
  readonly cwd?: string;
  /** Another build of it, or another Node that runs it. */
  readonly build?: Build;
}

export interface Build {
  readonly node: string;
  readonly main: string;
}

/** Starts `concord …`; killed with the test, if it has not ended by then. */
export async function startProgram(args: readonly string[], options: ProgramOptions = {}): Promise<Program> {
  const cwd = options.cwd ?? (await temporaryDirectory());
  const { node, main } = options.build ?? { node: process.execPath, main: MAIN };
  const child = spawn(node, [main, ...args], {
    cwd,
    env: environmentOf(options),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const written = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    written.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    written.stderr += text;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    // `close` comes when both streams have been read to their ends.
    child.once('close', (code) => resolve({ code, ...written }));
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended.catch(() => undefined);
  });
  return {
    ended,
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    signal: (name) => void child.kill(name),
  };
}

/** Runs `concord …` to its end, in a process that has run others before. */
export async function runProgram(args: readonly string[], options: ProgramOptions = {}): Promise<Ended> {
  // Node reads it when it starts.
  if (options.env?.['NODE_OPTIONS'] !== undefined) return runProcess(args, options);
  const cwd = options.cwd ?? (await temporaryDirectory());
  return runHosted({ args, cwd, env: environmentOf(options) });
}

/** Runs `concord …` to its end, in a process of its own. */
export async function runProcess(args: readonly string[], options: ProgramOptions = {}): Promise<Ended> {
  return (await startProgram(args, options)).ended;
}

function environmentOf({ env }: ProgramOptions): Readonly<Record<string, string>> {
  const { PATH = '', HOME = '' } = process.env;
  return { PATH, HOME, ...env };
}

/** Starts it on a platform, with the settings of the sandbox. */
export function startOn(
  { env }: { readonly env: Readonly<Record<string, string>> },
  ...args: readonly string[]
): Promise<Program> {
  return startProgram(['--config', SANDBOX_CONFIG, ...args], { env });
}

/** Runs it on a platform, with the settings of the sandbox. */
export function runOn(
  { env }: { readonly env: Readonly<Record<string, string>> },
  ...args: readonly string[]
): Promise<Ended> {
  return runProgram(['--config', SANDBOX_CONFIG, ...args], { env });
}

/** The one document on stdout. Throws when there is anything else. */
export function documentOf({ stdout }: Ended): Readonly<Record<string, unknown>> {
  return JSON.parse(stdout) as Readonly<Record<string, unknown>>;
}

/** Gone with the test. */
export async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'concord-test-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}
