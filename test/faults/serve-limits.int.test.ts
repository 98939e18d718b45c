/** `serve` with little memory, with few descriptors, and on a port that is in use. */
import { Agent } from 'node:http';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { EXIT } from '../../src/commands/command.ts';
import { connectionLimit } from '../../src/wiring/connection-limit.ts';
import { type Platform, platform, SANDBOX_CONFIG, TENANT } from '../support/platform.ts';
import { startProgram } from '../support/program.ts';
import { until } from '../support/until.ts';
import { type Answer, newEntries, post } from './support/deliveries.ts';
import { figure } from './support/figure.ts';
import { configWith, type Serving, serve } from './support/serving.ts';

const FLOOD_MS = 10_000;
const SENDERS = 100;
const BODY_BYTES = 2 * 1024 * 1024;

/** Bodies near the limit that cost the most to read, each of another kind. */
const GARBAGE: readonly string[] = [
  '{"log_id":\n'.repeat(BODY_BYTES / 12),
  '['.repeat(BODY_BYTES - 1),
  `[${'{},'.repeat(BODY_BYTES / 4)}{}]`,
  `[{"log_id":"1","data":{"type":"ss","user_id":"${'x'.repeat(BODY_BYTES - 100)}"}}]`,
  '\u0000'.repeat(BODY_BYTES / 2),
];

async function storedOf({ db }: Platform, logIds: readonly string[]): Promise<number> {
  const events = db.collection<{ _id: string }>('concord.events', { readConcern: { level: 'majority' } });
  let stored = 0;
  for (let from = 0; from < logIds.length; from += 1_000) {
    const ids = logIds.slice(from, from + 1_000).map((id) => `${TENANT}:${id}`);
    stored += await events.countDocuments({ _id: { $in: ids } });
  }
  return stored;
}

test('with 128 MB of heap, under more than it can take, no acknowledged entry is lost', {
  timeout: 300_000,
}, async () => {
  const world = await platform();
  const served = await serve(world.env, SANDBOX_CONFIG, { nodeArguments: ['--max-old-space-size=128'] });
  await until('it is ready', async () => (await fetch(`${served.url}/readyz`)).ok);
  const agent = new Agent({ keepAlive: true, maxSockets: SENDERS });
  onTestFinished(() => agent.destroy());
  const to = { url: `${served.url}/webhooks/auth0/${TENANT}`, token: world.logToken, agent };
  const kept: string[] = [];
  const counts = new Map<string, number>();
  const noted = ({ status, retryAfter }: Answer): void => {
    const isLater = status === 429 || status === 503;
    const what = isLater && !(Number(retryAfter) > 0) ? `${status} without Retry-After` : String(status);
    counts.set(what, (counts.get(what) ?? 0) + 1);
  };
  const endsAt = performance.now() + FLOOD_MS;
  const send = async (_: unknown, sender: number): Promise<void> => {
    for (let round = 0; performance.now() < endsAt; round += 1) {
      const garbage = GARBAGE[(sender + round) % GARBAGE.length];
      if (sender % 2 === 0 && garbage !== undefined) {
        noted(await post(to, garbage));
        continue;
      }
      const entries = newEntries(100);
      const answer = await post(to, JSON.stringify(entries));
      noted(answer);
      if (answer.status === 200) kept.push(...entries.map(({ log_id }) => log_id));
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, send));

  // 408 is for a body that did not arrive in time. Auth0 repeats whatever is not answered with 200.
  expect([...counts.keys()].filter((what) => !/^(200|400|408|413|429|503|broken)$/.test(what))).toEqual([]);
  expect(counts.get('503') ?? counts.get('429')).toBeGreaterThan(0);
  expect(kept.length).toBeGreaterThan(0);
  expect(served.lines.filter(({ level }) => level === 'not JSON' || level === 'fatal')).toEqual([]);
  await until('it takes deliveries again', async () => (await post(to, '[]')).status === 200);
  expect(kept.length - (await storedOf(world, kept))).toBe(0);
  served.signal('SIGTERM');
  expect(await served.ended).toBe(0);
  const said = [...counts].sort().map(([what, count]) => `${count} x ${what}`);
  figure(`128 MB of heap: ${kept.length} entries acknowledged, 0 lost; answers: ${said.join(', ')}`);
});

const DESCRIPTORS = 120;
const CONNECTIONS = 200;
const HEAD = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n';

/** Answered once `finish` has been called, or closed without an answer. */
interface Held {
  readonly finish: () => void;
  readonly outcome: Promise<'answered' | 'closed'>;
}

/** A connection with a request whose last line has not been sent. */
function hold(served: Serving): Held {
  const { hostname, port } = new URL(served.url);
  const socket: Socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  let text = '';
  socket
    .on('error', () => undefined)
    .on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  socket.write(HEAD);
  const closed = new Promise<void>((resolve) => void socket.once('close', () => resolve()));
  const outcome = closed.then(() => (/^HTTP\/1.1 200 /.test(text) ? 'answered' : 'closed'));
  return { finish: () => void socket.write('\r\n'), outcome };
}

/** The limit, or on a slow machine the descriptors, of which accepted connections are not all there is. */
const SAYS = /connections were refused: /;
test('with 120 descriptors and 200 connections it goes on', async () => {
  const world = await platform();
  const config = await configWith('server: { port: 0 }');
  const served = await serve(world.env, config, { descriptors: DESCRIPTORS });
  await until('it is ready', async () => (await fetch(`${served.url}/readyz`)).ok);
  const held = Array.from({ length: CONNECTIONS }, () => hold(served));
  const line = await until('it says so', () => served.lines.find(({ msg }) => SAYS.test(msg)));
  expect(line.level).toBe('warn');
  // Places that become free go to connections that are still to be accepted.
  const most = connectionLimit(DESCRIPTORS) ?? 0;
  let closed = 0;
  for (const { outcome } of held) void outcome.then(() => (closed += 1));
  await until('all others are refused', () => closed >= CONNECTIONS - most);
  for (const { finish } of held) finish();
  const outcomes = await Promise.all(held.map(({ outcome }) => outcome));
  const answered = outcomes.filter((outcome) => outcome === 'answered').length;
  expect(answered).toBeGreaterThan(0);
  expect(answered).toBeLessThanOrEqual(most);
  expect(outcomes).toContain('closed');

  const agent = new Agent({ keepAlive: false });
  const to = { url: `${served.url}/webhooks/auth0/${TENANT}`, token: world.logToken, agent };
  await until(
    'it takes deliveries',
    async () => (await post(to, JSON.stringify(newEntries(1)))).status === 200,
  );
  const metrics = await (await fetch(`${served.url}/metrics`)).text();
  const refused = Number(/^concord_http_connections_refused_total (\d+)/m.exec(metrics)?.[1]);
  expect(refused).toBeGreaterThan(0);
  served.signal('SIGTERM');
  expect(await served.ended).toBe(0);
});

test('a second one on the same port ends, and names the setting', async () => {
  const world = await platform();
  const first = await serve(world.env, SANDBOX_CONFIG);
  const env = { ...world.env, SANDBOX_PORT: new URL(first.url).port };
  const second = await startProgram(['--config', SANDBOX_CONFIG, 'serve'], { env });
  const { code, stderr } = await second.ended;
  expect(code).toBe(EXIT.error);
  const said = stderr
    .trim()
    .split('\n')
    .filter((line) => line.includes('server.port'));
  expect(said).toHaveLength(1);
  expect(said[0]).toContain('(PORT)');
  expect((await fetch(`${first.url}/healthz`)).ok).toBe(true);
});
