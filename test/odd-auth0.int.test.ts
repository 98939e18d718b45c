/** What Auth0 answers that no schema promises, on the real parts: odd fields, addresses that are unverified again, listings that do not add up. */
import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { createLogger } from '../src/logger.ts';
import {
  accountOf,
  chooseHandle,
  conditionOf,
  eventsOf,
  join,
  reconcileUser,
  storedMember,
} from './support/member.ts';
import { platform } from './support/platform.ts';
import { documentOf, runOn } from './support/program.ts';
import { until } from './support/until.ts';

test('an account whose address is unverified again follows a new handle (case 11)', async () => {
  const world = await platform();
  const engine = world.engine();
  await engine.prepare();
  const alice = join(world, 'alice');
  await reconcileUser(engine.reconcile, alice);
  await world.auth0.updateUser(alice.userId, { email_verified: false });
  await chooseHandle(world, alice, alice.label);
  const { conditions } = await reconcileUser(engine.reconcile, alice);

  const account = await accountOf(world, engine, alice);
  expect(account?.handle).toMatch(new RegExp(`^${alice.label}\\.`));
  expect(account?.email).toBe(alice.email.toLowerCase());
  expect(conditions).toContainEqual(
    expect.objectContaining({
      ...{ type: 'email', status: 'True', reason: 'WaitingForEmailVerification' },
      message:
        'The email address is not verified in Auth0. The address of the account is left as it is, and does not follow.',
    }),
  );
  expect(conditions).toContainEqual(expect.objectContaining({ type: 'account', reason: 'AccountActive' }));
});

test('a new user whose email_verified is a name has record and code, and the field is named (case 12)', async () => {
  const world = await platform();
  const engine = world.engine();
  await engine.prepare();
  const ann = join(world, 'ann');
  world.auth0.oddFields.add(ann.userId, { email_verified: 'Ann Example', created_at: undefined });
  const ran = await runOn(world, 'reconcile', ann.user);
  expect(ran.code, ran.stderr).toBe(4);
  expect(ran.stdout).toContain('Auth0 has a value in email_verified that cannot be used');
  expect(ran.stdout + ran.stderr).not.toContain('Ann Example');

  const stored = await storedMember(world, ann);
  expect(stored?.code).toEqual(expect.any(String));
  expect(stored).not.toHaveProperty('atproto');
  const [observed] = await eventsOf(engine, ann, 'auth0.user-observed');
  expect(observed?.data).toMatchObject({
    ...{ emailVerified: false, createdAt: null, unusable: ['email_verified', 'created_at'] },
  });
  expect(stored?.when).toEqual(observed?.at);
  expect(await conditionOf(engine, ann, 'account')).toMatchObject({ reason: 'FieldUnusable', held: true });
  expect(await conditionOf(engine, ann, 'user-document')).toMatchObject({
    ...{ status: 'True', reason: 'FieldUnusable', message: expect.stringContaining('created_at') },
  });
  const said = await runOn(world, 'status');
  expect(said.stdout).toContain('FieldUnusable');
});

test('a field that turns odd and holds nothing up is found by a sweep, once', async () => {
  const world = await platform();
  const alice = join(world, 'alice');
  expect((await runOn(world, 'reconcile', '--all')).code).toBe(0);
  world.auth0.oddFields.add(alice.userId, { blocked: 'no', identities: { provider: 'auth0' } });
  const found = await runOn(world, '--json', 'reconcile', '--all');
  expect(documentOf(found)).toMatchObject({ drifted: 1, converged: 1, complete: true });
  const engine = world.engine();
  expect(await conditionOf(engine, alice, 'auth0')).toMatchObject({
    ...{ status: 'True', reason: 'FieldUnusable', message: expect.stringMatching(/blocked.*identities/) },
  });
  const again = await runOn(world, '--json', 'reconcile', '--all');
  expect(documentOf(again)).toMatchObject({ drifted: 0, complete: true });
});

test('a total that the rows do not reach: who is listed is reconciled, and the run is incomplete (case 15)', async () => {
  const world = await platform();
  const [alice, bob] = [join(world, 'alice'), join(world, 'bob')];
  world.auth0.misstateListings({ totalOff: 1 });

  const audited = await runOn(world, '--json', 'audit');
  expect(documentOf(audited)).toMatchObject({
    ...{ usersInTrouble: 2, orphans: null, totals: { users: { have: 0, of: 2 } } },
    inexact: [{ tenant: alice.tenant, reason: 'total-too-high' }],
  });
  const swept = await runOn(world, '--json', 'reconcile', '--all');
  expect(swept.code, swept.stderr).toBe(4);
  expect(documentOf(swept)).toMatchObject({
    ...{ users: 2, drifted: 2, converged: 2, complete: false },
    sweeps: [{ complete: false, inexact: 'total-too-high' }],
  });
  for (const member of [alice, bob]) expect((await storedMember(world, member))?.atproto).toBeDefined();
  const said = await runOn(world, 'audit');
  expect(said.stdout).toContain('Auth0 counted more users than it listed.');
  const status = await runOn(world, 'status');
  expect(status.stdout).toContain('the last sweep is incomplete');
  const doctor = await runOn(world, 'doctor');
  expect(doctor.stdout).toContain('Auth0 counted more users than it listed.');
  expect(doctor.stdout).not.toContain('LISTING_CUT_OFF');
});

