/**
 * The child process that serves a PDS and its PLC directory. It is a program, started by pds.ts, and lives
 * only as long as the channel to its parent.
 */
import { randomBytes } from 'node:crypto';
import { setServers } from 'node:dns';
import { setServers as setPromiseServers } from 'node:dns/promises';
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type * as AtprotoPds from '@atproto/pds';
import type * as DidPlcServer from '@did-plc/server';
import type { ChildReport, ChildRequest } from './child-process.ts';
import { type HeldPort, holdPort } from './held-port.ts';
import { hashQuickly } from './quick-hashes.ts';

export interface PdsStart {
  readonly dataDir: string;
  /** When the parent dies, this process removes the data. */
  readonly temporary: boolean;
  readonly adminPassword: string;
  readonly bypassKey: string;
  readonly serviceDomain: string;
  readonly rateLimits: boolean;
  readonly inviteRequired: boolean;
  readonly quickHashes: boolean;
  /** The folder in which the PDS is installed. Undefined for the one that is installed here. */
  readonly packages: string | undefined;
}

export interface PdsReady {
  readonly url: string;
  readonly plcUrl: string;
}

/** What must stay the same for accounts to outlive a restart: a DID document names its PDS by port. */
interface Keeping {
  readonly port: number;
  readonly plcPort: number;
  readonly jwtSecret: string;
  readonly dpopSecret: string;
  readonly plcRotationKey: string;
}

