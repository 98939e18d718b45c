/** What a person on call types, as processes: what is printed, as which exit code, and what is left alone. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decide } from '../src/engine/intake/decision.ts';
import { ingest } from '../src/engine/intake/ingest.ts';
import type { Engine } from '../src/wiring/engine.ts';
import { loadCapture } from './support/captured.ts';
import { chooseHandle, join, type Member, reconcileUser, storedMember } from './support/member.ts';
import { openPlatform, type Platform, SANDBOX_CONFIG } from './support/platform.ts';
import { documentOf, type Ended, runOn, runProgram, temporaryDirectory } from './support/program.ts';

let world: Platform;
let engine: Engine;
beforeAll(async () => {
  world = await openPlatform();
  engine = world.engine();
  await engine.prepare();
});
afterAll(() => world.close());

/** As the webhook takes it in. */
async function hear({ tenant, userId }: Member, code: string): Promise<void> {
  const { log, queue, clock } = engine;
  const entry = {
    log_id: `900${userId.slice(userId.indexOf('|') + 1)}${code}`,
    data: { type: code, date: new Date().toISOString(), user_id: userId },
  };
  const deps = { log, queue, clock, rejects: engine.rejects, ignored: engine.ignored };
  expect(await ingest(deps, { id: tenant, keyPrefix: '' }, [entry])).toMatchObject({ accepted: 1 });
}

function printed({ stdout, stderr }: Ended): string {
  expect(stripVTControlCharacters(stdout + stderr)).toBe(stdout + stderr);
  expect(stdout + stderr).not.toContain('@example.com');
  return stdout;
}

interface Told {
  readonly type: string;
  readonly because: readonly { readonly type: string }[];
  readonly flaw: string | null;
}

