/** /metrics of a served engine: Prometheus takes it, it says what happened, and it names nobody. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { accountOf, chooseHandle, type Member, join as signUp } from './support/member.ts';
import { openPlatform, type Platform, type Served } from './support/platform.ts';
import { temporaryDirectory } from './support/program.ts';
import { until } from './support/until.ts';

const RULES = fileURLToPath(new URL('../ops/alerts.yaml', import.meta.url));
const DASHBOARD = new URL('../ops/dashboard.json', import.meta.url);
const TOKEN = 'metrics-token-0123456789-0123456789';

let world: Platform;
let served: Served;
let alice: Member;
let did: string | undefined;
let page: string;

beforeAll(async () => {
  world = await openPlatform();
  alice = signUp(world, 'alice');
  await chooseHandle(world, alice, alice.label);
  served = await world.serve({ overlay: { server: { metricsToken: TOKEN } } });
  await until('the server is ready', async () => (await fetch(`${served.url}/readyz`)).ok);
  const date = new Date().toISOString();
  const entry = { log_id: '90020251014132920801', data: { type: 'ss', user_id: alice.userId, date } };
  const headers = { authorization: world.logToken };
  for (const body of [JSON.stringify([entry]), JSON.stringify([entry, { log_id: 7 }])])
    expect((await fetch(served.endpoint, { method: 'POST', headers, body })).status).toBe(200);
  const engine = world.engine();
  did = await until('alice has an account', async () => (await accountOf(world, engine, alice))?.did);
  page = await until('the page says so', async () => {
    const text = await scrape();
    return /concord_convergence_seconds_count\{.*trigger="auth0"} [1-9]/.test(text) && text;
  });
});
afterAll(() => world.close());

async function scrape(): Promise<string> {
  const answer = await fetch(`${served.url}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } });
  expect(answer.status).toBe(200);
  return answer.text();
}

/** The values of a metric whose labels are at least these. */
function valuesOf(name: string, labels: Readonly<Record<string, string>> = {}): number[] {
  const lines = page.split('\n').filter((line) => new RegExp(`^${name}[ {]`).test(line));
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return lines
    .filter((line) => wanted.every((label) => line.includes(label)))
    .map((line) => Number(line.slice(line.lastIndexOf(' '))));
}

function sumOf(name: string, labels: Readonly<Record<string, string>> = {}): number {
  return valuesOf(name, labels).reduce((sum, value) => sum + value, 0);
}

test('the page says what has happened', () => {
  expect(sumOf('concord_events_total', { type: 'account.created', outcome: 'appended' })).toBe(1);
  expect(sumOf('concord_events_total', { type: 'auth0.log-received', outcome: 'duplicate' })).toBe(1);
  const counted = ['accepted', 'duplicates', 'rejected'].map((outcome) =>
    sumOf('concord_entries_total', { tenant: 'aesthetic', source: 'webhook', outcome }),
  );
  expect(counted).toEqual([1, 1, 1]);
  expect(sumOf('concord_passes_total', { end: 'converged' })).toBeGreaterThan(0);
  expect(sumOf('concord_steps_total', { resource: 'account', outcome: 'done' })).toBe(1);
  expect(
    sumOf('concord_upstream_calls_total', { upstream: 'pds', route: 'server.createAccount', outcome: '2xx' }),
  ).toBe(1);
  expect(sumOf('concord_upstream_calls_total', { upstream: 'auth0', method: 'GET' })).toBeGreaterThan(0);
  expect(valuesOf('concord_upstream_calls_remaining', { upstream: 'auth0' })).not.toEqual([]);
  expect(sumOf('concord_stream_last_delivery_timestamp_seconds')).toBeGreaterThan(1.7e9);
  expect(sumOf('concord_build_info')).toBe(1);
  expect(sumOf('nodejs_heap_size_used_bytes')).toBeGreaterThan(0);
});

test('the questions are answered, each by the database', () => {
  for (const question of ['backlog', 'standings', 'gaps', 'halts', 'sweeps'])
    expect(valuesOf('concord_question_success', { question }), question).toEqual([1]);
  expect(sumOf('concord_users', { tenant: 'aesthetic' })).toBe(1);
  expect(valuesOf('concord_quarantined_users')).toEqual([0]);
});

test('no address, id, handle or DID is on it', () => {
  expect(did).toBeDefined();
  for (const personal of [alice.email, alice.label, alice.userId, did ?? ''])
    expect(page.toLowerCase()).not.toContain(personal.toLowerCase());
});

test('without the token nothing is said', async () => {
  const answer = await fetch(`${served.url}/metrics`);
  expect([answer.status, await answer.text()]).toEqual([401, expect.not.stringContaining('concord_')]);
});

/** Undefined where it is not installed, which CI takes for a failure. */
function promtool(...args: readonly string[]): string | undefined {
  const { error, status, stdout, stderr } = spawnSync('promtool', args, { input: page, encoding: 'utf8' });
  if (error !== undefined) {
    if ((process.env['CI'] ?? '') !== '') throw error;
    process.stderr.write(`\npromtool is not installed, so NOT CHECKED: promtool ${args.join(' ')}\n`);
    return undefined;
  }
  return `${status} ${stdout}${stderr}`;
}

/** What the dashboard asks, as rules, since promtool takes those. */
async function dashboardRules(): Promise<string> {
  const asked = [...readFileSync(DASHBOARD, 'utf8').matchAll(/"expr": ("(?:[^"\\]|\\.)*")/g)];
  const rules = asked.map(([, expr = '""'], index) => ({
    record: `asked:${index}`,
    expr: String(JSON.parse(expr)).replaceAll('$__rate_interval', '5m'),
  }));
  const file = join(await temporaryDirectory(), 'dashboard.yaml');
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
  return file;
}

test('promtool finds nothing wrong with the page, the alert rules and what the dashboard asks', async () => {
  const checked = promtool('check', 'metrics');
  if (checked !== undefined) expect(checked).toBe('0 ');
  const rules = promtool('check', 'rules', RULES, await dashboardRules());
  if (rules !== undefined) expect(rules.match(/SUCCESS: [1-9]\d+ rules found/g)).toHaveLength(2);
  if (rules !== undefined) expect(rules).toMatch(/^0 /);
});

test('whatever the dashboard and the rules name is on the page', () => {
  const named = [RULES, DASHBOARD].flatMap((file) => [
    ...readFileSync(file, 'utf8').matchAll(/\b(concord|nodejs|process)_[a-z0-9_]+/g),
  ]);
  const exported = new Set([...page.matchAll(/^# HELP (\S+)/gm)].map(([, name]) => name));
  const missing = named
    .map(([name]) => name)
    .filter((name) => !exported.has(name) && !exported.has(name.replace(/_(bucket|sum|count)$/, '')));
  expect(named.length).toBeGreaterThan(30);
  expect(missing).toEqual([]);
});
