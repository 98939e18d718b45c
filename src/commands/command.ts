/** What every command gets, and its exit codes. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type ConfigNeed, loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { readEnvironment } from '../config/sources.ts';
import { UsageError } from '../errors.ts';
import { createLogger, type Logger, type LogLevel } from '../logger.ts';
import { createStyle, type Style } from '../terminal/style.ts';

/** Exit codes, the same for every command. */
export const EXIT = {
  clean: 0,
  error: 1,
  /** Something is out of sync. Also the code for a usage error, by convention. */
  differences: 2,
  stoppedByLimit: 3,
  partlyDone: 4,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The options before every command. */
export interface GlobalOptions {
  readonly config?: string | undefined;
  readonly sandbox?: boolean | undefined;
  readonly json?: boolean | undefined;
  readonly logLevel?: string | undefined;
  readonly color?: boolean | undefined;
  /** Seconds. */
  readonly timeout?: number | undefined;
}

export interface Terminal {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly json: boolean;
  readonly style: Style;
}

/** Where a running sandbox leaves its addresses and tokens; outside git, readable by its owner only. */
export const SANDBOX_FILE = '.concord/sandbox.json';
const SANDBOX_CONFIG = fileURLToPath(new URL('../../config/sandbox.yaml', import.meta.url));

export function terminalOf(options: GlobalOptions): Terminal {
  const { stdout, stderr } = process;
  const style = createStyle({ stream: stdout, env: process.env, color: options.color ?? true });
  return { stdout, stderr, json: options.json ?? false, style };
}

export function configFor(options: GlobalOptions, needs: readonly ConfigNeed[]): Config {
  if (options.sandbox === true) {
    return loadConfig({ env: { ...process.env, ...runningSandbox() }, files: [SANDBOX_CONFIG], needs });
  }
  const files = options.config === undefined ? [] : [options.config];
  return loadConfig({ env: readEnvironment(process.env, process.cwd()), files, needs });
}

/** Milliseconds to wait for a first answer of MongoDB. */
const REACH_MS = 4_000;

/** The same, once MongoDB has answered. Throws UpstreamError UNREACHABLE, which names its address. */
export async function reachedConfigFor(
  options: GlobalOptions,
  needs: readonly ConfigNeed[],
): Promise<Config> {
  const config = configFor(options, needs);
  // Loaded when it is needed: not every command has a database.
  const { reachMongodb } = await import('../wiring/reach.ts');
  await reachMongodb(config, options.timeout === undefined ? REACH_MS : options.timeout * 1_000);
  return config;
}

export function loggerFor(options: GlobalOptions, config: Config): Logger {
  const level = (options.logLevel as LogLevel | undefined) ?? config.log.level;
  return createLogger({ level, pretty: config.log.pretty, color: options.color ?? true });
}

/** For a command whose result is on stdout: it logs problems only. */
export function quietLoggerFor(options: GlobalOptions, config: Config): Logger {
  const level = (options.logLevel as LogLevel | undefined) ?? 'error';
  return createLogger({ level, pretty: config.log.pretty, color: options.color ?? true });
}

interface SandboxFile {
  readonly pid: number;
  readonly env: Readonly<Record<string, string>>;
}

function runningSandbox(): Readonly<Record<string, string>> {
  const none = new UsageError(
    'No sandbox is running in this directory. Start one with: npm run sandbox',
    'NO_SANDBOX',
  );
  let file: SandboxFile;
  try {
    file = JSON.parse(readFileSync(SANDBOX_FILE, 'utf8')) as SandboxFile;
    // Signal 0 only checks that the process exists.
    process.kill(file.pid, 0);
  } catch {
    throw none;
  }
  return file.env;
}
