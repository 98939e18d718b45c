/** Somebody who is gone is forgotten: nothing personal is left, and what happened still is. */
import { expect, test } from 'vitest';
import { type ForgetDeps, forget } from '../src/engine/operations/forget.ts';
import type { ConcordEvent } from '../src/events/event.ts';
import { eventId, type TenantId } from '../src/identity.ts';
import { collections } from '../src/mongo/driver/collections.ts';
import { COLLECTION_NAMES, PLACES } from '../src/mongo/log/personal-data.ts';
import type { Engine } from '../src/wiring/engine.ts';
import { wireForget } from '../src/wiring/operations.ts';
import { accountOf, chooseHandle, join, type Member, reconcileUser } from './support/member.ts';
import { person } from './support/pds.ts';
import { type Platform, platform, silent } from './support/platform.ts';
import { documentOf, runOn } from './support/program.ts';

interface Row {
  readonly _id: string;
  readonly user?: string | null;
  readonly [field: string]: unknown;
}

const MAJORITY = { writeConcern: { w: 'majority' } } as const;

function rows({ db }: Platform, name: string): Promise<Row[]> {
  return db.collection<Row>(name).find().sort({ _id: 1 }).toArray();
}

/** Everything of Concord's, as one text. The platform's own documents are the platform's. */
async function everything(world: Platform): Promise<string> {
  const names = COLLECTION_NAMES.filter((name) => PLACES[name].forget !== 'platform').map(
    (name) => collections[name],
  );
  return JSON.stringify(await Promise.all(names.map((name) => rows(world, name))));
}

function entry(who: Member, logId: string, raw: string, user: string | null = who.user): ConcordEvent {
  const now = new Date();
  const data = { logId, code: 'ss', hint: null, raw };
  const event = {
    _id: eventId(`${who.tenant}:${logId}`),
    user,
    tenant: who.tenant,
    type: 'auth0.log-received',
  };
  return { ...event, at: now, recordedAt: now, cause: [], data } as unknown as ConcordEvent;
}

function reject(tenant: TenantId, raw: string) {
  return { tenant, raw, reason: 'it could not be read', receivedAt: new Date(), count: 1 };
}

interface Lived {
  readonly engine: Engine;
  readonly alice: Member;
  readonly bob: Member;
  /** All that names alice to somebody who reads it. */
  readonly personal: readonly string[];
}

/** Alice moves, renames herself and is known by several addresses; bob has an address that contains hers. */
async function lived(world: Platform): Promise<Lived> {
  const engine = world.engine();
  await engine.prepare();
  const { log } = engine;
  const alice = join(world, 'alice');
  const bob = join(world, 'bob', { email: `bob-${alice.email}` });
  await chooseHandle(world, alice, alice.label);
  for (const member of [alice, bob]) await reconcileUser(engine.reconcile, member);
  const moved = person('moved').email;
  await world.auth0.changeEmail(alice.userId, moved);
  await world.auth0.verifyEmail(alice.userId);
  await reconcileUser(engine.reconcile, alice);
  const renamed = person('other').handle.replace('.at.test', '');
  await chooseHandle(world, alice, renamed);
  await reconcileUser(engine.reconcile, alice);
  await log.append([
    entry(alice, 'a1', JSON.stringify({ user_name: alice.email, ip: 'alices-address' })),
    entry(bob, 'b1', JSON.stringify({ user_name: bob.email, user_id: bob.userId })),
    entry(bob, 'b2', JSON.stringify({ linked_with: alice.userId, by: 'bobs-admin' })),
    entry(alice, 'n1', JSON.stringify({ type: 'fu', user_name: alice.email.toUpperCase() }), null),
    entry(alice, 'n2', JSON.stringify({ type: 'fu', user_name: bob.email }), null),
  ]);
  await engine.rejects.add([
    reject(alice.tenant, `{"user_id":"${alice.userId}","alices-broken`),
    reject(alice.tenant, `email=${encodeURIComponent(moved)}&alices-form`),
    reject(bob.tenant, `{"user_name":"${bob.email}","bobs-broken`),
    reject(bob.tenant, `{"user_id":"${alice.userId}0","somebody-elses`),
  ]);
  const personal = [alice.label, moved, renamed, 'alices-address', 'alices-broken', 'alices-form'];
  return { engine, alice, bob, personal };
}

async function gone(world: Platform, { engine, alice }: Lived): Promise<void> {
  const account = await accountOf(world, engine, alice);
  if (account !== undefined) await engine.accounts.setActive(account.did, false);
  await world.auth0.deleteUser(alice.userId);
  await reconcileUser(engine.reconcile, alice);
}

/** Alice's label is in bob's address too, who stays: his rows are left out, and looked at by themselves. */
async function withoutBob(world: Platform, { bob }: Lived): Promise<string> {
  return (await everything(world)).replaceAll(bob.email, 'BOB').replaceAll(bob.email.toLowerCase(), 'BOB');
}