describe('explain', () => {
  let alice: Member;
  let whole: string;
  beforeAll(async () => {
    alice = join(world, 'alice');
    await hear(alice, 'ss');
    await reconcileUser(engine.reconcile, alice);
    whole = new Date().toISOString();
    await chooseHandle(world, alice, alice.label);
    await reconcileUser(engine.reconcile, alice);
  });

  test('tells the chain from the webhook to the account', async () => {
    const [text, ended] = await Promise.all([
      runOn(world, 'explain', alice.email),
      runOn(world, '--json', 'explain', `@${alice.label}`),
    ]);
    expect(text.code, text.stderr).toBe(0);
    expect(printed(text)).toMatch(/Synced {2}Healthy\nRead at/);
    expect(text.stdout).toMatch(/account\.created .*log entry ss of .*, then auth0\.user-observed\n/);
    expect(text.stdout).toMatch(/handle\.changed .*an observation, which found handle\.observed\n/);

    const document = documentOf(ended);
    expect(ended.code).toBe(0);
    expect(document).toMatchObject({
      ...{ schemaVersion: 1, command: 'explain', user: alice.user, source: 'look', unread: [] },
      ...{ sync: 'Synced', health: 'Healthy', plan: [], withheld: null, untold: [] },
    });
    const effects = document['effects'] as readonly Told[];
    expect(effects.map(({ flaw }) => flaw)).toEqual([null, null, null, null, null]);
    const created = effects.find(({ type }) => type === 'account.created');
    expect(created?.because.map(({ type }) => type)).toEqual([
      ...['account.creation-intended', 'actions.intended', 'code.assigned', 'actions.intended'],
      ...['auth0.user-observed', 'auth0.log-received'],
    ]);
    expect(ended.stdout).not.toContain('@example.com');
  });

  test('tells what was known and wanted then', async () => {
    const [then, wrong] = await Promise.all([
      runOn(world, '--json', 'explain', alice.user, '--at', whole),
      runOn(world, 'explain', alice.user, '--at', 'tomorrow'),
    ]);
    const document = documentOf(then);
    expect(document).toMatchObject({ source: 'log', sync: 'Synced', at: whole, plan: null });
    expect(document['resources']).toContainEqual(
      expect.objectContaining({ resource: 'handle', desired: 'the code' }),
    );
    expect((document['effects'] as readonly Told[]).map(({ type }) => type)).not.toContain('handle.changed');
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('--at is a duration') });
  });

  test('says what is out of reach or not configured, and tells what the log knows', async () => {
    const away = { env: { ...world.env, AUTH0_MANAGEMENT_URL: 'http://127.0.0.1:1' } };
    const hidden = { env: { ...world.env, PDS_URL: 'http://127.0.0.1:1' } };
    const { MONGODB_URI, MONGODB_DATABASE } = world.env;
    const bare = { env: { MONGODB_URI: MONGODB_URI ?? '', MONGODB_DATABASE: MONGODB_DATABASE ?? '' } };
    const [withoutAuth0, withoutPds, unconfigured] = await Promise.all([
      runOn(away, 'explain', alice.user),
      runOn(hidden, '--json', 'explain', alice.user),
      runOn(bare, '--json', 'explain', alice.user),
    ]);
    expect(withoutAuth0.code, withoutAuth0.stderr).toBe(0);
    expect(printed(withoutAuth0)).toMatch(/From the log, as of .*Auth0 could not be read \(UNREACHABLE\)/);
    expect(withoutAuth0.stdout).toMatch(/account\.created/);

    expect(withoutPds.code, withoutPds.stderr).toBe(0);
    expect(documentOf(withoutPds)).toMatchObject({
      ...{ source: 'look', sync: 'Unknown', unread: [{ upstream: 'pds', code: 'UNREACHABLE' }] },
      conditions: expect.arrayContaining([
        expect.objectContaining({
          ...{ type: 'account', status: 'Unknown' },
          before: expect.objectContaining({ reason: 'AccountActive' }),
        }),
      ]),
    });

    expect(unconfigured.code, unconfigured.stderr).toBe(0);
    expect(documentOf(unconfigured)).toMatchObject({
      ...{ source: 'log', unread: [{ upstream: 'auth0', code: 'NOT_CONFIGURED' }], sync: 'Synced' },
    });
  });

  test('shows what is withheld of somebody who is paused, and never in green', async () => {
    const bob = join(world, 'bob');
    await decide(engine, bob, 'user.paused', { by: 'carol', reason: 'a test', until: null });
    const [ended, offline] = await Promise.all([
      runOn(world, '--json', 'explain', bob.user),
      runOn(world, '--json', 'explain', bob.user, '--offline'),
    ]);
    const withheld = { sync: 'OutOfSync', health: 'Suspended', withheld: { reason: 'Paused' } };
    expect(documentOf(offline)).toMatchObject({ ...withheld, source: 'log', plan: null });
    expect(documentOf(ended)).toMatchObject({
      ...withheld,
      plan: [{ type: 'record-verification' }, { type: 'create-user-document' }],
      effects: [],
    });
  });

  test('a user whom nobody knows', async () => {
    const ended = await runOn(world, 'explain', 'auth0|nobody');
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toMatch(/^auth0\|nobody is unknown/);
  });
});

describe('plan --out and apply', () => {
  test('carries out what still holds, names who moved on, and asks before', async () => {
    const [carol, dave, erin] = ['carol', 'dave', 'erin'].map((name) => join(world, name));
    if (carol === undefined || dave === undefined || erin === undefined) throw new Error('Nobody joined.');
    const path = joinPath(await temporaryDirectory(), 'plan.json');
    const planned = await runOn(world, '--json', 'plan', '--out', path);
    expect(planned.code, planned.stderr).toBe(2);
    const file = readFileSync(path, 'utf8');
    expect(JSON.parse(file)).toMatchObject({
      format: 'concord-plan',
      users: expect.arrayContaining([expect.objectContaining({ user: carol.user })]),
    });
    expect(file).not.toContain('@example.com');
    await reconcileUser(engine.reconcile, dave);
    await decide(engine, erin, 'user.paused', { by: 'carol', reason: 'a test', until: null });

    const unasked = await runOn(world, 'apply', path);
    expect(unasked).toMatchObject({ code: 2, stderr: expect.stringContaining('Give --yes') });
    expect(printed(unasked)).toMatch(/MovedOn +the log has newer events of this user/);
    expect(await storedMember(world, carol)).toBeUndefined();

    const applied = await runOn(world, '--json', 'apply', path, '--yes');
    expect(applied.code, applied.stderr).toBe(4);
    expect(documentOf(applied)).toMatchObject({
      ...{ schemaVersion: 1, command: 'apply', halts: [] },
      applied: [{ user: carol.user, end: 'converged' }],
      leftOut: expect.arrayContaining([
        expect.objectContaining({ user: dave.user, reason: 'MovedOn' }),
        expect.objectContaining({ user: erin.user, reason: 'Withheld' }),
      ]),
    });
    expect(await storedMember(world, carol)).toMatchObject({ atproto: { did: expect.any(String) } });
    expect(await storedMember(world, erin)).toBeUndefined();

    const paused = await runOn(world, '--json', 'plan', erin.user);
    expect(documentOf(paused)).toMatchObject({
      users: [
        {
          actions: [],
          waiting: expect.arrayContaining(
            [{ resource: 'pause', reason: 'Paused' }].map((one) => expect.objectContaining(one)),
          ),
        },
      ],
    });
  });

  test('is clean when all of it was done, and refuses a plan for another place', async () => {
    const frank = join(world, 'frank');
    const path = joinPath(await temporaryDirectory(), 'plan.json');
    const planned = await runOn(world, 'plan', frank.user, '--out', path);
    expect(printed(planned)).toMatch(/The plan for 1 of them is in .*: concord apply /);
    const elsewhere = await runOn({ env: { ...world.env, MONGODB_DATABASE: 'elsewhere' } }, 'apply', path);
    expect(elsewhere).toMatchObject({ code: 1, stdout: '' });
    expect(elsewhere.stderr).toMatch(
      /^This plan is for another installation: it was made for the database concord-test/,
    );

    const applied = await runOn(world, 'apply', path, '--yes');
    expect(applied.code, applied.stderr).toBe(0);
    expect(printed(applied)).toMatch(/ACTION.*create-account.*\n1 of 1 user in sync\.\n$/s);
  });
});