test.each([
  ['a total that is too low', { totalOff: -1 }, 'total-too-low'],
  ['rows that come twice', { repeatEvery: 2 }, 'repeated-rows'],
  ['a row that is left out', { omitEvery: 3 }, 'total-too-high'],
] as const)('%s: nobody is taken for deleted, and nothing is skipped', async (_what, flaws, inexact) => {
  const world = await platform();
  const engine = world.engine();
  const people = ['alice', 'bob', 'carol'].map((name) => join(world, name, { emailVerified: false }));
  expect((await runOn(world, 'reconcile', '--all')).code).toBe(0);
  const dave = join(world, 'dave', { emailVerified: false });
  // The first row: it is listed with every flaw.
  const listed = world.auth0.user(dave.userId);
  if (listed !== undefined) world.auth0.addUser({ ...listed, created_at: '2012-01-02T03:04:05.000Z' });
  world.auth0.misstateListings(flaws);
  const swept = documentOf(await runOn(world, '--json', 'reconcile', '--all'));
  expect(swept).toMatchObject({ complete: false, sweeps: [{ inexact }] });
  expect((await storedMember(world, dave))?.code).toBeDefined();
  for (const member of people) expect(await eventsOf(engine, member, 'auth0.user-unlisted')).toEqual([]);
});

test('the tokens of identity providers are in no event, reject, log line, capture or page (case 21)', async () => {
  const token = randomBytes(24).toString('hex');
  const world = await platform();
  const lines: string[] = [];
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      lines.push(String(chunk));
      done();
    },
  });
  const logger = createLogger({ level: 'trace', pretty: false, stream });
  const served = await world.serve({ logger });
  const authorization = world.logToken;
  world.auth0.logStream.add({ endpoint: served.endpoint, authorization, format: 'JSONOBJECT' });
  world.auth0.eventStream.add({ endpoint: `${served.endpoint}/events`, token: world.eventToken });
  const engine = world.engine();
  const alice = join(world, 'alice', { provider: 'google-oauth2' });
  const identity = {
    provider: 'google-oauth2',
    user_id: alice.userId.split('|')[1] ?? '',
    connection: 'google',
  };
  const secret = { access_token: token, refresh_token: token, profileData: { name: token } };
  const user = world.auth0.user(alice.userId);
  if (user === undefined) throw new Error('Auth0 has no such user.');
  world.auth0.addUser({ ...user, identities: [{ ...identity, isSocial: true, ...secret }] } as typeof user);

  await world.auth0.updateUser(alice.userId, { name: 'Alice' });
  const cut = JSON.stringify({ log_id: '1', data: { details: { identities: [secret] } } }).slice(0, -3);
  const body = `{"log_id":"2","data":{"type":7,"details":{"identities":[${JSON.stringify(secret)}]}}}\n${cut}`;
  const delivered = await fetch(served.endpoint, { method: 'POST', headers: { authorization }, body });
  expect(delivered.status).toBeLessThan(300);
  await world.auth0.logStream.flush();
  await world.auth0.eventStream.flush();
  await until('both have told of the user', async () => {
    const told = await eventsOf(engine, alice, 'auth0.log-received', 'auth0.event-received');
    const types = new Set(told.map(({ type }) => type));
    return types.size === 2 && (await conditionOf(engine, alice, 'account'))?.reason === 'AccountActive'
      ? told
      : undefined;
  });

  const kept: string[] = [];
  for (const { name } of await world.db.listCollections().toArray())
    kept.push(JSON.stringify(await world.db.collection(name).find().toArray()));
  const all = kept.join('\n');
  // What is redacted has come here, and is kept in part.
  expect(all).toContain(`\\"provider\\":\\"google-oauth2\\"`);
  expect(await world.db.collection('concord.rejects').countDocuments()).toBe(2);
  const outputs = await Promise.all(
    [
      ['--json', 'events', alice.user],
      ['capture', alice.user],
      ['explain', alice.user],
      ['--json', 'reconcile', alice.user],
    ].map(async (args) => {
      const { stdout, stderr } = await runOn(world, ...args);
      return stdout + stderr;
    }),
  );
  const pages = await Promise.all(
    ['user', 'user/look', 'user/timeline'].map(async (page) => {
      const answer = await fetch(`${served.url}/api/${page}?key=${encodeURIComponent(alice.user)}`);
      expect(answer.status, page).toBe(200);
      return answer.text();
    }),
  );
  for (const text of [all, lines.join('\n'), ...pages, ...outputs]) expect(text.includes(token)).toBe(false);
});
