/** The incident, had somebody been told: the real parts, a receiver of alerts, and nobody who asks. */
import { expect, test } from 'vitest';
import { decide } from '../src/engine/intake/decision.ts';
import { pull } from '../src/engine/intake/pull.ts';
import { sweep } from '../src/engine/sweep/sweep.ts';
import { type AlertReceiver, alertReceiver, stall, status, type Told } from './support/alert-receiver.ts';
import { everyoneAtRest } from './support/crowd.ts';
import { conditionOf, eventsOf, join, memberOf, storedMember } from './support/member.ts';
import { person } from './support/pds.ts';
import { type Platform, platform } from './support/platform.ts';
import { documentOf, runOn } from './support/program.ts';
import { until } from './support/until.ts';

/** As by default, and a hundred times as fast. */
const QUICK = { intervalMs: 100, openAfterMs: 100, closeAfterMs: 300, requestTimeoutMs: 300 };

/** Whoever fails is tried again at once, and never left alone. */
const RESTLESS = { backoff: { firstMs: 100, factor: 1, maxMs: 100, jitter: 0 }, quarantineAfter: 1_000 };

function told(receivers: readonly object[]) {
  return { alerts: { ...QUICK, receivers }, engine: RESTLESS };
}

/** Without a verified email, since it is the document that this is about. */
async function signUp({ auth0 }: Platform, name: string) {
  const { email, password } = person(name);
  const { user_id } = await auth0.signUp({ email, password });
  return memberOf(user_id, email);
}

/** On a busy machine a call may come too late, which is told of as well, and rightly. */
function ofIndexes(told: readonly Told[]): readonly Told[] {
  return told.filter(({ cause }) => cause.startsWith('index-unfit:'));
}

function textsOf({ told }: AlertReceiver): readonly string[] {
  return told.map(({ text }) => String(text));
}

/** When a service last looked at the whole. */
async function lookedAt({ db }: Platform): Promise<string | undefined> {
  const runs = db.collection<{ _id: string; position?: string }>('concord.cursors');
  return (await runs.findOne({ _id: 'alerts' }))?.position;
}

test('an index that stops sign-ups is named within the minute, with what mends it, and its end is told', async () => {
  const world = await platform();
  const users = world.db.collection('users');
  const pager = await alertReceiver();
  const chat = await alertReceiver();
  const overlay = told([
    { name: 'pager', format: 'json', url: pager.url },
    { name: 'chat', format: 'slack', url: chat.url },
  ]);
  const { endpoint } = await world.serve({ overlay });
  world.auth0.logStream.add({ endpoint, authorization: world.logToken, format: 'JSONARRAY' });
  const engine = world.engine();
  const alice = await signUp(world, 'alice');
  await until('alice has a code', async () => (await storedMember(world, alice))?.code);
  expect(ofIndexes(pager.sent)).toEqual([]);

  // Whoever is told behaves as badly as the rest: one refuses twice, the other never answers.
  pager.answer((response) => {
    status(500)(response);
    pager.answer(status(429, { 'retry-after': '0' }));
  });
  chat.answer(stall);
  // A migration of somebody's: every document without an email has the same one, null.
  await users.createIndex({ email: 1 }, { unique: true, name: 'email_1' });
  const begun = Date.now();
  const bob = await signUp(world, 'bob');
  const opened = await until('somebody is told', () => ofIndexes(pager.told)[0]);
  const tookMs = Date.now() - begun;
  expect(opened).toMatchObject({
    schemaVersion: 1,
    type: 'opened',
    cause: 'index-unfit:foreign:users.email_1',
    what: expect.stringContaining('email_1 on users'),
    users: 1,
    example: bob.user,
    command: 'db.getCollection("users").dropIndex("email_1"), then: concord retry --failed',
  });
  expect(JSON.stringify(opened)).not.toContain(bob.email);
  // Sent three times under one id, and taken once.
  expect(ofIndexes(pager.sent).map(({ id }) => id)).toEqual([opened.id, opened.id, opened.id]);
  await until('the other one is told too', () =>
    textsOf(chat).some((text) => text.includes('dropIndex("email_1")')),
  );

  const report = await runOn(world, '--json', 'status');
  expect(report.code).toBe(2);
  expect(documentOf(report)).toMatchObject({
    schemaVersion: 1,
    command: 'status',
    isWell: false,
    health: 'Degraded',
    users: { failing: 1, known: 2, synced: 1 },
    failures: [{ code: 'DUPLICATE_KEY', upstream: 'mongodb', users: 1, example: bob.user }],
    alerts: expect.arrayContaining([
      expect.objectContaining({ cause: 'index-unfit:foreign:users.email_1', example: bob.user }),
    ]),
  });

  await users.dropIndex('email_1');
  await until('bob has a code', async () => (await storedMember(world, bob))?.code);
  await until('the end is told', () => ofIndexes(pager.told).length === 2);
  await until('the other one is told too', () =>
    textsOf(chat).some((text) => text.includes('resolved after')),
  );
  expect(ofIndexes(pager.told)[1]).toMatchObject({ type: 'closed', alert: opened['alert'] });
  await until(
    'nothing is kept',
    async () =>
      (await world.db.collection('concord.alerts').countDocuments({ 'alert.cause.kind': 'index-unfit' })) ===
      0,
  );
  expect(await eventsOf(engine, bob, 'converge.failed')).not.toHaveLength(0);
  process.stdout.write(`alerts: from the sign-up to the alert ${tookMs} ms, with two refusals in between\n`);
});

