/** A platform on servers that a test may break: its own mongod, its own PDS, or both. */
import { randomBytes } from 'node:crypto';
import { MongoClient } from 'mongodb';
import { type ReconcileDeps, reconcile } from '../../../src/engine/reconcile/reconcile.ts';
import { Workers } from '../../../src/engine/reconcile/workers.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import { type Pds, type PdsOptions, startPds } from '../../../src/sandbox/servers/pds.ts';
import type { Engine } from '../../../src/wiring/engine.ts';
import { systemClock } from '../../../src/wiring/system.ts';
import { openPlatform, type Platform, type PlatformOptions, silent } from '../../support/platform.ts';

export async function ownPds(options: Partial<PdsOptions> = {}): Promise<Pds> {
  const secret = (): string => randomBytes(16).toString('hex');
  return startPds({ adminPassword: secret(), bypassKey: secret(), quickHashes: true, ...options });
}

/** A platform whose database is on this server instead of on the shared one. Closing it leaves the server alone. */
export async function platformOn(mongodUri: string, options: PlatformOptions = {}): Promise<Platform> {
  const shared = await openPlatform({ concordMongoUri: mongodUri, ...options });
  const client = await MongoClient.connect(mongodUri);
  const db = client.db(shared.env['MONGODB_DATABASE']);
  return {
    auth0: shared.auth0,
    get sister() {
      return shared.sister;
    },
    db,
    env: shared.env,
    logToken: shared.logToken,
    eventToken: shared.eventToken,
    config: shared.config,
    engine: shared.engine,
    serve: shared.serve,
    close: async () => {
      await shared.close();
      await client.close();
    },
  };
}

/** A clock that jumps to the end of every wait: leases, backoff and settling cost no time. */
export function jumpingClock(): Clock {
  let aheadMs = 0;
  return {
    now: () => new Date(Date.now() + aheadMs),
    delay: async (ms) => {
      aheadMs += ms;
      // What is under way in this process gets its turn, as it would in a real wait.
      await new Promise((resolve) => setImmediate(resolve));
    },
    timer: systemClock.timer,
  };
}

export function atTime(engine: Engine, clock: Clock): Engine {
  return { ...engine, clock, reconcile: { ...engine.reconcile, clock } };
}

/** What converges users: an engine, or one with something around its calls. */
export interface Converging {
  readonly reconcile: ReconcileDeps;
}

/** The engine by a clock of its own that jumps. */
export function leaping(engine: Engine): Engine {
  return atTime(engine, jumpingClock());
}

/** Works as a server does until nobody is due any more: whoever is due is taken, and what has run out is taken over. */
export async function untilQuiet({ reconcile: deps }: Converging): Promise<void> {
  const { queue, clock, settings } = deps;
  const workers = new Workers({
    queue,
    clock,
    settings,
    logger: silent(),
    reconcile: (lease) => reconcile(deps, lease),
  });
  // The answer to this very question can be lost as well.
  await workers.runUntil(async () => (await queue.nextDueAt().catch(() => new Date())) === undefined);
}
