/**
 * An engine process that dies on demand. It is a program: it takes one delivery in, converges one user, and
 * sends itself SIGKILL at the effect it was told, so that nothing of it gets to tidy up.
 */
import type { Config } from '../../../src/config/schema.ts';
import { ingest } from '../../../src/engine/intake/ingest.ts';
import { reconcile } from '../../../src/engine/reconcile/reconcile.ts';
import { createLogger } from '../../../src/logger.ts';
import type { Trigger } from '../../../src/ports/trigger.ts';
import { wireEngine } from '../../../src/wiring/engine.ts';
import { aroundEffects, type PortCall } from './effects.ts';

export interface ChildJob {
  readonly config: Config;
  readonly who: Trigger;
  /** A log entry to be taken in first, as the webhook would. */
  readonly entry: unknown;
  readonly kill: Kill;
}

export interface Kill {
  /** The effect, counted from 0. */
  readonly at: number;
  /** A number means: so many milliseconds after the call began, if it has not been answered by then. */
  readonly when: 'before' | 'after' | number;
}

/** `acknowledged` is what the sender of the delivery would have got as a 2xx. */
export type ChildSays = 'acknowledged' | 'survived';

async function run({ config, who, entry, kill }: ChildJob): Promise<void> {
  const engine = wireEngine(config, createLogger({ level: 'silent' }));
  const deps = aroundEffects(engine.reconcile, dyingAt(kill));
  if (entry !== undefined) {
    const { log, queue, clock } = deps;
    const { id, keyPrefix } = tenantOf(config, who);
    await ingest({ log, queue, clock, rejects: engine.rejects, ignored: engine.ignored }, { id, keyPrefix }, [
      entry,
    ]);
    await say('acknowledged');
  }
  const lease = await deps.queue.claimUser(who, deps.clock.now(), deps.settings.leaseMs);
  if (lease === undefined) throw new Error(`${who.user} is leased to somebody else.`);
  await reconcile(deps, lease);
  await say('survived');
  process.exit(0);
}

function dyingAt({ at, when }: Kill) {
  let calls = 0;
  return async (_call: PortCall, invoke: () => Promise<unknown>): Promise<unknown> => {
    const isIt = calls === at;
    calls += 1;
    if (!isIt) return invoke();
    if (when === 'before') return die();
    if (typeof when === 'number') setTimeout(() => void die(), when);
    await invoke();
    return die();
  };
}

function die(): Promise<never> {
  process.kill(process.pid, 'SIGKILL');
  // The signal is on its way; nothing more may happen meanwhile.
  return new Promise(() => undefined);
}

function tenantOf(config: Config, who: Trigger): Config['tenants'][number] {
  const tenant = config.tenants.find(({ id }) => id === who.tenant);
  if (tenant === undefined) throw new Error(`${who.tenant} is not configured.`);
  return tenant;
}

function say(what: ChildSays): Promise<void> {
  return new Promise((resolve) => process.send?.(what, undefined, undefined, () => resolve()));
}

process.on('disconnect', () => process.exit(1));
process.once('message', (job) => {
  // A rejection ends the process with its reason on stderr, which the parent reports.
  void run(job as ChildJob);
});
