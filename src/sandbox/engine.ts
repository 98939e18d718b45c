/** The engine as a process of its own, which can be killed: `serve --sandbox`, started again when it ends. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../wiring/system.ts';
import { loaderArguments } from './servers/child-process.ts';

/** From its start to its first answer, and from there until it is ready: each takes a minute on a slow machine. */
const STEP_WITHIN_MS = 240_000;
const POLL_MS = 100;
const RESTART_AFTER_MS = 1_000;

export interface EngineOptions {
  /** Where it listens, as its configuration says. */
  readonly url: string;
  readonly logFile: string;
  readonly logLevel: string | undefined;
  /** Called for every process that was started. */
  readonly onStart: (pid: number) => void;
}

export interface EngineProcess {
  /** Resolves when it answers and MongoDB is prepared. Throws when it makes no progress towards that. */
  ready(): Promise<void>;
  /** SIGKILL. Resolves when the process has ended; another one follows a second later. */
  kill(): Promise<void>;
  /** Lets it finish what is under way. May be repeated. */
  stop(): Promise<void>;
}

export function startEngineProcess(options: EngineOptions): EngineProcess {
  const stopping = new AbortController();
  let child = launch(options);
  const supervise = async (): Promise<void> => {
    for (;;) {
      await ended(child);
      await systemClock.delay(RESTART_AFTER_MS, stopping.signal);
      if (stopping.signal.aborted) return;
      child = launch(options);
    }
  };
  const supervised = supervise();
  return {
    ready: () => untilReady(options.url, stopping.signal),
    kill: async () => {
      const killed = child;
      killed.kill('SIGKILL');
      await ended(killed);
    },
    stop: async () => {
      stopping.abort();
      child.kill('SIGTERM');
      await supervised;
    },
  };
}

function launch({ logFile, logLevel, onStart }: EngineOptions): ChildProcess {
  // Beside this file, and of its kind: source next to source, compiled next to compiled.
  const module = new URL(`./engine-process${extname(new URL(import.meta.url).pathname)}`, import.meta.url);
  const log = openSync(logFile, 'a', 0o600);
  try {
    const child = fork(fileURLToPath(module), logLevel === undefined ? [] : [logLevel], {
      execArgv: loaderArguments(module),
      stdio: ['ignore', log, log, 'ipc'],
      // Ctrl-C reaches the whole process group; the sandbox decides when the engine stops.
      detached: true,
    });
    onStart(child.pid ?? 0);
    return child;
  } finally {
    closeSync(log);
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

async function untilReady(url: string, signal: AbortSignal): Promise<void> {
  let answers = false;
  let deadline = performance.now() + STEP_WITHIN_MS;
  while (!signal.aborted) {
    const status = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5_000) }).then(
      (answer) => answer.status,
      () => undefined,
    );
    if (status === 200) return;
    if (status !== undefined && !answers) {
      answers = true;
      deadline = performance.now() + STEP_WITHIN_MS;
    }
    if (performance.now() > deadline) {
      const step = answers ? 'was not ready' : 'did not answer';
      throw new Error(`the engine ${step} within ${STEP_WITHIN_MS / 1_000} s`);
    }
    await systemClock.delay(POLL_MS, signal);
  }
}