interface Running extends PdsReady {
  countDids(): number;
  move(did: string, origin: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * Both are large. Where they are CommonJS, `require` loads them in three quarters of the time `import` takes, and only
 * once the channel to the parent is being watched. Newer Nodes load ES modules with it too.
 */
const load = createRequire(import.meta.url);
const loadPds = ({ packages }: PdsStart): typeof AtprotoPds =>
  (packages === undefined ? load : createRequire(join(packages, 'package.json')))('@atproto/pds');
const loadPlc = (): typeof DidPlcServer => load('@did-plc/server');

const loopbackHosts = new Set(['localhost', '127.0.0.1', '::1']);
/** The discard port, which no machine serves any more. */
const nowhere = { host: '127.0.0.1', port: 9 };

async function serve(start: PdsStart): Promise<Running> {
  // The PDS makes its files, and not the directory they lie in.
  mkdirSync(join(start.dataDir, 'pds'), { recursive: true });
  const { keeping, held } = await openPorts(join(start.dataDir, 'pds.json'));

  const { PlcServer } = loadPlc();
  progress('the PLC directory is loaded');
  const directory = await openDirectory(join(start.dataDir, 'plc.jsonl'));
  const plc = PlcServer.create({ db: directory, port: keeping.plcPort });
  listenOnLoopback(plc.app, held?.plc);
  await plc.start();
  const plcUrl = `http://localhost:${keeping.plcPort}`;
  progress('the PLC directory listens');

  if (start.quickHashes) hashQuickly();
  const { PDS, envToCfg, envToSecrets } = loadPds(start);
  progress('the PDS is loaded');
  const environment = pdsEnvironment(start, keeping, plcUrl);
  const config = envToCfg(environment);
  const pds = await PDS.create(config, envToSecrets(environment));
  progress('the PDS has its databases');
  listenOnLoopback(pds.app, held?.pds);
  await pds.start();
  return {
    url: config.service.publicUrl,
    plcUrl,
    // A refused operation leaves an empty list behind in the mock directory.
    countDids: () => Object.values(directory.contents).filter((operations) => operations.length > 0).length,
    // The PDS has the rotation key of its accounts, and so may say that they live somewhere else.
    move: (did, origin) => pds.ctx.plcClient.updatePds(did, pds.ctx.plcRotationKey, origin),
    close: async () => {
      await pds.destroy();
      await plc.destroy();
    },
  };
}

/** Whatever is not named here is off: no crawlers, no entryway, no app view, no mail server. */
function pdsEnvironment(start: PdsStart, keeping: Keeping, plcUrl: string): AtprotoPds.ServerEnvironment {
  return {
    port: keeping.port,
    hostname: 'localhost',
    // A public URL with http is accepted only in this mode, which would also lift the guard against
    // requests into private networks.
    devMode: true,
    // The line 0.5 keeps the directory from itself with it, which is on loopback here.
    disableSsrfProtection: start.packages !== undefined,
    dataDirectory: join(start.dataDir, 'pds'),
    blobstoreDiskLocation: join(start.dataDir, 'blobs'),
    blobstoreDiskTmpLocation: join(start.dataDir, 'blobs-incoming'),
    didPlcUrl: plcUrl,
    serviceHandleDomains: [start.serviceDomain],
    enableDidDocWithSession: true,
    inviteRequired: start.inviteRequired,
    rateLimitsEnabled: start.rateLimits,
    rateLimitBypassKey: start.bypassKey,
    crawlers: [],
    adminPassword: start.adminPassword,
    jwtSecret: keeping.jwtSecret,
    dpopSecret: keeping.dpopSecret,
    plcRotationKeyK256PrivateKeyHex: keeping.plcRotationKey,
  };
}

interface Ports {
  readonly keeping: Keeping;
  /** Undefined where the ports are kept: those are free, or another sandbox runs on this data. */
  readonly held: { readonly pds: HeldPort; readonly plc: HeldPort } | undefined;
}

async function openPorts(file: string): Promise<Ports> {
  if (existsSync(file))
    return { keeping: JSON.parse(readFileSync(file, 'utf8')) as Keeping, held: undefined };
  const [pds, plc] = await Promise.all([holdPort(), holdPort()]);
  const secret = (): string => randomBytes(32).toString('hex');
  const keeping = {
    port: pds.port,
    plcPort: plc.port,
    jwtSecret: secret(),
    dpopSecret: secret(),
    plcRotationKey: secret(),
  };
  writeFileSync(file, JSON.stringify(keeping), { mode: 0o600 });
  return { keeping, held: { pds, plc } };
}

/** Neither server takes an address to listen on, and by default both would be open to the whole network. */
function listenOnLoopback(app: RequestListener, held: HeldPort | undefined): void {
  if (held !== undefined) held.handTo(app, app);
  else Object.assign(app, { listen: (port: number): Server => createServer(app).listen(port, '127.0.0.1') });
}

/**
 * The directory's mock database lives in memory; this one also writes each DID's operations to a file as
 * they change, one line a change, and reads them back at start, where the last line about a DID counts.
 */
async function openDirectory(file: string): Promise<DidPlcServer.MockDatabase> {
  const directory = new (loadPlc().MockDatabase)();
  if (existsSync(file)) directory.contents = await readDirectory(file);
  const add = directory.validateAndAddOp.bind(directory);
  directory.validateAndAddOp = async (did, proposed) => {
    await add(did, proposed);
    const operations = directory.contents[did]?.map((operation) => ({
      ...operation,
      cid: operation.cid.toString(),
    }));
    appendFileSync(file, `${JSON.stringify(operations)}\n`);
  };
  return directory;
}

async function readDirectory(file: string): Promise<DidPlcServer.MockDatabase['contents']> {
  // Loaded only here, because a new directory need not wait for it.
  const { jsonToLex } = await import('@atproto/api');
  const contents: DidPlcServer.MockDatabase['contents'] = {};
  for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
    const operations = JSON.parse(line) as { did: string; cid: string; createdAt: string }[];
    const did = operations[0]?.did;
    if (did === undefined) continue;
    contents[did] = operations.map((operation) => ({
      ...operation,
      cid: jsonToLex({ $link: operation.cid }),
      createdAt: new Date(operation.createdAt),
    })) as DidPlcServer.MockDatabase['contents'][string];
  }
  return contents;
}

/**
 * A PDS resolves a handle of another server by DNS and calls the server that it finds.
 * A sandbox must not: every address except loopback leads to a port without a listener, as without a network.
 */
function stayOnLoopback(): void {
  setServers([`${nowhere.host}:${nowhere.port}`]);
  setPromiseServers([`${nowhere.host}:${nowhere.port}`]);
  const dial = Socket.prototype.connect;
  Socket.prototype.connect = function connectOnLoopback(this: Socket, ...args: unknown[]): Socket {
    // Node hands its own calls on as one array of [options, callback].
    const [target, second]: unknown[] = Array.isArray(args[0]) ? args[0] : args;
    const host = typeof target === 'object' && target !== null ? hostOf(target) : (second ?? 'localhost');
    const isLocal = typeof host === 'string' && loopbackHosts.has(host);
    return Reflect.apply(dial, this, isLocal ? args : [nowhere]);
  };
}

/** Node dials localhost when a host is not named, and a socket file is local by nature. */
function hostOf(target: object): unknown {
  if ('path' in target && target.path !== undefined) return 'localhost';
  return 'host' in target && target.host !== undefined ? target.host : 'localhost';
}

function progress(step: string): void {
  report({ type: 'progress', step });
}

function report(message: ChildReport): void {
  // `disconnect` notices a parent that has just exited; no process is left to notify.
  process.send?.(message, () => {});
}

function exit(start: PdsStart | undefined): never {
  if (start?.temporary === true) rmSync(start.dataDir, { recursive: true, force: true });
  process.exit(0);
}

/** `plc-operations` gives a number; `move <did> <origin>` what went wrong, or nothing. */
async function answerTo(question: string, running: Running | undefined): Promise<unknown> {
  const [what, did = '', origin = ''] = question.split(' ');
  if (what !== 'move') return running?.countDids();
  try {
    await running?.move(did, origin);
    return undefined;
  } catch (error) {
    return String(error);
  }
}

function main(): void {
  let start: PdsStart | undefined;
  let running: Running | undefined;
  const obey = async (request: ChildRequest): Promise<void> => {
    switch (request.type) {
      case 'start':
        start = request.options as PdsStart;
        running = await serve(start);
        report({ type: 'ready', value: { url: running.url, plcUrl: running.plcUrl } satisfies PdsReady });
        break;
      case 'ask':
        report({ type: 'answer', id: request.id, value: await answerTo(request.question, running) });
        break;
      case 'stop':
        await running?.close();
        process.exit(0);
    }
  };
  process.on('disconnect', () => exit(start));
  // Ctrl+C reaches the whole process group; the parent decides when this process stops.
  process.on('SIGINT', () => {});
  stayOnLoopback();
  process.on('message', (message) => {
    // A rejection ends the process with its reason on stderr, which the parent reports.
    void obey(message as ChildRequest);
  });
}

main();
