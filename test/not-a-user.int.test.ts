/** Ids that are no user, in every way in: no subject, no event, no alert; counted by reason (W14). */
import { expect, test } from 'vitest';
import { findUser } from '../src/commands/user/find-user.ts';
import { pull } from '../src/engine/intake/pull.ts';
import { storedUserKey } from '../src/identity.ts';
import { createMissingIndexes } from '../src/service/create-indexes.ts';
import type { Engine } from '../src/wiring/engine.ts';
import { eventsOf, join, memberOf, reconcileUser } from './support/member.ts';
import { type Platform, platform, TENANT } from './support/platform.ts';
import { documentOf, runOn } from './support/program.ts';
import { until } from './support/until.ts';

const NO_USERS = ['nobody1', 'undefined', 'null', 'k3q9@clients', 'alice@example.com', 'art-guest', '|x'];

function writeEntries({ auth0 }: Platform): void {
  const common = { description: '', ip: '203.0.113.7', details: {} };
  for (const user_id of NO_USERS) auth0.logs.append({ ...common, type: 'fce', user_id });
  const request = { method: 'get', path: '/api/v2/users/undefined' };
  auth0.logs.append({ ...common, type: 'fapi', user_id: 'auth0|admin', details: { request } });
  auth0.logs.append({ ...common, type: 'seccft' });
}

async function countOf({ db }: Platform, collection: string): Promise<number> {
  return db.collection(collection).countDocuments();
}

/** As an earlier version left it: known, failing and quarantined under an id that is no user's. */
async function phantom({ db }: Platform, userId: string, at = new Date()): Promise<void> {
  const view = { sync: 'Unknown', health: 'Degraded', attempts: 6, quarantined: true, conditions: [] };
  const subjects = db.collection<{ _id: string }>('concord.subjects');
  // The engine reads what a majority has.
  const writeConcern = { w: 'majority' } as const;
  await subjects.insertOne({ _id: userId, ...{ tenant: TENANT, userId, view } } as { _id: string }, {
    writeConcern,
  });
  const events = db.collection<{ _id: string }>('concord.events');
  const data = { code: 'BAD_REQUEST', message: 'auth0: 400', attempt: 6, retryAt: null };
  const conditions = [
    { type: 'auth0', status: 'Unknown', reason: 'NotObserved', message: 'No.', held: false },
  ];
  const event = { user: userId, tenant: TENANT, type: 'converge.failed', at, recordedAt: at, cause: [] };
  const failed = { _id: `failed ${userId}`, ...event, data: { ...data, conditions } };
  await events.insertOne(failed as { _id: string }, { writeConcern });
}

async function ignoredOf({ ignored, tenants }: Engine): Promise<Readonly<Record<string, number>>> {
  const totals = await ignored.read(tenants.map(({ id }) => id));
  return Object.fromEntries(totals.map(({ reason, count }) => [reason, count]));
}

test('log entries, events and changed documents of no user leave nothing behind but their number', async () => {
  const world = await platform({ delivery: { duplicateShare: 0 } });
  const engine = world.engine();
  await engine.prepare();
  const served = await world.serve();
  await until('the changes are followed', () => served.watch().mode === 'stream');
  const authorization = world.logToken;
  world.auth0.logStream.add({ endpoint: served.endpoint, authorization, format: 'JSONARRAY' });
  writeEntries(world);
  await until('the entries are counted', async () => (await ignoredOf(engine))['not-a-user-id'] === 8);

  const response = await fetch(`${served.endpoint}/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${world.eventToken}` },
    body: JSON.stringify({
      specversion: '1.0',
      id: 'evt_1',
      type: 'user.updated',
      data: { object: { user_id: 'nobody1' } },
    }),
  });
  expect(await response.json()).toEqual({ accepted: 0, duplicates: 0, ignored: 1, rejected: 0 });
  const rows = world.db.collection<{ _id: string; handle: string }>('@handles');
  await rows.insertOne({ _id: 'art-guest', handle: 'art' });
  await rows.updateOne({ _id: 'art-guest' }, { $set: { handle: 'arts' } });
  await until('the changes are counted', async () => (await ignoredOf(engine))['not-a-user-id'] === 11);

  for (const collection of ['concord.subjects', 'concord.events', 'concord.rejects'])
    expect([collection, await countOf(world, collection)]).toEqual([collection, 0]);
  expect(world.auth0.requests.count('GET', '/api/v2/users/:id')).toBe(0);

  const { ignored, users } = documentOf(await runOn(world, '--json', 'status'));
  expect(users).toMatchObject({ known: 0 });
  expect(ignored).toMatchObject([
    { tenant: TENANT, reason: 'no-subject', count: 1 },
    { tenant: TENANT, reason: 'not-a-user-id', count: 11 },
  ]);
  expect((await runOn(world, 'status')).stdout).toContain(
    ': 1 without a user, 11 with an id that is not provider|id',
  );
});

