/** `doctor --fix`, `doctor --simulate`, and the command as people and programs run it. */
import { stripVTControlCharacters } from 'node:util';
import { type Document, MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { carryOutRepair, examine, planIndexRepair } from '../../src/commands/doctor/doctor.ts';
import { systemClock } from '../../src/wiring/system.ts';
import { unusedOrigin } from '../support/local-server.ts';
import { documentOf, runOn } from '../support/program.ts';
import { findingsOn, type Healthy, HOUR_MS, healthyPlatform, users, withCodes } from './patient.ts';

let world: Healthy;
let client: MongoClient;
beforeAll(async () => {
  [world, client] = await Promise.all([healthyPlatform(), MongoClient.connect(inject('mongodUri'))]);
});
afterAll(() => Promise.all([world.close(), client.close()]));

const marked = (database: string) =>
  client.db(database).collection<{ _id: string; of?: string }>('concord.doctor');

const indexNames = async () => (await users(world).indexes()).map(({ name }) => name);
const uniqueOn = async (name: string) =>
  (await users(world).indexes()).some((index) => index.name === name && index.unique === true);

describe('the clean-up of indexes', () => {
  const states: readonly [kind: string, index: Document, steps: readonly RegExp[]][] = [
    [
      'is there under the name of old',
      { name: 'code_1', unique: true, sparse: true },
      [
        /create the unique index concord_guard_code/,
        /drop the index code_1/,
        /create .* code_unique/,
        /drop .*guard/,
      ],
    ],
    [
      'is not unique',
      { name: 'code_unique' },
      [
        /create the unique index concord_guard_code/,
        /drop the index code_unique/,
        /create .* code_unique/,
        /drop .*guard/,
      ],
    ],
    [
      'takes in documents without a code',
      { name: 'code_unique', unique: true },
      [/concord_guard_code/, /drop the index code_unique/, /create .* code_unique/, /drop .*guard/],
    ],
  ];

  test.each(states)('where the one on codes %s', async (_kind, index, steps) => {
    const broken = await withCodes(world, index, ['ac25babab', 'ac25babac']);
    try {
      const repair = await planIndexRepair(world.config());
      expect(repair.steps.map(({ text }) => text)).toEqual(steps.map((step) => expect.stringMatching(step)));
      const kept: boolean[] = [];
      for (const step of repair.steps) {
        await carryOutRepair(world.config(), { steps: [step], refused: [] }, () => {});
        const names = await Promise.all((await indexNames()).map((name) => uniqueOn(name ?? '')));
        kept.push(names.some((unique) => unique));
      }
      // There is no moment in which two people could come to one code.
      expect(kept).toEqual(steps.map(() => true));
      expect(await indexNames()).toEqual(['_id_', 'code_unique']);
      expect(await uniqueOn('code_unique')).toBe(true);
      expect(await findingsOn(world)).toEqual([]);
      expect(await planIndexRepair(world.config())).toEqual({ steps: [], refused: [] });
    } finally {
      await broken.restore?.();
    }
  });

  test('taken up wherever it broke off, it comes to the same end', async () => {
    for (const after of [1, 2, 3]) {
      const broken = await withCodes(world, { name: 'code_1', unique: true, sparse: true });
      const { steps } = await planIndexRepair(world.config());
      await carryOutRepair(world.config(), { steps: steps.slice(0, after), refused: [] }, () => {});
      await carryOutRepair(world.config(), await planIndexRepair(world.config()), () => {});
      expect(await indexNames()).toEqual(['_id_', 'code_unique']);
      await broken.restore?.();
    }
  });

  test('is refused where users share a code, and where another index has the name', async () => {
    const shared = await withCodes(world, { name: 'code_1' }, ['ac25babab', 'ac25babab']);
    const refused = await planIndexRepair(world.config());
    expect(refused).toEqual({
      steps: [],
      refused: [expect.stringMatching(/share ac25babab \(auth0\|0, auth0\|1\)/)],
    });
    expect(await indexNames()).toEqual(['_id_', 'code_1']);
    await shared.restore?.();

    const named = await withCodes(world, undefined);
    await users(world).createIndex({ when: 1 }, { name: 'code_unique' });
    expect(await planIndexRepair(world.config())).toEqual({
      steps: [],
      refused: [expect.stringMatching(/has an index code_unique with other keys/)],
    });
    await named.restore?.();
  });
});

describe('a simulated sign-up', () => {
  const databases = async () => {
    const prefix = `${world.db.databaseName}-doctor-`;
    const { databases: all } = await world.db.admin().listDatabases({ nameOnly: true });
    return all.map(({ name }) => name).filter((name) => name.startsWith(prefix));
  };

  test('comes to the plan of a real one, and leaves nothing behind', async () => {
    const before = await world.db.command({ dbHash: 1 });
    const dead = `${world.db.databaseName}-doctor-${(Date.now() - HOUR_MS).toString(36)}-00000000`;
    const foreign = `${world.db.databaseName}-doctor-${(Date.now() - HOUR_MS).toString(36)}-11111111`;
    await marked(dead).insertOne({ _id: 'scratch', of: world.db.databaseName });
    await marked(foreign).insertOne({ _id: 'theirs' });

    const { checks, findings } = await examine(() => world.config(), systemClock, { simulate: true });

    expect(findings).toEqual([]);
    const simulated = checks.filter(({ check }) => check.startsWith('simulated'));
    expect(simulated).toMatchObject([
      {
        check: 'simulated ingest',
        status: 'well',
        summary: expect.stringMatching(/a duplicate the second time$/),
      },
      { check: 'simulated fold', status: 'well', summary: '2 facts from 3 events' },
      { check: 'simulated plan', summary: 'record-verification, create-user-document, create-account' },
    ]);
    expect(await databases()).toEqual([foreign]);
    expect((await world.db.command({ dbHash: 1 }))['collections']).toEqual(before['collections']);
    await client.db(foreign).dropDatabase();
  });

  test('is not begun where the PDS would be asked in vain', async () => {
    const overlay = { pds: { url: await unusedOrigin() } };
    const { checks } = await examine(() => world.config(overlay), systemClock, { simulate: true });
    expect(checks.find(({ check }) => check === 'simulated plan')).toMatchObject({
      status: 'not-looked-at',
      because: 'pds admin',
    });
    expect(await databases()).toEqual([]);
  });
});

describe('as a process', () => {
  test('says in one document what is wrong, and exits with 2; with 0 where nothing is', async () => {
    const [well, broken] = await Promise.all([
      runOn(world, '--json', 'doctor'),
      runOn(
        { env: { ...world.env, PDS_ADMIN_PASSWORD: 'canary', CONCORD_CREDENTIAL_KEYS: '' } },
        '--json',
        'doctor',
      ),
    ]);
    expect(well.code, well.stderr + well.stdout).toBe(0);
    expect(documentOf(well)).toMatchObject({ schemaVersion: 1, command: 'doctor', findings: 0 });
    expect(broken.code).toBe(2);
    const document = documentOf(broken);
    expect(document).toMatchObject({ schemaVersion: 1, command: 'doctor', findings: 2 });
    expect(document['checks']).toContainEqual({
      ...{
        check: 'configuration of credentials',
        tenant: null,
        status: 'found',
        summary: expect.any(String),
      },
      findings: [
        {
          ...{ level: 'error', code: 'CONFIG_INVALID', why: expect.any(String), mend: expect.any(String) },
          what: 'credentials.keys: CONCORD_CREDENTIAL_KEYS is set to nothing.',
        },
      ],
    });
    expect(document['checks']).toContainEqual({
      ...{ check: 'plc directory', tenant: null, status: 'not-looked-at', because: 'pds admin' },
    });
    expect(broken.stdout).not.toContain('canary');
  });

  test('tells people in a pipe without escape codes, and cleans up when it is told to', async () => {
    const broken = await withCodes(world, { name: 'code_1', unique: true, sparse: true });
    const asked = await runOn(world, 'doctor', '--fix');
    expect(asked).toMatchObject({ code: 2, stderr: expect.stringMatching(/Give --yes to confirm/) });
    expect(await indexNames()).toEqual(['_id_', 'code_1']);

    const fixed = await runOn(world, 'doctor', '--fix', '--yes');
    expect(fixed.code, fixed.stderr).toBe(0);
    expect(fixed.stdout).toMatch(/done {2}drop the index code_1 of users\.code/);
    expect(fixed.stdout).toMatch(/✓ {2}indexes +code_unique, handle_1/);
    expect(fixed.stdout).toMatch(/no findings\.$/m);
    expect(stripVTControlCharacters(fixed.stdout)).toBe(fixed.stdout);
    expect(await indexNames()).toEqual(['_id_', 'code_unique']);
    await broken.restore?.();
  });
});
