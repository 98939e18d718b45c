/** The texts of the sandbox on the terminal. */
import { dirname, join } from 'node:path';
import { SANDBOX_FILE } from '../commands/command.ts';
import type { ReconciliationResult } from '../engine/reconcile/reconcile.ts';
import type { Lease } from '../ports/queue.ts';
import { formatDuration } from '../terminal/duration.ts';
import type { Style } from '../terminal/style.ts';
import { visible } from '../terminal/visible.ts';
import type { accountHandles, LiveStep } from './story.ts';
import type { World } from './world.ts';

export const LOG_FILE = join(dirname(SANDBOX_FILE), 'sandbox.log');

/** The stage: where lines go, and how long everything took. */
export interface Stage {
  readonly out: NodeJS.WriteStream;
  readonly style: Style;
  readonly timings: Record<string, number>;
  say(text: string): void;
}

type Handles = Awaited<ReturnType<typeof accountHandles>>;

export function printHandles({ say }: Stage, handles: Handles): void {
  for (const [user, { handle, code }] of Object.entries(handles)) {
    const account =
      handle === null
        ? 'no account before the email is verified'
        : handle === code
          ? 'the code is the handle'
          : `handle ${handle}`;
    say(`  ${user}  ${code ?? '–'}  ${account}`);
  }
}

export function sayStep({ say }: Stage, { what, result, ms }: LiveStep): void {
  say(`  ${what.padEnd(34)}${formatDuration(ms).padStart(8)}  ${result}`);
}

/** What Concord did for a user that the person watching has signed up. */
export function reportReconciliation(
  stage: Stage,
  world: World,
  { userId }: Lease,
  { end, applied, latencyMs, conditions }: ReconciliationResult,
): void {
  if (applied.length === 0) return;
  const did = applied.map(({ type }) => type).join(', ');
  const after = latencyMs === undefined ? '' : ` after ${formatDuration(latencyMs)}`;
  stage.say(`  ${visible(userId)}  ${did}${after}  (${end})`);
  if (conditions.some(({ reason }) => reason === 'WaitingForEmailVerification')) {
    stage.say(`    verify the email: curl -s '${world.auth0.verificationLink(userId)}'`);
  }
}

export function sayDashboard({ say, style }: Stage, url: string): void {
  say(`  ${style('bold', `dashboard ${url}/`)}`);
}

export function sayWhereThingsAre(
  stage: Stage,
  world: World,
  url: string,
  endpoint: string,
  token: string,
  keptIn: string | undefined,
): void {
  const { say, style } = stage;
  const { auth0, pds, mongod } = world;
  const body = JSON.stringify({
    client_id: 'concord-sandbox',
    connection: 'Username-Password-Authentication',
    email: 'you@example.com',
    password: 'correct horse battery staple',
  });
  say(`\n${style('bold', 'The sandbox keeps running.')} Ctrl-C stops it.`);
  sayDashboard(stage, url);
  say(`  webhook   POST ${endpoint}   Authorization: ${token.slice(0, 4)}… (in ${SANDBOX_FILE})`);
  say(`  health    ${url}/healthz and ${url}/readyz`);
  say(`  Auth0     ${auth0.url}    PDS ${pds.url}    MongoDB ${mongod.uri}`);
  say(`  log       ${LOG_FILE}${keptIn === undefined ? '' : `    data ${keptIn}`}`);
  say('  From a second terminal: npm run concord -- audit --sandbox');
  say('  Sign up a user:');
  say(`    curl -s ${auth0.url}/dbconnections/signup -H 'content-type: application/json' -d '${body}'`);
}
