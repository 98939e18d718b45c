/** A mongod as a process of a test's own, with its data on disk: whoever watches over the usual ones takes a kill for a failure. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { freePort } from '../../../src/sandbox/servers/held-port.ts';
import { startMongod } from '../../../src/sandbox/servers/mongod.ts';
import { until } from '../../support/until.ts';

export interface MongodProcess {
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  signal(name: NodeJS.Signals): void;
  isRunning(): boolean;
}

export interface MongodLaunch {
  readonly argv: readonly string[];
  readonly port: number;
  readonly log: string;
  /** Until it takes writes, or only until it answers. */
  readonly until: 'primary' | 'answers';
}

export interface ReplicaSetData {
  readonly dataDir: string;
  readonly port: number;
  /** Of the server that made the replica set. */
  readonly argv: readonly string[];
}

type Answer = Readonly<Record<string, unknown>>;

const LAUNCH_TIMEOUT_MS = 300_000;
const ARGUMENTS = [
  // Milliseconds between the journal's own flushes. Rarer than usual, so that nothing is durable by good
  // luck: only what a writer has asked to be on disk is there after a kill.
  ...['--journalCommitInterval', '500'],
  // Seconds between checkpoints. What came after the last one is applied anew at start, some thousand writes a
  // second, so there has to be one between any two kills, and those may be three seconds apart.
  ...['--syncdelay', '1'],
];

/** The data of a replica set of one, made by a server that was started the usual way and is stopped again. */
export async function replicaSetData(directory = tmpdir()): Promise<ReplicaSetData> {
  const dataDir = await mkdtemp(join(directory, 'concord-killable-'));
  // Kept data comes back on the port it had. Ports from 32768 are lent to outgoing connections, and while the
  // server is down one of them could take its port.
  const port = await freePort();
  await writeFile(join(dataDir, 'port'), `${port}\n`);
  const first = await startMongod({ dataDir });
  const { argv } = await administer(first.uri, { getCmdLineOpts: 1 });
  await first.stop();
  return { dataDir, port, argv: argv as readonly string[] };
}

export function directUri(port: number): string {
  return `mongodb://127.0.0.1:${port}/?directConnection=true`;
}

export async function launchMongod({
  argv,
  port,
  log,
  until: awaited,
}: MongodLaunch): Promise<MongodProcess> {
  // The shell lives until its input ends, which it also does when this process dies, however it dies.
  const script =
    'log=$1; shift; "$@" >>"$log" 2>&1 & cat >/dev/null; kill -9 $! 2>/dev/null; wait $! 2>/dev/null';
  const shell: ChildProcess = spawn('sh', ['-c', script, 'sh', log, ...argv, ...ARGUMENTS], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  const gone = once(shell, 'close');
  const uri = directUri(port);
  const look = async (): Promise<number | false> => {
    const { ismaster } = await administer(uri, { isMaster: 1 });
    return (
      (awaited === 'answers' || ismaster === true) &&
      Number((await administer(uri, { serverStatus: 1 }))['pid'])
    );
  };
  const up = until('mongod is up', () => look().catch(() => false as const), LAUNCH_TIMEOUT_MS);
  const pid = await up.catch(async (error: unknown) => {
    shell.stdin?.end();
    const lines = (await readFile(log, 'utf8')).split('\n').slice(-40);
    throw new Error([String(error), ...lines.map((line) => line.slice(0, 200))].join('\n'));
  });
  return {
    signal: (name) => void process.kill(pid, name),
    isRunning: () => isRunning(pid),
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

export async function administer(uri: string, command: Answer): Promise<Answer> {
  const client = new MongoClient(uri, { serverSelectionTimeoutMS: 1_000 });
  try {
    return await client.db('admin').command(command);
  } finally {
    await client.close();
  }
}
