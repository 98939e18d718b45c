/**
 * What the SDKs of Auth0 and the PDS cost: CPU of a call by each against the same call without it, over answers that come from
 * memory, and CPU and resident memory of loading them.
 *
 *     npm run bench:sdks
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createSdkCaller } from '../src/auth0/sdk.ts';
import { createXrpc } from '../src/pds/xrpc.ts';
import { createCaller } from '../src/upstream/caller.ts';
import { RateLimiter } from '../src/upstream/rate-limit.ts';
import { systemClock } from '../src/wiring/system.ts';
import { compare, median, type Pair, type Round, takeTurns } from './measure.ts';

const ROUNDS = 12;
const CALLS = 1_000;
const ORIGIN = 'http://127.0.0.1:9';
const DID = `did:plc:${'z'.repeat(24)}`;
const USER = {
  ...{ user_id: 'auth0|alice', email: 'alice@example.com', email_verified: true, blocked: false },
  created_at: '2026-01-02T03:04:05.678Z',
  identities: [{ provider: 'auth0', user_id: 'alice', connection: 'Users' }],
};
const ACCOUNT = {
  ...{ did: DID, handle: 'alice.at.test', email: 'alice@example.com', invitesDisabled: false },
  indexedAt: '2026-01-02T03:04:05.678Z',
};

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const parse = (body: unknown): unknown => body;

function guard<U extends 'auth0' | 'pds'>(upstream: U, answer: object) {
  const limiter = new RateLimiter({ upstream, clock: systemClock });
  return { upstream, clock: systemClock, limiter, fetch: async () => Response.json(answer) };
}

const toAuth0 = guard('auth0', USER);
const toPds = guard('pds', ACCOUNT);
const byAuth0 = createSdkCaller(ORIGIN, toAuth0);
const auth0Directly = createCaller({ ...toAuth0, origin: ORIGIN });
const byPds = createXrpc({ ...toPds, url: ORIGIN, adminPassword: 'secret' });
const pdsDirectly = createCaller({ ...toPds, origin: ORIGIN });
const FIELDS = { fields: Object.keys(USER).join(','), include_fields: true };
const headers = { authorization: 'Bearer token' };

/** Microseconds of CPU for one of many calls. */
function cpuOf(call: () => Promise<unknown>) {
  return async (): Promise<number> => {
    const before = process.cpuUsage();
    for (let made = 0; made < CALLS; made += 1) await call();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / CALLS;
  };
}

const CALLED: Readonly<Record<string, Pair>> = {
  'user by id': {
    ours: cpuOf(() =>
      byAuth0(
        {
          ...{ method: 'GET', route: 'users.get', parse },
          send: async (sdk) => (await sdk.users()).get(USER.user_id, FIELDS).withRawResponse(),
        },
        'token',
      ),
    ),
    against: cpuOf(() =>
      auth0Directly({
        ...{ method: 'GET', route: 'users.get', parse, headers, query: FIELDS },
        path: `/api/v2/users/${encodeURIComponent(USER.user_id)}`,
      }),
    ),
  },
  'account by DID': {
    ours: cpuOf(() => byPds({ name: 'admin.getAccountInfo', as: 'admin', query: { did: DID }, parse })),
    against: cpuOf(() =>
      pdsDirectly({
        ...{ method: 'GET', route: 'admin.getAccountInfo', parse, headers, query: { did: DID } },
        path: '/xrpc/com.atproto.admin.getAccountInfo',
      }),
    ),
  },
};

const LOADED: Readonly<Record<string, readonly string[]>> = {
  'auth0, five clients': ['users', 'logs', 'jobs', 'logStreams', 'eventStreams'].map(
    (name) => `auth0/${name}`,
  ),
  '@atproto/api': ['@atproto/api'],
  both: ['auth0/users', 'auth0/logs', 'auth0/jobs', 'auth0/logStreams', 'auth0/eventStreams', '@atproto/api'],
};

/** In a process of its own: milliseconds of CPU, and MiB that become resident. */
async function load(specifiers: readonly string[]): Promise<{ readonly ms: number; readonly mib: number }> {
  const program = `
    const [cpu, { rss }] = [process.cpuUsage(), process.memoryUsage()];
    for (const specifier of ${JSON.stringify(specifiers)}) await import(specifier);
    const { user, system } = process.cpuUsage(cpu);
    const mib = (process.memoryUsage().rss - rss) / 1048576;
    process.stdout.write(JSON.stringify({ ms: (user + system) / 1000, mib }));`;
  const args = ['--input-type=module', '--eval', program];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as { ms: number; mib: number };
}

for (const [name, specifiers] of Object.entries(LOADED)) {
  const loads: { readonly ms: number; readonly mib: number }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) loads.push(await load(specifiers));
  const [ms, mib] = [median(loads.map((one) => one.ms)), median(loads.map((one) => one.mib))];
  say(`load ${name}: ${ms.toFixed(0)} ms of CPU, ${mib.toFixed(0)} MiB`);
}
for (const [name, pair] of Object.entries(CALLED)) {
  const rounds = await takeTurns(pair, ROUNDS);
  // Whatever else the machine does only adds.
  const least = (side: keyof Round) => Math.min(...rounds.map((round) => round[side])).toFixed(0);
  say(
    `${name}, the least of ${ROUNDS} rounds: ${least('ours')} µs of CPU by the SDK, ${least('against')} without it; ` +
      `the median ratio is ${compare(rounds).ratio.toFixed(2)}, of the control ${compare(rounds).control.toFixed(2)}`,
  );
}
