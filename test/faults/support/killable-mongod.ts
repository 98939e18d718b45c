/** A mongod with its data on disk, to be killed and started again on it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { startMongod } from '../../../src/sandbox/servers/mongod.ts';
import { until } from '../../support/until.ts';

export interface KillableMongod {
  readonly uri: string;
  /** SIGKILL, also of one that ended by itself; resolves when the process is gone. */
  kill(): Promise<void>;
  isRunning(): boolean;
  /** SIGSTOP: its connections stay open, and it answers nothing until it goes on. */
  freeze(): void;
  thaw(): void;
  /** Starts it on the same data and the same port; resolves when it takes writes. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * The server is started once the usual way, which makes the replica set and tells with which arguments. From
 * then on it is a process of our own: whoever watches over the usual one takes a killed server for a failure.
 */
export async function killableMongod(directory = tmpdir()): Promise<KillableMongod> {
  const dataDir = await mkdtemp(join(directory, 'concord-killable-'));
  // Kept data comes back on the port it had. Ports from 32768 are lent to outgoing connections, and while the
  // server is down one of them could take its port.
  await writeFile(join(dataDir, 'port'), `${await freePort()}\n`);
  const first = await startMongod({ dataDir });
  const argv = await administer(first.uri, { getCmdLineOpts: 1 }, (answer) => answer['argv'] as string[]);
  await first.stop();
  const { host } = new URL(first.uri);
  const uri = `mongodb://${host}/?directConnection=true`;
  const log = join(dataDir, 'mongod.log');
  let running = await launch(argv, uri, log);
  return {
    uri,
    kill: () => running.kill(),
    isRunning: () => running.isRunning(),
    freeze: () => running.signal('SIGSTOP'),
    thaw: () => running.signal('SIGCONT'),
    restart: async () => {
      running = await launch(argv, uri, log);
    },
    stop: async () => {
      await running.kill();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

const LAUNCH_TIMEOUT_MS = 300_000;
const ARGUMENTS = [
  // Milliseconds between the journal's own flushes. Rarer than usual, so that nothing is durable by good
  // luck: only what a writer has asked to be on disk is there after a kill.
  ...['--journalCommitInterval', '500'],
  // Seconds between checkpoints. What came after the last one is applied anew at start, some thousand writes a
  // second, so there has to be one between any two kills, and those may be three seconds apart.
  ...['--syncdelay', '1'],
];

interface Launched {
  isRunning(): boolean;
  kill(): Promise<void>;
  signal(name: NodeJS.Signals): void;
}

async function launch(argv: readonly string[], uri: string, log: string): Promise<Launched> {
  // The shell lives until its input ends, which it also does when this process dies, however it dies.
  const script =
    'log=$1; shift; "$@" >>"$log" 2>&1 & cat >/dev/null; kill -9 $! 2>/dev/null; wait $! 2>/dev/null';
  const shell: ChildProcess = spawn('sh', ['-c', script, 'sh', log, ...argv, ...ARGUMENTS], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  const gone = once(shell, 'close');
  const look = async (): Promise<number | false> => {
    const isPrimary = await administer(uri, { isMaster: 1 }, (answer) => answer['ismaster'] === true);
    return isPrimary && administer(uri, { serverStatus: 1 }, (answer) => Number(answer['pid']));
  };
  const taken = until('mongod takes writes', () => look().catch(() => false as const), LAUNCH_TIMEOUT_MS);
  const pid = await taken.catch(async (error: unknown) => {
    shell.stdin?.end();
    const lines = (await readFile(log, 'utf8')).split('\n').slice(-40);
    throw new Error([String(error), ...lines.map((line) => line.slice(0, 200))].join('\n'));
  });
  return {
    isRunning: () => isRunning(pid),
    signal: (name) => void process.kill(pid, name),
    kill: async () => {
      // A server that did not come back was killed before, and has no process any more.
      if (shell.exitCode === null && isRunning(pid)) process.kill(pid, 'SIGKILL');
      shell.stdin?.end();
      await gone;
    },
  };
}

function isRunning(pid: number): boolean {
  try {
    // Signal 0 only checks that the process exists.
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function administer<T>(
  uri: string,
  command: Readonly<Record<string, unknown>>,
  read: (answer: Readonly<Record<string, unknown>>) => T,
): Promise<T> {
  const client = new MongoClient(uri, { serverSelectionTimeoutMS: 1_000 });
  try {
    return read(await client.db('admin').command(command));
  } finally {
    await client.close();
  }
}

async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}
