/**
 * A real PDS and the PLC directory it needs, in one child process: invite-only and rate limited, as in
 * production, and cut off from every network but loopback.
 *
 * It is the installed PDS, on the Node that runs this process. `CONCORD_PDS_PACKAGES` names a folder in which another
 * @atproto/pds is installed, and `CONCORD_PDS_NODE` the Node that is to run it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { startServerProcess } from './child-process.ts';
import type { PdsReady, PdsStart } from './pds-process.ts';

export interface Pds {
  readonly url: string;
  readonly plcUrl: string;
  readonly adminPassword: string;
  /** Goes into the header `x-ratelimit-bypass`. */
  readonly bypassKey: string;
  readonly serviceDomain: string;
  /** The process that serves it. Another one after `restart`. */
  readonly pid: number;
  /** How many DIDs the PLC directory holds; more of them than repositories means orphans. */
  plcOperations(): Promise<number>;
  /**
   * Names another PDS in the document of a DID, as a migration does, or this one again. Nothing is checked at the other
   * PDS, and the account here stays as it is.
   */
  moveDid(did: string, origin: string): Promise<void>;
  /** Ends the server, and removes its data if it was temporary. May be repeated. */
  stop(): Promise<void>;
  /** SIGKILL, for fault tests. The data stays for `restart`, and `stop` is still due. */
  kill(): Promise<void>;
  /** Ends the server if it runs and starts it on the same data and the same ports. */
  restart(): Promise<void>;
}

export interface PdsOptions {
  /** Keeps accounts and DIDs across runs. Without it, a temporary directory that goes at stop. */
  readonly dataDir?: string | undefined;
  readonly adminPassword: string;
  readonly bypassKey: string;
  /** With its leading dot. Default `.at.test`. */
  readonly serviceDomain?: string | undefined;
  /** Default true. */
  readonly rateLimits?: boolean | undefined;
  /** Default true. */
  readonly inviteRequired?: boolean | undefined;
  /** Hashes passwords at a cost that protects none, for tests. Default false. Kept data need the same again. */
  readonly quickHashes?: boolean | undefined;
  /** Where the PDS writes its log, as JSON lines. Without it, nowhere. */
  readonly logFile?: string | undefined;
}

export async function startPds(options: PdsOptions): Promise<Pds> {
  const { adminPassword, bypassKey, serviceDomain = '.at.test' } = options;
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'concord-pds-')));
  const start: PdsStart = {
    dataDir,
    temporary: options.dataDir === undefined,
    adminPassword,
    bypassKey,
    serviceDomain,
    rateLimits: options.rateLimits ?? true,
    inviteRequired: options.inviteRequired ?? true,
    quickHashes: options.quickHashes ?? false,
    packages: variable('CONCORD_PDS_PACKAGES'),
  };
  const removeTemporary = async (): Promise<void> => {
    if (start.temporary) await rm(dataDir, { recursive: true, force: true });
  };
  const launch = async () => {
    const program = {
      module: childModule(),
      node: variable('CONCORD_PDS_NODE'),
      environment: logEnvironment(options.logFile),
    };
    const child = await startServerProcess('PDS', program, start);
    return { ...child, ready: child.ready as PdsReady };
  };
  let child = await launch().catch(async (error: unknown) => {
    await removeTemporary();
    throw error;
  });
  return {
    get url() {
      return child.ready.url;
    },
    get plcUrl() {
      return child.ready.plcUrl;
    },
    get pid() {
      return child.pid;
    },
    adminPassword,
    bypassKey,
    serviceDomain,
    plcOperations: async () => Number(await child.ask('plc-operations')),
    moveDid: async (did, origin) => {
      const refusal = await child.ask(`move ${did} ${origin}`);
      if (refusal !== undefined && refusal !== null)
        throw new Error(`${did} was not moved: ${String(refusal)}`);
    },
    kill: () => child.kill(),
    restart: async () => {
      await child.stop();
      child = await launch();
    },
    stop: async () => {
      await child.stop();
      await removeTemporary();
    },
  };
}

/** Empty means unset. */
function variable(name: 'CONCORD_PDS_PACKAGES' | 'CONCORD_PDS_NODE'): string | undefined {
  const value = process.env[name];
  return value === '' ? undefined : value;
}

/** Beside this file, and of its kind: source next to source, compiled next to compiled. */
function childModule(): URL {
  return new URL(`./pds-process${extname(new URL(import.meta.url).pathname)}`, import.meta.url);
}

/** The PDS reads these when it is loaded; they are no part of its configuration. */
function logEnvironment(logFile: string | undefined): Record<string, string> {
  return logFile === undefined ? { LOG_ENABLED: 'false' } : { LOG_ENABLED: 'true', LOG_DESTINATION: logFile };
}