test('a restart repeats nothing, and of two services one tells', async () => {
  const world = await platform();
  const pager = await alertReceiver();
  const overlay = told([{ name: 'pager', format: 'json', url: pager.url }]);
  await world.db.collection('users').createIndex({ code: 1 }, { name: 'code_1' });
  const first = await world.serve({ overlay });
  const second = await world.serve({ overlay });
  await until('somebody is told', () => ofIndexes(pager.told).length > 0);
  await Promise.all([first.stop(), second.stop()]);
  const before = await lookedAt(world);

  await world.serve({ overlay });
  await until('the next one has looked', async () => (await lookedAt(world)) !== before);
  await world.db.collection('users').dropIndex('code_1');
  await world.db.collection('users').createIndex({ code: 1 }, { unique: true, sparse: true });
  await until('the end is told', () => ofIndexes(pager.told).length > 1);
  expect(ofIndexes(pager.sent).map(({ type, cause }) => [type, cause])).toEqual([
    ['opened', 'index-unfit:users.code'],
    ['closed', 'index-unfit:users.code'],
  ]);
});

test('status is green where everyone is whole and somebody looks, and names whoever is not', async () => {
  const world = await platform();
  await world.serve({ overlay: told([]) });
  const engine = world.engine();
  const alice = join(world, 'alice', { emailVerified: false });
  await until('the service has looked', () => lookedAt(world));
  const early = await runOn(world, 'status');
  expect(early.code).toBe(2);
  expect(early.stdout).toContain('No full sweep of aesthetic has completed yet: concord reconcile --all');

  for (const tenant of engine.tenants) {
    await pull(engine.pull, tenant);
    await sweep(engine.sweep, tenant);
  }
  await until('everyone is at rest', () => everyoneAtRest(world));
  const well = await runOn(world, 'status');
  expect(well, well.stdout).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^Synced, Healthy/),
  });

  await decide(engine, alice, 'user.paused', { by: 'bob', reason: 'a look', until: null });
  await until('alice is left alone', async () => (await conditionOf(engine, alice, 'pause')) !== undefined);
  const paused = await runOn(world, 'status');
  expect(paused.code).toBe(2);
  expect(paused.stdout).toMatch(/^OutOfSync, Suspended/);
  expect(paused.stdout).toContain(`concord resume '${alice.user}'`);
});
