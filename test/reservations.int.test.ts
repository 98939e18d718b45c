/** Users who want one address or handle at the same moment, in one tenant and in two, on the real parts. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { UpstreamError } from '../src/errors.ts';
import { type Pds, startPds } from '../src/sandbox/servers/pds.ts';
import type { Engine } from '../src/wiring/engine.ts';
import {
  accountOf,
  chooseHandle,
  conditionOf,
  eventsOf,
  join,
  type Member,
  reconcileUser,
} from './support/member.ts';
import { type Platform, type PlatformOptions, platform } from './support/platform.ts';
import { documentOf, runOn } from './support/program.ts';

let pds: Pds;
beforeAll(async () => {
  // Of its own, so that every DID in its directory is one of these tests'.
  const secret = () => randomBytes(16).toString('hex');
  pds = await startPds({ adminPassword: secret(), bypassKey: secret(), quickHashes: true });
});
afterAll(async () => {
  await pds?.stop();
});

/** The sandbox is impatient, and a creation on a slow machine is not one whose outcome is unknown. */
const PATIENT = {
  engine: { leaseMs: 90_000, settleMs: 45_000 },
  pds: { requestTimeoutMs: 30_000 },
};

interface World {
  readonly world: Platform;
  /** Two processes would have one each. */
  readonly engines: readonly [Engine, Engine];
}

async function opened(options: PlatformOptions): Promise<World> {
  const world = await platform({ pds, ...options });
  const engines = [world.engine(PATIENT), world.engine(PATIENT)] as const;
  for (const engine of engines) await engine.prepare();
  return { world, engines };
}

/** Reconciles whoever is due now, and nobody who only waits for time. */
async function untilIdle({ engines: [{ reconcile }] }: World): Promise<void> {
  for (let passes = 0; passes < 20; passes += 1) {
    const lease = await reconcile.queue.claim(new Date(Date.now() + 2_000), reconcile.settings.leaseMs);
    if (lease === undefined) return;
    await reconcile.queue.release(lease);
    await reconcileUser(reconcile, { ...lease, email: '', label: '' });
  }
  throw new Error('Users are still due.');
}

async function leaked(leftBefore: number, accounts: number): Promise<number> {
  return (await pds.plcOperations()) - leftBefore - accounts;
}

const emailOf = async ({ world, engines: [engine] }: World, who: Member) =>
  (await accountOf(world, engine, who))?.email;

const reserved = ({ world }: World) => world.db.collection('concord.reservations').countDocuments();

test.each(['main tenant first', 'linked tenant first', 'at once'])(
  'a person in two linked tenants has an account in both, %s (cases 9 and 10)',
  async (order) => {
    const all = await opened({ sisterTag: null, areLinked: true });
    const { world, engines } = all;
    const before = await pds.plcOperations();
    const pairs = Array.from({ length: order === 'at once' ? 6 : 1 }, () => {
      const alice = join(world, 'alice');
      return [alice, join(world, 'alice', { email: alice.email, of: 'sister' })] as const;
    });
    for (const [alice, sister] of pairs) {
      const [first, second] = order === 'linked tenant first' ? [sister, alice] : [alice, sister];
      const passes = [
        () => reconcileUser(engines[0].reconcile, first),
        () => reconcileUser(engines[1].reconcile, second),
      ] as const;
      if (order === 'at once') await Promise.all(passes.map((pass) => pass()));
      else for (const pass of passes) await pass();
    }
    await untilIdle(all);
    for (const [alice, sister] of pairs) {
      const addresses = await Promise.all([alice, sister].map((who) => emailOf(all, who)));
      const [plain, tagged] = addresses.toSorted((a = '', b = '') => a.length - b.length);
      expect(plain).toBe(alice.email);
      const tag = addresses[0] === plain ? 'sister' : 'aesthetic';
      expect(tagged).toBe(alice.email.replace('@', `+${tag}@`));
      // Nobody was refused, and nobody had to wait for time.
      const unwanted = ['account.creation-refused', 'converge.failed', 'converge.deferred'] as const;
      for (const who of [alice, sister]) expect(await eventsOf(engines[0], who, ...unwanted)).toEqual([]);
    }
    expect(await leaked(before, 2 * pairs.length)).toBe(0);
    expect(await reserved(all)).toBe(0);
  },
);