test('a pull ignores and counts them as well', async () => {
  const world = await platform();
  const engine = world.engine();
  await engine.prepare();
  writeEntries(world);
  const [tenant] = engine.tenants;
  if (tenant === undefined) throw new Error('There is no tenant.');
  const ignoredFor = { 'no-subject': 1, 'not-a-user-id': 8 };
  expect(await pull(engine.pull, tenant)).toMatchObject({ accepted: 0, ignored: 9, ignoredFor, rejected: 0 });
  expect(await ignoredOf(engine)).toEqual(ignoredFor);
  expect(await countOf(world, 'concord.subjects')).toBe(0);
});

test('an id of the right form that Auth0 calls invalid is recorded once, and counts as no user', async () => {
  const world = await platform();
  const engine = world.engine();
  await engine.prepare();
  const ghost = memberOf('auth0|ghost', 'ghost@example.com');
  const message =
    "Path validation error: 'Object didn't pass validation for format user-id-with-max-length: auth0|ghost' on property id.";
  const body = { statusCode: 400, error: 'Bad Request', message, errorCode: 'invalid_uri' };
  const path = `/api/v2/users/${encodeURIComponent(ghost.userId)}`;
  world.auth0.faults.add({ path, times: 20, answer: { type: 'status', status: 400, body } });
  for (let times = 0; times < 2; times += 1)
    expect(await reconcileUser(engine.reconcile, ghost)).toMatchObject({ end: 'not-a-user', failures: [] });
  expect(await eventsOf(engine, ghost, 'auth0.user-invalid', 'converge.failed')).toHaveLength(1);
  expect(await countOf(world, 'concord.subjects')).toBe(0);

  const explained = await runOn(world, 'explain', ghost.userId);
  expect(explained.stdout).toMatch(
    /auth0\|ghost {2}not a user\nAuth0 says that this is not the id of a user/,
  );
  const planned = await runOn(world, 'plan', ghost.userId);
  expect([planned.code, planned.stderr]).toEqual([1, expect.stringContaining("'auth0|ghost' is not a user")]);
  expect(documentOf(await runOn(world, '--json', 'status'))).toMatchObject({
    users: { known: 0 },
    alerts: [],
  });
  const replayed = documentOf(await runOn(world, '--json', 'replay'));
  expect(replayed).toMatchObject({ equal: 1, rebuilt: 0 });
  expect(await countOf(world, 'concord.subjects')).toBe(0);
});