describe('apply, above a safety limit', () => {
  test('is halted before anything is written', async () => {
    const people = [join(world, 'heidi'), join(world, 'ivan'), join(world, 'judy')];
    for (const one of people) {
      await reconcileUser(engine.reconcile, one);
      await chooseHandle(world, one, one.label);
    }
    const path = joinPath(await temporaryDirectory(), 'plan.json');
    expect(await runOn(world, 'plan', '--out', path)).toMatchObject({ code: 2 });
    const config = joinPath(await temporaryDirectory(), 'limits.yaml');
    const sandbox = readFileSync(SANDBOX_CONFIG, 'utf8');
    writeFileSync(config, `${sandbox}\nlimits:\n  renames: { share: 1, count: 2 }\n`);

    const ended = await runProgram(['--config', config, 'apply', path, '--yes'], { env: world.env });

    expect(ended.code, ended.stderr).toBe(3);
    expect(printed(ended)).toMatch(
      /^Halted\. 3 accounts of [0-9]+ users of aesthetic would be renamed, and the limit is 2\./,
    );
    for (const one of people)
      expect((await storedMember(world, one))?.atproto?.handle).not.toContain(one.label);
  });
});

describe('capture', () => {
  test('writes a report that gives the same plan, and names nobody', async () => {
    const grace = join(world, 'grace');
    await hear(grace, 'ss');
    await reconcileUser(engine.reconcile, grace);
    await chooseHandle(world, grace, grace.label);
    const before = await runOn(world, '--json', 'plan', grace.user);
    const path = joinPath(await temporaryDirectory(), 'report.json');

    const ended = await runOn(world, 'capture', grace.user, '--out', path);

    expect(ended.code, ended.stderr).toBe(0);
    expect(printed(ended)).toMatch(
      / has [0-9]+ events and one observation\. Every name in it is replaced\.\n$/,
    );
    const text = readFileSync(path, 'utf8');
    expect(statSync(path).mode & 0o077).toBe(0);
    const stored = await storedMember(world, grace);
    const secrets = [world.env['AUTH0_CLIENT_SECRET'], world.env['PDS_ADMIN_PASSWORD'], world.logToken];
    for (const name of [grace.user, grace.email, grace.label, stored?.code, stored?.atproto?.did, ...secrets])
      expect(text).not.toContain(name);
    expect(text).not.toMatch(/at\.test|127\.0\.0\.1|example\.com/);
    const { look } = await loadCapture(text);
    const again = (await look()).actions.map(({ resource, type }) => ({ resource, type }));
    expect(again).toEqual([{ resource: 'handle', type: 'change-handle' }]);
    expect(documentOf(before)).toMatchObject({ users: [{ actions: again }] });
  });
});
