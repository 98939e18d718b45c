/**
 * A PDS in this process, whose insides can be reached: its directory can be taken away, and a step of its own
 * can be made to fail, so that it cleans up after itself the way it really does.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as AtprotoPds from '@atproto/pds';
import type * as DidPlcServer from '@did-plc/server';
import { holdPort } from '../../../src/sandbox/servers/held-port.ts';
import { hashQuickly } from '../../../src/sandbox/servers/quick-hashes.ts';

export interface OpenedPds {
  readonly url: string;
  readonly plcUrl: string;
  readonly adminPassword: string;
  readonly bypassKey: string;
  /** How many DIDs the directory holds. */
  dids(): number;
  /** The directory no longer answers at all, or only takes no operations, or is itself again. */
  setDirectory(state: 'up' | 'read-only' | 'down'): void;
  /** The next creation fails after its account has been committed, before the world is told of it. */
  failNextEvent(): void;
  stop(): Promise<void>;
}

export async function openedPds(): Promise<OpenedPds> {
  // Loaded when needed, and by `require`: both are CommonJS and large.
  const load = createRequire(import.meta.url);
  hashQuickly();
  const { PDS, envToCfg, envToSecrets } = load('@atproto/pds') as typeof AtprotoPds;
  const { PlcServer, MockDatabase } = load('@did-plc/server') as typeof DidPlcServer;
  const dataDir = await mkdtemp(join(tmpdir(), 'concord-opened-pds-'));
  mkdirSync(join(dataDir, 'pds'));
  const [held, plcHeld] = await Promise.all([holdPort(), holdPort()]);
  const secret = (): string => randomBytes(32).toString('hex');
  const [adminPassword, bypassKey] = [secret(), secret()];

  const directory = new MockDatabase();
  const plc = PlcServer.create({ db: directory, port: plcHeld.port });
  let state: 'up' | 'read-only' | 'down' = 'up';
  const answer: RequestListener = plc.app;
  plcHeld.handTo(plc.app, (request, response) => {
    const isAnswered = state === 'up' || (state === 'read-only' && request.method === 'GET');
    if (isAnswered) answer(request, response);
    else response.writeHead(503).end();
  });
  await plc.start();

  const environment: AtprotoPds.ServerEnvironment = {
    port: held.port,
    hostname: 'localhost',
    devMode: true,
    dataDirectory: join(dataDir, 'pds'),
    blobstoreDiskLocation: join(dataDir, 'blobs'),
    blobstoreDiskTmpLocation: join(dataDir, 'blobs-incoming'),
    didPlcUrl: `http://localhost:${plcHeld.port}`,
    serviceHandleDomains: ['.at.test'],
    inviteRequired: true,
    rateLimitsEnabled: true,
    rateLimitBypassKey: bypassKey,
    crawlers: [],
    adminPassword,
    jwtSecret: secret(),
    dpopSecret: secret(),
    plcRotationKeyK256PrivateKeyHex: secret(),
  };
  const config = envToCfg(environment);
  const pds = await PDS.create(config, envToSecrets(environment));
  held.handTo(pds.app, pds.app);
  await pds.start();
  return {
    url: config.service.publicUrl,
    plcUrl: environment.didPlcUrl ?? '',
    adminPassword,
    bypassKey,
    dids: () => Object.values(directory.contents).filter((operations) => operations.length > 0).length,
    setDirectory: (next) => {
      state = next;
    },
    failNextEvent: () => {
      const { sequencer } = pds.ctx;
      const whole = sequencer.sequenceIdentityEvt.bind(sequencer);
      sequencer.sequenceIdentityEvt = async () => {
        sequencer.sequenceIdentityEvt = whole;
        throw new Error('The sequencer failed.');
      };
    },
    stop: async () => {
      await pds.destroy();
      await plc.destroy();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