test('is refused while the user is not gone, and says what to do first', async () => {
  const world = await platform();
  const life = await lived(world);
  const { alice, engine } = life;
  const before = await everything(world);
  const refused = async (pattern: RegExp, args: readonly string[] = [alice.userId, '--yes'], env = {}) => {
    const { code, stderr } = await runOn({ env: { ...world.env, ...env } }, 'forget', ...args);
    expect([code, stderr]).toEqual([1, expect.stringMatching(pattern)]);
    expect(await everything(world)).toBe(before);
  };
  await refused(/Auth0 still has this user\..* delete the user in Auth0 first/);
  await refused(/Nothing is known of this user/, ['auth0|nobody', '--yes']);
  await world.auth0.deleteUser(alice.userId);
  await refused(/account did:plc:\w+ of this user is still there/);
  // Who could not be read is not gone.
  await refused(/auth0|Auth0/, [alice.userId, '--yes'], { AUTH0_MANAGEMENT_URL: 'http://127.0.0.1:9' });
  await refused(/PDS|pds/, [alice.userId, '--yes'], { PDS_URL: 'http://127.0.0.1:9' });
  const account = await accountOf(world, engine, alice);
  if (account !== undefined) await engine.accounts.setActive(account.did, false);
  await refused(/no terminal to ask on/, [alice.userId]);
  const { queue, clock } = engine;
  const lease = await queue.claimUser(alice, clock.now(), 60_000);
  const { code, stderr } = await runOn(world, 'forget', alice.userId, '--yes');
  expect([code, stderr]).toEqual([1, expect.stringMatching(/This user is being reconciled/)]);
  if (lease !== undefined) await queue.release(lease);
});

test('leaves nothing personal, and everything that happened', async () => {
  const world = await platform();
  const life = await lived(world);
  const { engine, alice, bob, personal } = life;
  await gone(world, life);
  const text = await withoutBob(world, life);
  for (const name of personal) expect(text).toContain(name);
  const of = async (member: Member) =>
    (await rows(world, 'concord.events')).filter(({ user }) => user === member.user);
  const [before, bobs] = [await of(alice), await of(bob)];
  const subjectOfBob = await engine.subjects.get(bob.user);

  const ended = await runOn(world, '--json', 'forget', alice.userId, '--yes', '--by', 'carol');
  expect(ended.code, ended.stderr).toBe(0);
  expect(documentOf(ended)).toMatchObject({ command: 'forget', again: false, mentions: 2, rejects: 2 });

  const after = await withoutBob(world, life);
  for (const name of personal) expect(after).not.toContain(name);
  const shape = ({ _id, type, at, recordedAt, cause, tenant, user }: Row) => ({
    _id,
    type,
    at,
    recordedAt,
    cause,
    tenant,
    user,
  });
  const events = await of(alice);
  expect(events.filter(({ type }) => type !== 'user.forgotten').map(shape)).toEqual(before.map(shape));
  const [act] = events.filter(({ type }) => type === 'user.forgotten');
  expect(act).toMatchObject({ data: { by: 'carol' } });
  // Bob keeps all of his, but for the raw text that named alice.
  const named = `${bob.tenant}:b2`;
  const blank = { logId: 'b2', code: 'ss', hint: null, raw: '' };
  expect(await of(bob)).toEqual(bobs.map((row) => (row._id === named ? { ...row, data: blank } : row)));
  expect(await engine.subjects.get(bob.user)).toEqual(subjectOfBob);
  expect(after).toContain('bobs-broken');
  expect(after).toContain('somebody-elses');
  const [nobodys] = (await rows(world, 'concord.events')).filter(({ _id }) => _id === `${bob.tenant}:n2`);
  expect(JSON.stringify(nobodys)).toContain(bob.email);

  const subject = await engine.subjects.get(alice.user);
  expect(subject).toMatchObject({
    email: undefined,
    accountEmail: undefined,
    platformHandle: undefined,
    conditions: [],
  });
  expect(subject?.code).toMatch(/^ac/);

  // A pass does nothing any more, and the log alone still gives what is shown.
  const quiet = await everything(world);
  expect(await reconcileUser(engine.reconcile, alice)).toMatchObject({ applied: [], failures: [] });
  expect((await of(alice)).length).toBe(events.length);
  const replayed = await runOn(world, '--json', 'replay');
  expect([replayed.code, documentOf(replayed)]).toEqual([
    0,
    expect.objectContaining({ equal: 2, rebuilt: 0, unerased: [] }),
  ]);
  expect(await everything(world)).toBe(quiet);

  // What comes in late is noticed, and blanked by the next call, without a second event.
  await engine.log.append([entry(alice, 'late', `{"user_name":"${alice.email}"}`)]);
  const noticed = await runOn(world, '--json', 'replay');
  expect([noticed.code, documentOf(noticed)['unerased']]).toEqual([4, [alice.user]]);
  const again = await runOn(world, '--json', 'forget', alice.userId, '--yes');
  expect(documentOf(again)).toMatchObject({ again: true, events: 1 });
  expect(await withoutBob(world, life)).not.toContain(alice.label);
  expect((await of(alice)).filter(({ type }) => type === 'user.forgotten')).toHaveLength(1);
});

