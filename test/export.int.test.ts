/** All that is kept of one person, and nothing of others: every collection and every type of event that may hold something. */
import { expect, test } from 'vitest';
import { exportUser } from '../src/engine/operations/export-user.ts';
import type { Mention } from '../src/events/definition.ts';
import { mentionsByType } from '../src/events/mentions.ts';
import { collections } from '../src/mongo/driver/collections.ts';
import { COLLECTION_NAMES, type CollectionName } from '../src/mongo/log/personal-data.ts';
import type { Engine } from '../src/wiring/engine.ts';
import { wireExport } from '../src/wiring/operations.ts';
import { accountOf, chooseHandle, join, type Member, reconcileUser, storedMember } from './support/member.ts';
import { person } from './support/pds.ts';
import { type Platform, platform } from './support/platform.ts';
import { documentOf, runOn } from './support/program.ts';

type Row = Readonly<Record<string, unknown>> & { readonly _id: string };

interface Exported {
  readonly state: string;
  readonly auth0: { readonly email: string } | null;
  readonly accounts: readonly { readonly did: string; readonly state: string }[];
  readonly relatedUsers: readonly { readonly user: string }[];
  readonly notes: readonly string[];
  readonly collections: Readonly<Record<string, readonly Row[]>>;
  readonly mentions: readonly { readonly collection: string; readonly id: string; readonly field: string }[];
}

async function exported(world: Platform, name: string): Promise<Exported> {
  const ended = await runOn(world, 'export', name);
  expect(ended.code, ended.stderr).toBe(0);
  expect(documentOf(ended)).toMatchObject({ schemaVersion: 1, command: 'export' });
  return documentOf(ended) as unknown as Exported;
}

async function put({ db }: Platform, name: CollectionName, ...rows: readonly Row[]): Promise<void> {
  await db.collection<Row>(collections[name], { writeConcern: { w: 'majority' } }).insertMany([...rows]);
}

async function settled(world: Platform): Promise<{ engine: Engine; alice: Member; bob: Member }> {
  const engine = world.engine();
  await engine.prepare();
  const [alice, bob] = [join(world, 'alice'), join(world, 'bob')];
  for (const member of [alice, bob]) {
    await chooseHandle(world, member, member.label);
    await reconcileUser(engine.reconcile, member);
  }
  return { engine, alice, bob };
}

interface Lives {
  readonly alice: Member;
  readonly bob: Member;
  readonly did: string;
}

/**
 * What each collection can have of alice beside what reconciliations wrote, by the id of the document. One that is added
 * to the database does not compile here until something is put into it.
 */
const FIXTURES: Readonly<
  Record<CollectionName, (world: Platform, lives: Lives) => Promise<readonly string[]>>
> = {
  users: async ({ db }, { alice }) => {
    const fields = { petName: 'canary of users', legacyPassword: 'hunter2', tokens: { refresh: 'hunter3' } };
    await db.collection<Row>('users').updateOne({ _id: alice.user }, { $set: fields });
    return [alice.user];
  },
  verifications: async (_world, { alice }) => [alice.user],
  handles: async (_world, { alice }) => [alice.user],
  subjects: async (_world, { alice }) => [alice.user],
  events: async (world, { alice, bob }) => {
    const at = new Date();
    const base = { tenant: alice.tenant, at, recordedAt: at, cause: [], type: 'auth0.log-received' };
    const raw = (text: object) => ({
      data: { logId: 'x', code: 'ss', hint: null, raw: JSON.stringify(text) },
    });
    await put(
      world,
      'events',
      { ...base, _id: 'own', user: alice.user, ...raw({ ip: 'canary of events', access_token: 'hunter4' }) },
      { ...base, _id: 'nobodys-address', user: null, ...raw({ user_name: alice.email }) },
      { ...base, _id: 'nobodys-id', user: null, ...raw({ linked: alice.userId }) },
      { ...base, _id: 'nobodys-other', user: null, ...raw({ user_name: bob.email }) },
      {
        ...base,
        _id: 'approved',
        user: null,
        type: 'sweep.approved',
        data: { reason: `${alice.userId} left` },
      },
      { ...base, _id: 'halted', user: null, type: 'sweep.halted', data: { users: [bob.user, alice.user] } },
    );
    return ['own', 'nobodys-address', 'nobodys-id', 'approved', 'halted'];
  },
  rejects: async (world, { alice, bob }) => {
    const reject = (id: string, raw: string) => ({ _id: id, tenant: alice.tenant, reason: 'cut', raw });
    await put(
      world,
      'rejects',
      reject('by-id', `{"user_id":"${alice.userId}","password":"hunter5`),
      reject('by-address', `email=${encodeURIComponent(alice.email)}&password=hunter6&x=1`),
      reject('bobs', `{"user_name":"${bob.email}"`),
    );
    return ['by-id', 'by-address'];
  },
  reservations: async (world, { alice, bob }) => {
    await put(
      world,
      'reservations',
      { _id: 'handle:a', user: alice.user },
      { _id: 'handle:b', user: bob.user },
    );
    return ['handle:a'];
  },
  inactiveAccounts: async (world, { did }) => {
    await put(world, 'inactiveAccounts', { _id: did, state: 'deactivated', handleHash: 'x' });
    return [did];
  },
  alerts: async (world, { alice, bob }) => {
    await put(
      world,
      'alerts',
      { _id: 'one', alert: { cause: { id: 'one', example: alice.user } } },
      {
        _id: 'two',
        alert: { cause: { id: 'two', example: bob.user } },
        outbox: [{ notice: { cause: { example: alice.user } } }],
      },
      { _id: 'three', alert: { cause: { id: 'three', example: bob.user } } },
    );
    return ['one', 'two'];
  },
  ignored: async () => [],
  // Positions name many users: only that they name this one is told.
  cursors: async (world, { alice }) => {
    const encoded = Buffer.from(alice.user).toString('hex').toUpperCase();
    await put(
      world,
      'cursors',
      { _id: 'sweep', position: JSON.stringify({ renames: [alice.user] }) },
      { _id: 'changes', position: JSON.stringify({ _data: `8262${encoded}0004` }) },
      { _id: 'other', position: JSON.stringify({ renames: [`${alice.user}0`] }) },
    );
    return [];
  },
};

