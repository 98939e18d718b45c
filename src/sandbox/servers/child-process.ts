/**
 * A server in a child process of its own, reached over the IPC channel. The child must announce itself with
 * `ready`, report `progress` until then, and must exit when the channel closes; then no way of dying leaves one behind.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { extname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Parent to child. `start` comes first and once; secrets travel here, so that no process list shows them. */
export type ChildRequest =
  | { readonly type: 'start'; readonly options: unknown }
  | { readonly type: 'ask'; readonly id: number; readonly question: string }
  | { readonly type: 'stop' };

/** Child to parent. */
export type ChildReport =
  | { readonly type: 'progress'; readonly step: string }
  | { readonly type: 'ready'; readonly value: unknown }
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown };

export interface ServerProcess {
  readonly pid: number;
  /** What the child said of itself when it was ready. */
  readonly ready: unknown;
  ask(question: string): Promise<unknown>;
  /** Lets the server close its files, and kills it if it has not gone by the deadline. May be repeated. */
  stop(): Promise<void>;
  /** SIGKILL, as a crash would be. May be repeated. */
  kill(): Promise<void>;
}

/** Between two reports of progress. */
const quietTimeoutMs = 240_000;
const stopTimeoutMs = 8_000;
const keptErrorOutput = 4_000;

/**
 * The child sees these variables and no others: a sandboxed server has no business with this process's
 * secrets, and a proxy setting would send its loopback calls to a proxy.
 */
const inheritedVariables = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot', 'LANG', 'TZ'];

export interface ServerProgram {
  readonly module: URL;
  /** The Node that runs it. Default: the one that runs this process. */
  readonly node?: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
}

export async function startServerProcess(
  name: string,
  { module, node = process.execPath, environment }: ServerProgram,
  options: unknown,
): Promise<ServerProcess> {
  const inherited = Object.fromEntries(
    inheritedVariables.flatMap((key) => (process.env[key] === undefined ? [] : [[key, process.env[key]]])),
  );
  const child = fork(fileURLToPath(module), {
    env: { ...inherited, ...environment },
    execPath: node,
    execArgv: loaderArguments(module),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let errorOutput = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    errorOutput = (errorOutput + chunk).slice(-keptErrorOutput);
  });
  const answers = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  const isGone = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const goneError = (): Error => new Error(`The ${name} process has ended.\n${errorOutput}`.trimEnd());

  // `close` rather than `exit`: only then has everything it wrote to stderr been read.
  const closed = once(child, 'close');
  const starting = new Starting(name);
  const ready = new Promise<unknown>((resolve, reject) => {
    child.on('message', (message) => {
      const report = message as ChildReport;
      switch (report.type) {
        case 'progress':
          starting.progress(report.step);
          break;
        case 'ready':
          resolve(report.value);
          break;
        case 'answer':
          answers.get(report.id)?.resolve(report.value);
          answers.delete(report.id);
          break;
      }
    });
    child.once('error', reject);
    child.once('close', () => {
      reject(goneError());
      for (const answer of answers.values()) answer.reject(goneError());
      answers.clear();
    });
  });

  const send = (request: ChildRequest): void => {
    // A closed channel needs no report of its own: `close` settles whatever waits.
    if (child.connected) child.send(request, () => {});
  };
  const kill = async (): Promise<void> => {
    if (isGone()) return;
    child.kill('SIGKILL');
    await closed;
  };
  const stop = async (): Promise<void> => {
    send({ type: 'stop' });
    const deadline = new AbortController();
    const late = delay(stopTimeoutMs, undefined, { signal: deadline.signal }).catch(() => {});
    await Promise.race([closed, late]);
    deadline.abort();
    await kill();
  };

  send({ type: 'start', options });
  const value = await starting.until(ready).catch(async (error: unknown) => {
    await kill();
    throw error;
  });
  let asked = 0;
  return {
    pid: child.pid ?? 0,
    ready: value,
    ask: (question) =>
      new Promise((resolve, reject) => {
        if (isGone()) return reject(goneError());
        asked += 1;
        answers.set(asked, { resolve, reject });
        send({ type: 'ask', id: asked, question });
      }),
    stop: async () => {
      if (!isGone()) await stop();
    },
    kill,
  };
}

/** From source the child needs the TypeScript loader too; compiled, it is plain JavaScript. */
export function loaderArguments(module: URL): string[] {
  if (extname(module.pathname) !== '.ts') return [];
  // Only the part for ES modules: the other one would read every file of the child's CommonJS dependencies.
  // By its path, because Node resolves a bare name from the working directory, which may be anywhere.
  const loader = createRequire(import.meta.url).resolve('tsx/esm');
  return ['--import', pathToFileURL(loader).href];
}

/** A start may take any time while it goes on. */
class Starting {
  readonly #name: string;
  #step = 'start';
  #timer: NodeJS.Timeout | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  progress(step: string): void {
    this.#step = step;
    this.#timer?.refresh();
  }

  async until<T>(ready: Promise<T>): Promise<T> {
    const stalled = new Promise<never>((_, reject) => {
      this.#timer = setTimeout(() => {
        const after = `for ${quietTimeoutMs} ms after the step: ${this.#step}`;
        reject(new Error(`The start of the ${this.#name} process made no progress ${after}.`));
      }, quietTimeoutMs);
    });
    try {
      return await Promise.race([ready, stalled]);
    } finally {
      clearTimeout(this.#timer);
    }
  }
}