test('phantom subjects are found by doctor, removed by --fix after a list, and not brought back by replay', async () => {
  const world = await platform();
  const engine = world.engine();
  await engine.prepare();
  const alice = join(world, 'alice');
  expect(await reconcileUser(engine.reconcile, alice)).toMatchObject({ end: 'converged' });
  await createMissingIndexes(engine);
  for (const key of ['undefined', 'nobody1']) await phantom(world, key);
  const found = documentOf(await runOn(world, '--json', 'doctor'));
  expect(JSON.stringify(found)).toContain('2 subjects are not users');

  const refused = await runOn(world, 'doctor', '--fix');
  expect(refused.stdout).toContain(`nobody1 of ${TENANT} is not a user`);
  expect(await countOf(world, 'concord.subjects')).toBe(3);
  const fixed = documentOf(await runOn(world, '--json', 'doctor', '--fix', '--yes'));
  expect(fixed).toMatchObject({
    fix: { notUsers: { removed: ['nobody1', 'undefined'], busy: [], left: [] } },
  });
  expect(JSON.stringify(fixed)).not.toContain('SUBJECTS_NOT_USERS');
  expect(await world.db.collection('concord.subjects').distinct('_id')).toEqual([alice.user]);

  const events = await countOf(world, 'concord.events');
  const replayed = documentOf(await runOn(world, '--json', 'replay'));
  expect(replayed).toMatchObject({ users: 3, equal: 3, rebuilt: 0, withoutTenant: 0 });
  expect(await countOf(world, 'concord.subjects')).toBe(1);
  expect(await countOf(world, 'concord.events')).toBe(events);
});

/** Keys as an earlier version stored them. */
const ODD_KEYS = [
  'nobody1',
  '-x',
  '-x y',
  'two words',
  ' spaced ',
  'k3q9@clients',
  '@art',
  'ac26nobeb',
  'ключ|',
  '|x',
  '"$q',
];

test('every stored key can be typed into every command that takes a user', async () => {
  const world = await platform();
  const engine = world.engine();
  await engine.prepare();
  for (const key of ODD_KEYS) await phantom(world, key);
  for (const key of ODD_KEYS) {
    const known = {
      documents: engine.assess.documents,
      subjects: engine.subjects,
      events: engine.log,
    };
    const found = await findUser(key, engine.tenants, known);
    expect([key, found.user]).toEqual([key, key]);
    expect((await findUser(`key:${key}`, engine.tenants, known)).user).toBe(key);
  }
  const why = ['--reason', 'a test', '--by', 'alice'];
  const commands: readonly (readonly [string, ...string[]])[] = [
    ['explain'],
    ['events'],
    ['capture'],
    ['plan'],
    ['pause', ...why],
    ['resume', ...why],
    ['retry', ...why],
    ['adopt', ...why],
    ['restore', ...why],
    ['password'],
    ['reconcile', '--dry-run'],
    ['reconcile'],
    ['forget', '--yes', '--by', 'alice'],
  ];
  for (const key of ['-x y']) {
    for (const [command, ...options] of commands) {
      const ended = await runOn(world, command, ...options, '--', key);
      expect(ended.stderr, `${command} ${key}`).not.toMatch(
        /No user matches|unknown option|Nothing is known/,
      );
      expect([0, 1, 2, 4], `${command} ${key}: ${ended.stderr}`).toContain(ended.code);
    }
    // What is forgotten of it leaves no user either.
    expect(await engine.subjects.get(storedUserKey(key))).toBeUndefined();
  }
  const transfer = await runOn(world, 'transfer', '--', 'k3q9@clients', ' spaced ');
  expect(transfer.stderr).toMatch(/'(k3q9@clients| spaced )' is not a user/);
});

test('a key that only documents have is an orphan in reports, and no user to act on', async () => {
  const world = await platform();
  const engine = world.engine();
  await engine.prepare();
  await world.db
    .collection<{ _id: string; handle: string }>('@handles')
    .insertOne({ _id: 'art-guest', handle: 'art' });
  const explained = await runOn(world, 'explain', 'art-guest');
  expect(explained.stdout).toMatch(/art-guest {2}not a user\nThis is not the key of a user/);
  const paused = await runOn(world, 'pause', 'art-guest', '--reason', 'a test', '--by', 'alice');
  expect([paused.code, paused.stderr]).toEqual([1, expect.stringContaining("'art-guest' is not a user")]);
  const { orphans } = documentOf(await runOn(world, '--json', 'audit', '--orphans'));
  expect(orphans).toMatchObject({
    orphanDocuments: 1,
    documents: [{ key: 'art-guest', evidence: ['its key is not the id of a user, which is provider|id'] }],
  });
  expect(documentOf(await runOn(world, '--json', 'audit'))).toMatchObject({ orphans: { documents: 1 } });
  expect(await countOf(world, 'concord.subjects')).toBe(0);
});