function mentioning({ alice }: Lives, { names }: Mention): unknown {
  if (names === 'key') return alice.user;
  return names === 'id' ? alice.userId : `of bob's, with ${alice.userId}`;
}

/** A document of bob's for each place where an event of another user may name alice. */
async function mentionInEvents(world: Platform, lives: Lives): Promise<readonly string[]> {
  const at = new Date();
  const rows = mentionsByType().flatMap(([type, mentions]) =>
    mentions.map((mention) => {
      const [list, field = ''] = mention.field.split('.');
      const value = mentioning(lives, mention);
      const data = mention.field.includes('.')
        ? { [list ?? '']: [{ [field]: value }] }
        : { [mention.field]: value };
      const { tenant } = lives.alice;
      return {
        _id: `${type} ${mention.field}`,
        user: lives.bob.user,
        tenant,
        type,
        at,
        recordedAt: at,
        cause: [],
        data,
      };
    }),
  );
  await put(world, 'events', ...rows);
  return rows.map(({ _id }) => _id);
}

test('has what each collection holds of the person, says where others name them, and has no secret and nothing of others', async () => {
  const world = await platform();
  const { engine, alice, bob } = await settled(world);
  const did = (await accountOf(world, engine, alice))?.did ?? '';
  const password = (await storedMember(world, alice))?.atproto?.password ?? '';
  const lives = { alice, bob, did };
  const expected = new Map<CollectionName, readonly string[]>();
  for (const name of COLLECTION_NAMES) expected.set(name, await FIXTURES[name](world, lives));
  const mentioned = await mentionInEvents(world, lives);
  await world.db
    .collection<Row>('concord.subjects')
    .updateOne({ _id: bob.user }, { $set: { 'view.sister': alice.user, linkedIds: [alice.userId] } });

  const document = await exported(world, alice.userId);
  expect(Object.keys(document.collections)).toEqual(COLLECTION_NAMES.map((name) => collections[name]));
  for (const [name, ids] of expected) {
    const found = document.collections[collections[name]]?.map(({ _id }) => _id) ?? [];
    expect(found, name).toEqual(expect.arrayContaining([...ids]));
    expect(new Set(found).size, name).toBe(found.length);
  }
  // All that reconciliations wrote of alice, too.
  const own = await world.db.collection<Row>('concord.events').find({ user: alice.user }).toArray();
  const events = document.collections['concord.events']?.map(({ _id }) => _id);
  expect(events).toEqual(expect.arrayContaining(own.map(({ _id }) => _id)));
  expect(events).not.toContain('nobodys-other');
  expect(document).toMatchObject({ state: 'in-auth0', auth0: { email: alice.email } });
  expect(document.accounts).toEqual([expect.objectContaining({ did, state: 'active', email: alice.email })]);

  const at = document.mentions.map(({ collection, id, field }) => `${collection} ${id} ${field}`);
  const places = mentioned.map((id) => `concord.events ${id} data.${id.split(' ')[1] ?? ''}`);
  expect(at).toEqual(
    expect.arrayContaining([
      ...places,
      `concord.subjects ${bob.user} view.sister`,
      `concord.subjects ${bob.user} linkedIds`,
      'concord.cursors sweep position',
      'concord.cursors changes position',
    ]),
  );
  expect(at).not.toContain('concord.cursors other position');

  const text = JSON.stringify(document);
  for (const canary of ['canary of users', 'canary of events', alice.label]) expect(text).toContain(canary);
  expect(password).not.toBe('');
  for (const secret of [password, 'hunter']) expect(text).not.toContain(secret);
  const bobs = (await accountOf(world, engine, bob))?.did ?? '';
  for (const others of [bob.email, bob.label, bobs, "of bob's"]) expect(text).not.toContain(others);
});