/** The writes of a `forget`, of which one breaks: before it is done, after it, or in the middle of it. */
const WRITES = ['append', 'show', 'release', 'blankMentions', 'blankEvents'] as const;
type Broken = (typeof WRITES)[number];

function breaking(deps: ForgetDeps, broken: Broken, when: 'before' | 'after'): ForgetDeps {
  const wrap = <T extends object>(port: T): T =>
    new Proxy(port, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (name !== broken || typeof value !== 'function') return value;
        return async (...args: readonly unknown[]) => {
          if (when === 'after') await Reflect.apply(value, target, args);
          throw new Error('killed');
        };
      },
    });
  const { log, readModel, reservations, eraser } = deps;
  const wrapped = { log: wrap(log), readModel: wrap(readModel), eraser: wrap(eraser) };
  return { ...deps, ...wrapped, reservations: wrap(reservations) };
}

test.each(
  WRITES.flatMap(
    (write) =>
      [
        [write, 'before'],
        [write, 'after'],
      ] as const,
  ),
)('broken off at %s, %s it is done, and called again, comes to the same end', async (write, when) => {
  const world = await platform();
  const life = await lived(world);
  const { engine, alice, personal } = life;
  await gone(world, life);
  const { forgetting, tenants, close } = wireForget(world.config(), silent());
  try {
    const [tenant] = tenants;
    if (tenant === undefined) throw new Error('There is a tenant.');
    const call = (deps: ForgetDeps) => forget(deps, tenant.directory, alice, 'carol');
    await expect(call(breaking(forgetting, write, when))).rejects.toThrow('killed');
    const begun = (await engine.log.ofUser(alice.user)).some(({ type }) => type === 'user.forgotten');
    expect(begun).toBe(write !== 'append' || when === 'after');
    if (begun) {
      // Half of it is enough to be seen, and to be left alone by every pass.
      const whole = write === 'blankEvents' && when === 'after';
      const noticed = documentOf(await runOn(world, '--json', 'replay', '--dry-run'));
      expect(noticed['unerased']).toEqual(whole ? [] : [alice.user]);
      await reconcileUser(engine.reconcile, alice);
      const subjects = JSON.stringify(await rows(world, 'concord.subjects'));
      expect(subjects.replaceAll(life.bob.email, 'BOB')).not.toContain(alice.label);
    }
    expect(await call(forgetting)).toMatchObject({ again: begun });
    const after = await withoutBob(world, life);
    for (const name of personal) expect(after).not.toContain(name);
    const forgotten = (await engine.log.ofUser(alice.user)).filter(({ type }) => type === 'user.forgotten');
    expect(forgotten).toHaveLength(1);
    expect(await call(forgetting)).toEqual({ events: 0, mentions: 0, rejects: 0, again: true });
  } finally {
    await close();
  }
});

test('searches a log of many windows, and leaves what it does not concern', async () => {
  const world = await platform();
  const life = await lived(world);
  await gone(world, life);
  const { alice, engine } = life;
  const many = Array.from({ length: 25_000 }, (_, index) => {
    const names = index % 5_000 === 0;
    const raw = names ? `{"user_name":"${alice.email}","mine":${index}}` : `{"n":${index}}`;
    const { _id, ...event } = entry(alice, `m${index}`, raw, null);
    // In one heap at one moment, and over time: a window must neither miss an entry nor stand still.
    const at = new Date(Date.UTC(2026, 0, 1) + (index < 12_000 ? 0 : index));
    return { _id: String(_id), ...event, at };
  });
  await world.db.collection<Row>('concord.events', MAJORITY).insertMany(many);
  const { forgetting, tenants, close } = wireForget(world.config(), silent());
  try {
    const [tenant] = tenants;
    if (tenant === undefined) throw new Error('There is a tenant.');
    const startedAt = Date.now();
    expect(await forget(forgetting, tenant.directory, alice, 'carol')).toMatchObject({ mentions: 2 + 5 });
    process.stdout.write(`forget: a user beside 25,000 entries of others in ${Date.now() - startedAt} ms\n`);
    expect(await withoutBob(world, life)).not.toContain(alice.label);
    const left = { user: null, 'data.raw': { $ne: '' } };
    expect(await world.db.collection('concord.events').countDocuments(left)).toBe(25_000 - 5 + 1);
    expect((await engine.log.ofUser(alice.user)).length).toBeGreaterThan(5);
  } finally {
    await close();
  }
});