test('two users of one tenant with one address: one account, and no DID too many', async () => {
  const all = await opened({});
  const { world, engines } = all;
  const before = await pds.plcOperations();
  const alice = join(world, 'alice');
  const other = join(world, 'alice', { email: alice.email, provider: 'google-oauth2' });
  await Promise.all([reconcileUser(engines[0].reconcile, alice), reconcileUser(engines[1].reconcile, other)]);
  await untilIdle(all);
  const accounts = await Promise.all([alice, other].map((who) => emailOf(all, who)));
  expect(accounts.filter((email) => email !== undefined)).toEqual([alice.email]);
  const second = accounts[0] === undefined ? alice : other;
  const first = second === alice ? other : alice;
  expect(await conditionOf(engines[0], second, 'account')).toMatchObject({
    ...{ reason: 'EmailHeldByUser', held: true, waitsFor: first.user },
  });
  expect(await eventsOf(engines[0], second, 'account.creation-intended')).toEqual([]);
  expect(await leaked(before, 1)).toBe(0);
});

test('two users who want one label at once: one has the handle, the other its code', async () => {
  const all = await opened({});
  const { world, engines } = all;
  const before = await pds.plcOperations();
  const [alice, bob] = [join(world, 'alice'), join(world, 'bob')];
  await chooseHandle(world, alice, alice.label);
  await chooseHandle(world, bob, alice.label.replaceAll('-', '_'));
  await Promise.all([reconcileUser(engines[0].reconcile, alice), reconcileUser(engines[1].reconcile, bob)]);
  await untilIdle(all);
  const handles = await Promise.all(
    [alice, bob].map(async (who) => (await accountOf(world, engines[0], who))?.handle),
  );
  expect(handles.filter((handle) => handle === `${alice.label}.at.test`)).toHaveLength(1);
  const reasons = await Promise.all(
    [alice, bob].map(async (who) => (await conditionOf(engines[0], who, 'handle'))?.reason),
  );
  expect(reasons.sort()).toEqual(['HandleTaken', 'PlatformHandle']);
  expect(await leaked(before, 2)).toBe(0);
});

test('reservations are rebuilt from the log when the collection was dropped', async () => {
  const all = await opened({});
  const { world, engines } = all;
  const { reconcile } = engines[0];
  const alice = join(world, 'alice');
  const other = join(world, 'alice', { email: alice.email, provider: 'google-oauth2' });
  const accounts = Object.assign(Object.create(reconcile.accounts), {
    createAccount: async () => {
      const lost = { upstream: 'pds', code: 'TIMEOUT', retryable: true, effect: 'unknown' } as const;
      throw new UpstreamError('no answer', lost);
    },
  });
  await reconcileUser({ ...reconcile, accounts }, alice);
  expect(await reserved(all)).toBe(2);
  await world.db.dropCollection('concord.reservations');

  const dry = await runOn(world, '--json', 'replay', '--dry-run');
  expect([dry.code, documentOf(dry)]).toMatchObject([2, { unreserved: 1, reservationsOver: 0 }]);
  expect(await reserved(all)).toBe(0);
  const replayed = await runOn(world, '--json', 'replay');
  expect([replayed.code, documentOf(replayed)]).toMatchObject([0, { unreserved: 1 }]);
  expect(await reserved(all)).toBe(2);
  expect(documentOf(await runOn(world, '--json', 'replay'))).toMatchObject({ unreserved: 0 });

  expect(await reconcileUser(engines[1].reconcile, other)).toMatchObject({ end: 'deferred', failures: [] });
  expect(await conditionOf(engines[0], other, 'account')).toMatchObject({
    ...{ reason: 'WaitingForAddress', waitsFor: alice.user },
  });
  // An hour later the creation is given up and begun anew, and what it had reserved is over.
  const late = { ...reconcile, clock: { ...reconcile.clock, now: () => new Date(Date.now() + 3_600_000) } };
  await reconcileUser(late, alice);
  expect(await emailOf(all, alice)).toBe(alice.email);
  expect(await reserved(all)).toBe(0);
});
