/** Ids that are no user, in every way in: no subject, no event, no alert; counted by reason (W14). */
import { expect, test } from 'vitest';
import { pull } from '../src/engine/pull.ts';
import type { Engine } from '../src/wire.ts';
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
