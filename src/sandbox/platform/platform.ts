/** The stand-in of the platform: its handlers, and the loopback address where a person calls them with curl. */
import type { AddressInfo } from 'node:net';
import type { Db } from 'mongodb';
import { systemClock } from '../../wiring/system.ts';
import { createRandomness } from '../auth0/randomness.ts';
import { PlatformDocuments } from './documents.ts';
import { PlatformHandlers } from './handlers.ts';
import { platformServer, type RushRoute } from './server.ts';
import { type PlatformAccess, UpstreamCalls } from './upstream-calls.ts';

export interface PlatformOptions {
  readonly db: Db;
  readonly access: PlatformAccess;
  /** Verifies the address of a user, as the link in the mail does. */
  readonly verifyEmail: (userId: string) => Promise<unknown>;
  /** Codes follow from it. */
  readonly seed: number;
  /** What POST /rush does. */
  readonly rush?: RushRoute;
}

export interface Platform {
  /** Where it listens, such as `http://127.0.0.1:40124`. */
  readonly url: string;
  readonly handlers: PlatformHandlers;
  readonly documents: PlatformDocuments;
  readonly calls: UpstreamCalls;
  /** Work under way stops after its present step. */
  stop(): Promise<void>;
}

export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const { db, access, verifyEmail, seed, rush } = options;
  const stopping = new AbortController();
  const documents = new PlatformDocuments(db);
  await documents.prepare();
  const calls = new UpstreamCalls(access);
  const handlers = new PlatformHandlers({
    documents,
    calls,
    randomness: createRandomness(seed),
    now: systemClock.now,
    delay: (ms) => systemClock.delay(ms, stopping.signal),
    isStopping: () => stopping.signal.aborted,
  });
  const server = platformServer({ handlers, calls, verifyEmail, ...(rush === undefined ? {} : { rush }) });
  await server.listen({ host: '127.0.0.1', port: 0 });
  // Listening on a port, the address is never the name of a pipe.
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    handlers,
    documents,
    calls,
    stop: async () => {
      stopping.abort();
      await server.close();
    },
  };
}
