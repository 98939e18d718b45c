/** `sandbox --platform`: the platform's handlers beside an engine of its own process, and the rush. */
import { setMaxListeners } from 'node:events';
import type { Config } from '../../config/schema.ts';
import { createLogger } from '../../logger.ts';
import type { Style } from '../../terminal/style.ts';
import { wireEngine } from '../../wiring/engine.ts';
import type { ReadSide } from '../../wiring/read-side.ts';
import { startEngineProcess } from '../engine.ts';
import type { World } from '../world.ts';
import { startPlatform } from './platform.ts';
import { type RushOptions, type RushResult, runRush } from './rush.ts';
import { rushJson, rushLines } from './rush-report.ts';

export interface PlatformStageOptions {
  readonly world: World;
  readonly config: Config;
  readonly side: ReadSide;
  /** Where the engine listens. */
  readonly url: string;
  readonly logFile: string;
  readonly logLevel: string | undefined;
  /** Of a rush for which nothing else is asked. */
  readonly rush: RushOptions;
  readonly style: Style;
  readonly say: (text: string) => void;
}

export interface PlatformStage {
  /** Throws while another one runs. */
  rush(options?: Partial<RushOptions>): Promise<RushResult>;
  sayHow(): void;
  stop(): Promise<void>;
}

/** The engine that ran in this process has been stopped by now: the new one takes its port. */
export async function openPlatformStage(options: PlatformStageOptions): Promise<PlatformStage> {
  const { world, config, side, style, say } = options;
  const { auth0, db, pds, env } = world;
  const stopping = new AbortController();
  // Every person in a rush listens to it, and Node warns of a leak at more than ten listeners.
  setMaxListeners(0, stopping.signal);
  const engine = wireEngine(config, createLogger({ level: 'silent', stream: process.stderr }));
  const engineProcess = startEngineProcess({
    ...options,
    onStart: (pid) => say(`  the engine is process ${pid}; after kill -9 ${pid} it is started again`),
  });
  let running: Promise<RushResult> | undefined;
  const rush = async (asked: Partial<RushOptions> = {}): Promise<RushResult> => {
    if (running !== undefined) throw new Error('a rush is running');
    const deps = { side, auth0, platform, engine, process: engineProcess, signal: stopping.signal };
    running = runRush(deps, { ...options.rush, ...asked });
    try {
      const result = await running;
      say(`\n${style('bold', 'People sign up, and some of them leave again')}`);
      for (const line of rushLines(result, style)) say(line);
      return result;
    } finally {
      running = undefined;
    }
  };
  const platform = await startPlatform({
    db,
    access: {
      auth0: {
        url: auth0.url,
        domain: auth0.domain,
        clientId: env['AUTH0_CLIENT_ID'] ?? '',
        clientSecret: env['AUTH0_CLIENT_SECRET'] ?? '',
      },
      pds,
    },
    verifyEmail: (user) => auth0.verifyEmail(user),
    seed: options.rush.seed,
    rush: async (asked) => rushJson(await rush(asked)),
  });
  const stop = async (): Promise<void> => {
    stopping.abort();
    await running?.catch(() => undefined);
    await Promise.all([platform.stop(), engineProcess.stop()]);
    await engine.close();
  };
  try {
    await engineProcess.ready();
  } catch (error) {
    await stop();
    throw error;
  }
  return { rush, stop, sayHow: () => sayHow(platform.url, say, style) };
}

function sayHow(url: string, say: (text: string) => void, style: Style): void {
  const post = (path: string, body: object) =>
    say(`    curl -s ${url}${path} -H 'content-type: application/json' -d '${JSON.stringify(body)}'`);
  say(`\n${style('bold', `The platform's handlers`)} at ${url}. USER is an Auth0 user id; pauses are in ms.`);
  post('/sign-up', { email: 'ann@example.com', handle: 'ann', userDocument: true });
  post('/handle', { user: 'USER', handle: 'anna' });
  post('/erase', { user: 'USER', userDocument: 'goes', pausesMs: [500, 500, 500, 500, 3_000] });
  post('/purge', { user: 'USER', graceMs: 4_000, pausesMs: [500] });
  post('/rush', { people: 20, leaving: 10, seed: 1, killEngine: false });
}