test('finds a user by id, handle, code and address, also after the user is deleted, and says what is left of a forgotten one', async () => {
  const world = await platform();
  const { engine, alice } = await settled(world);
  const stored = await storedMember(world, alice);
  const names = [
    alice.userId,
    `@${alice.label}`,
    stored?.code ?? '',
    alice.email,
    stored?.atproto?.did ?? '',
  ];
  for (const name of names)
    expect((await exported(world, name)).collections['users']).toMatchObject([{ _id: alice.user }]);

  await engine.accounts.setActive(stored?.atproto?.did ?? ('' as never), false);
  await world.auth0.deleteUser(alice.userId);
  await reconcileUser(engine.reconcile, alice);
  // The platform's own erasure, after which neither Auth0 nor a document knows a name.
  for (const name of ['users', 'verifications', '@handles'])
    await world.db.collection<Row>(name).deleteOne({ _id: alice.user });
  for (const name of names) {
    const document = await exported(world, name);
    expect(document).toMatchObject({ state: 'deleted', auth0: null, accounts: [{ state: 'deactivated' }] });
    expect(document.collections['concord.subjects']).toMatchObject([{ _id: alice.user }]);
    expect(document.collections['users']).toEqual([]);
  }

  expect((await runOn(world, 'forget', alice.userId, '--yes')).code).toBe(0);
  const left = await exported(world, alice.userId);
  expect(left.state).toBe('forgotten');
  expect(left.notes.join(' ')).toContain('what is left');
  expect(left.collections['concord.events']?.length).toBeGreaterThan(3);
  // The account is on the PDS, deactivated, until it is deleted there: with its address, which is said as the PDS says it.
  expect(JSON.stringify(left.collections)).not.toContain(alice.label);
});

test('names the linked users, and lists users who share an address instead of choosing one', async () => {
  const world = await platform({ sisterTag: 'sis', areLinked: true });
  const engine = world.engine();
  await engine.prepare();
  const alice = join(world, 'alice');
  const second = join(world, 'alice', { email: alice.email, of: 'sister' });
  for (const member of [alice, second, alice]) await reconcileUser(engine.reconcile, member);
  const { exporting, tenants, close } = wireExport(world.config());
  try {
    const [first] = tenants;
    if (first === undefined) throw new Error('There is a tenant.');
    const document = await exportUser(exporting, first, alice);
    expect(document.relatedUsers).toEqual([{ user: second.user, why: 'linked-tenant' }]);
    expect((await exporting.records.keysOf(alice.email)).toSorted()).toEqual(
      [alice.user, second.user].toSorted(),
    );
  } finally {
    await close();
  }
});

test('writes nothing for an unknown user, and none that lacks a part', async () => {
  const world = await platform();
  const { alice } = await settled(world);
  const failing = async (pattern: RegExp, name: string, env = {}) => {
    const { code, stdout, stderr } = await runOn({ env: { ...world.env, ...env } }, 'export', name);
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringMatching(pattern)]);
  };
  await failing(/Nothing is known of this user/, 'auth0|nobody');
  await failing(/No user matches @nobody/, '@nobody');
  await failing(/No user matches/, person('nobody').email);
  await failing(/Auth0|auth0/, alice.userId, { AUTH0_MANAGEMENT_URL: 'http://127.0.0.1:9' });
  await failing(/PDS|pds/, alice.userId, { PDS_URL: 'http://127.0.0.1:9' });
});

test('holds no history in memory', async () => {
  const world = await platform();
  const { alice } = await settled(world);
  const filler = 'x'.repeat(12_000);
  const count = 10_000;
  for (let start = 0; start < count; start += 1_000) {
    const rows = Array.from({ length: 1_000 }, (_, index) => {
      const at = new Date(Date.UTC(2026, 0, 1) + start + index);
      const data = { logId: 'x', code: 's', hint: null, raw: filler };
      const event = { type: 'auth0.log-received', at, recordedAt: at, cause: [], data };
      return { _id: `login-${start + index}`, user: alice.user, tenant: alice.tenant, ...event };
    });
    await put(world, 'events', ...rows);
  }
  // Of 120 MB, in a heap of half of that.
  const env = { ...world.env, NODE_OPTIONS: '--max-old-space-size=60' };
  const ended = await runOn({ env }, 'export', alice.userId);
  expect(ended.code, ended.stderr).toBe(0);
  const { collections: found } = documentOf(ended) as unknown as Exported;
  expect(found['concord.events']?.filter(({ _id }) => _id.startsWith('login-'))).toHaveLength(count);
});
