/** Starts the sandbox, shows its demonstration on the terminal, and keeps it running until it is stopped. */
import { createWriteStream, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { printAudit } from '../commands/audit/report.ts';
import { configFor, type GlobalOptions, SANDBOX_FILE } from '../commands/command.ts';
import { retryFailed } from '../commands/decisions/decisions.ts';
import { ALL_NEEDS } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import type { ReconciliationResult } from '../engine/reconcile/reconcile.ts';
import { createLogger, type LogLevel } from '../logger.ts';
import type { Lease } from '../ports/queue.ts';
import { type Service, startService } from '../service/service.ts';
import { stopSignal } from '../service/stop-signal.ts';
import { formatDuration } from '../terminal/duration.ts';
import { printJson } from '../terminal/output.ts';
import { createProgress } from '../terminal/progress.ts';
import { createStyle } from '../terminal/style.ts';
import { wireEngine } from '../wiring/engine.ts';
import { type ReadSide, wireOverview, wireReadSide } from '../wiring/read-side.ts';
import { systemClock } from '../wiring/system.ts';
import type { ContentFormat } from './auth0/logs/log-stream-body.ts';
import { type Drill, drill } from './drill.ts';
import { INCIDENT } from './incident.ts';
import type { RushResult } from './platform/rush.ts';
import { rushJson } from './platform/rush-report.ts';
import { openPlatformStage, type PlatformStage } from './platform/stage.ts';
import { freePort } from './servers/held-port.ts';
import {
  LOG_FILE,
  printHandles,
  reportReconciliation,
  type Stage,
  sayDashboard,
  sayStep,
  sayWhereThingsAre,
} from './show-text.ts';
import { spectators } from './spectators.ts';
import {
  accountHandles,
  auditWorld,
  checkExpectations,
  counted,
  liveSignUp,
  ReconciliationWatch,
} from './story.ts';
import { startWorld, type World } from './world.ts';

const FORMATS: Readonly<Record<SandboxOptions['format'], ContentFormat>> = {
  lines: 'JSONLINES',
  array: 'JSONARRAY',
  object: 'JSONOBJECT',
};
const CONVERGE_BASE_MS = 60_000;
const CONVERGE_PER_USER_MS = 500;

export interface SandboxOptions extends GlobalOptions {
  /** Exit after the demonstration. */
  readonly exit?: boolean | undefined;
  /** How many invented people there are besides the incident's five. */
  readonly users: number;
  /** After the demonstration, break sign-ups on purpose, and measure the time to the alert. */
  readonly drill?: boolean | undefined;
  /** After the demonstration, add the platform's handlers, and run the engine in its own process. */
  readonly platform?: boolean | undefined;
  /** Of the rush: how many people sign up, how many of them leave, and what everything random follows from. */
  readonly people: number;
  readonly leaving: number;
  readonly seed: number;
  /** Kill the engine in the middle of the rush. */
  readonly killEngine?: boolean | undefined;
  /** Where the data stays; without it, it goes with the sandbox. */
  readonly keep?: string | undefined;
  /** What the log stream sends. */
  readonly format: 'lines' | 'array' | 'object';
}

/** Resolves with whether every expectation held, or true when it was stopped by the person who started it. */
export async function showSandbox(options: SandboxOptions): Promise<boolean> {
  const format = FORMATS[options.format];
  const out = options.json === true ? process.stderr : process.stdout;
  const style = createStyle({ stream: out, env: process.env, color: options.color ?? true });
  const stage: Stage = { out, style, timings: {}, say: (text) => void out.write(`${text}\n`) };
  mkdirSync(dirname(SANDBOX_FILE), { recursive: true });
  const stopped = stopSignal({ info: () => stage.say('\nStopping: running reconciliations finish first.') });
  const startedAt = performance.now();
  stage.say(style('bold', 'Concord sandbox'));
  const world = await startWorld({
    keepDir: options.keep,
    users: options.users,
    onPart: (name, detail, ms) => {
      stage.timings[name] = Math.round(ms);
      stage.say(`  ${name.padEnd(8)}${formatDuration(ms).padStart(7)}  ${detail}`);
    },
  });
  stage.timings['boot'] = Math.round(performance.now() - startedAt);
  const show = { stage, world, options, format, stopped };
  try {
    return await perform(show);
  } finally {
    rmSync(SANDBOX_FILE, { force: true });
    await world.stop();
    stage.say('Stopped.');
  }
}

interface Show {
  readonly stage: Stage;
  readonly world: World;
  readonly options: SandboxOptions;
  readonly format: ContentFormat;
  readonly stopped: Promise<void>;
}

async function perform(show: Show): Promise<boolean> {
  const { stage, world, options, stopped } = show;
  const { say, style, timings } = stage;
  await writeSandboxFile(show);
  const config = configFor({ sandbox: true }, ALL_NEEDS);
  const log = createWriteStream(LOG_FILE, { mode: 0o600 });
  const level = (options.logLevel as LogLevel | undefined) ?? 'info';
  const logger = createLogger({ level, stream: log, pretty: false });
  const side = wireReadSide(config);
  let service: Service | undefined;
  let platform: PlatformStage | undefined;
  try {
    const before = world.resumed ? undefined : await incidentFound(stage, side);
    let healingAt = performance.now();
    const watch = new ReconciliationWatch();
    let storyTold = false;
    const { config: observed, seated } = spectators(config, options.exit !== true && options.json !== true);
    const onReconciliation = (lease: Lease, result: ReconciliationResult) => {
      watch.onReconciliation(lease, result);
      if (storyTold) reportReconciliation(stage, world, lease, result);
    };
    service = await startService(observed, logger, onReconciliation);
    const tenant = config.tenants[0];
    if (tenant === undefined) throw new Error('the sandbox has no tenant');
    const endpoint = `${service.url}/webhooks/auth0/${tenant.id}`;
    world.auth0.logStream.add({ endpoint, authorization: tenant.logTokens[0] ?? '', format: show.format });
    sayServing(stage, service.url);
    if (await seated(say, stopped)) healingAt = performance.now();
    const healed = await Promise.race([
      everyoneHealed(show, side),
      stopped.then(() => false),
      service.failed,
    ]);
    if (!healed) return true;
    timings['healing'] = Math.round(performance.now() - healingAt);
    const after = await auditWorld(side);
    timings['reaudit'] = after.durationMs;
    const handles = await accountHandles(side);
    const others = world.auth0.users().length - INCIDENT.users.length;
    sayHealed(stage, timings['healing'], after, handles);
    say(`\n${style('bold', 'A user signs up')}`);
    const live = await liveSignUp(world, side, watch, (step) => sayStep(stage, step));
    const expectations = checkExpectations(before && counted(before), counted(after), handles, others);
    const drilled = options.drill === true ? await performDrill(show, config, watch) : undefined;
    for (const failure of expectations.failed) say(style('red', `Not as expected: ${failure}`));
    const { url } = service;
    let rush: RushResult | undefined;
    if (options.platform === true) {
      say(`\n${style('bold', 'The platform starts, and the engine runs in its own process')} at ${url}`);
      await service.stop();
      platform = await openPlatformStage(stageOptions(show, config, side, url));
      if (options.exit === true) rush = await Promise.race([platform.rush(), stopped.then(() => undefined)]);
    }
    const ok = expectations.failed.length === 0 && rush?.ok !== false;
    if (options.json === true) {
      printJson({
        ...{ command: 'sandbox', ok, failed: expectations.failed },
        before: before === undefined ? null : counted(before),
        after: { ...counted(after), accountHandles: handles },
        ...{ live, drill: drilled, ...(rush === undefined ? {} : { rush: rushJson(rush) }), timings },
      });
    }
    if (options.exit === true) return ok;
    sayWhereThingsAre(stage, world, url, endpoint, tenant.logTokens[0] ?? '', options.keep);
    platform?.sayHow();
    // Not before: the story is that of a log stream alone, as it was on the day of the incident.
    world.auth0.eventStream.add({ endpoint: `${endpoint}/events`, token: tenant.eventTokens[0] ?? '' });
    storyTold = true;
    await stopped;
    return true;
  } finally {
    await platform?.stop();
    await service?.stop();
    await side.close();
    await new Promise<void>((resolve) => log.end(() => resolve()));
  }
}

/** What other terminals need to reach this sandbox, and this one as well. */
async function writeSandboxFile({ world, options }: Show): Promise<void> {
  // Engines follow each other on this port, so the address stays valid.
  const port = options.platform === true ? { SANDBOX_PORT: String(await freePort()) } : {};
  const env = { ...world.env, ...port };
  writeFileSync(SANDBOX_FILE, JSON.stringify({ pid: process.pid, env }), { mode: 0o600 });
}

async function incidentFound(stage: Stage, side: ReadSide) {
  const found = await auditWorld(side);
  stage.say(`\n${stage.style('bold', 'The incident, as it was found')}`);
  printAudit(found, { stdout: stage.out, style: stage.style });
  return found;
}

function sayServing(stage: Stage, url: string): void {
  stage.say(
    `\n${stage.style('bold', 'The server starts')} at ${url}, sweeps, and reconciles users who are out of sync`,
  );
  sayDashboard(stage, url);
}

function sayHealed(
  stage: Stage,
  ms: number,
  after: Awaited<ReturnType<typeof auditWorld>>,
  handles: Awaited<ReturnType<typeof accountHandles>>,
): void {
  stage.say(`\n${stage.style('bold', `Healed in ${formatDuration(ms)}`)}`);
  printAudit(after, { stdout: stage.out, style: stage.style });
  printHandles(stage, handles);
}

function stageOptions({ stage, world, options }: Show, config: Config, side: ReadSide, url: string) {
  const { people, leaving, seed, killEngine = false, logLevel } = options;
  const { say, style } = stage;
  const rush = { people, leaving, seed, killEngine };
  return { world, config, side, url, logFile: LOG_FILE, logLevel, rush, say, style };
}

async function performDrill(
  { stage, world }: Show,
  config: Config,
  watch: ReconciliationWatch,
): Promise<Drill> {
  stage.say(`\n${stage.style('bold', 'An index that is not Concord’s rejects new users')}`);
  const { overview, close } = wireOverview(config);
  const engine = wireEngine(config, createLogger({ level: 'silent', stream: process.stderr }));
  const retry = () => retryFailed(engine, { by: 'the drill' });
  try {
    return await drill(world, overview.alerts, watch, retry, (step) => sayStep(stage, step));
  } finally {
    await Promise.all([close(), engine.close()]);
  }
}

/** Waits until no user is due and all are reconciled; never resolves with false. */
async function everyoneHealed({ stage, world }: Show, side: ReadSide): Promise<boolean> {
  const users = world.auth0.users().length;
  const deadline = Date.now() + CONVERGE_BASE_MS + users * CONVERGE_PER_USER_MS;
  const progress = createProgress({
    label: 'reconciling',
    total: users,
    stream: stage.out,
    now: () => new Date(),
  });
  for (;;) {
    let seen = 0;
    for (const { id } of side.tenants) {
      for await (const { dueAt, sync } of side.assess.subjects.list(id))
        seen += dueAt === undefined && sync === 'Synced' ? 1 : 0;
    }
    progress.update(seen);
    if (seen >= users) break;
    if (Date.now() > deadline) throw new Error(`only ${seen} of ${users} users are in sync; see ${LOG_FILE}`);
    await systemClock.delay(50);
  }
  progress.finish();
  return true;
}
