/**
 * Every command on a database in which keys that differ in case are one key: what writes, proposes, or concludes something
 * about everyone refuses by name, and nothing is written. A new command needs a row here.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Platform, platform } from './support/platform.ts';
import { runOn } from './support/program.ts';

const ANN = 'auth0|ann';
const REFUSAL = 'The collection users has the default collation "en"';

const REFUSING: readonly (readonly string[])[] = [
  ['reconcile', ANN],
  ['reconcile', ANN, '--dry-run'],
  ['reconcile', '--all'],
  ['pull'],
  ['audit'],
  ['audit', '--logins'],
  ['audit', '--orphans'],
  ['plan'],
  ['plan', ANN],
  ['pause', ANN, '--reason', 'tried'],
  ['resume', ANN],
  ['retry', ANN],
  ['retry', '--failed'],
  ['adopt', ANN, 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'],
  ['adopt', ANN, '--withdraw'],
  ['adopt', '--all', '--reason', 'AccountEmailDiffers', '--preview'],
  ['transfer', ANN, 'auth0|bob', '--preview'],
  ['restore', ANN, '--preview'],
  ['restore', '--all', '--reason', 'DocumentRemoved', '--preview'],
  ['password', ANN],
  ['forget', ANN, '--yes'],
  ['replay'],
  ['replay', '--dry-run'],
  ['import'],
  ['import', '--apply', '--yes'],
  ['credentials', 'seal', '--dry-run'],
  ['doctor', '--fix', '--yes'],
  ['serve'],
];

/** They show what is kept of one user or in the log, change nothing, or need no database. */
const READING: ReadonlySet<string> = new Set([
  ...['status', 'events', 'explain', 'capture', 'export'],
  ...['sandbox', 'completion'],
]);

/** Refused in the middle: `approve` with a run that is halted, `apply` with a plan; see their own tests. */
const WITH_MORE: ReadonlySet<string> = new Set(['approve', 'apply']);

/** Each row is a process. */
const timeout = 300_000;

async function collated(): Promise<Platform> {
  const made = await platform();
  await made.db.createCollection('users', { collation: { locale: 'en', strength: 2 } });
  await made.db
    .collection<{ _id: string; code: string }>('users')
    .insertOne({ _id: 'auth0|Ann', code: 'ac26nobeb' });
  return made;
}

async function contentsOf({ db }: Platform): Promise<string> {
  const found = await db.listCollections({}, { nameOnly: true }).toArray();
  const names = found.map(({ name }) => name).sort();
  return JSON.stringify(
    await Promise.all(
      names.map(async (name) => ({
        name,
        documents: await db.collection(name).find().toArray(),
        indexes: await db.collection(name).indexes(),
      })),
    ),
  );
}

test('every command that writes or concludes something refuses such a collection by name', {
  timeout,
}, async () => {
  const world = await collated();
  const before = await contentsOf(world);
  for (const args of REFUSING) {
    const { code, stderr } = await runOn(world, ...args);
    const line = `concord ${args.join(' ')}`;
    // A service says it in a line of JSON.
    expect.soft(stderr.replaceAll('\\"', '"'), line).toContain(REFUSAL);
    expect.soft(code, line).toBe(1);
    expect.soft(await contentsOf(world), line).toBe(before);
  }
});

test('doctor names the collection, and simulates nothing', { timeout }, async () => {
  const world = await collated();
  const [before, simulated] = [await contentsOf(world), await simulatedOn(world)];
  const { code, stdout, stderr } = await runOn(world, '--json', 'doctor', '--simulate', '--full', '--yes');
  expect(code).toBe(2);
  const { checks } = JSON.parse(stdout) as {
    checks: readonly { check: string; status: string; because?: string; findings?: { what: string }[] }[];
  };
  const what = checks.find(({ check }) => check === 'collations')?.findings?.map((one) => one.what);
  expect(what).toEqual([expect.stringContaining(REFUSAL)]);
  expect(checks.filter(({ check }) => check.startsWith('simulated'))).toEqual([
    expect.objectContaining({ status: 'not-looked-at', because: 'collations' }),
    expect.objectContaining({ status: 'not-looked-at' }),
    expect.objectContaining({ status: 'not-looked-at' }),
  ]);
  expect(stderr).toContain('No test user was created');
  expect(await simulatedOn(world)).toEqual(simulated);
  expect(await contentsOf(world)).toBe(before);
});

test('every command has a row here', () => {
  const program = readFileSync(new URL('../src/commands/program.ts', import.meta.url), 'utf8');
  const commands = [...program.matchAll(/concord\n {4}\.command\('([a-z]+)/g)].map(([, name]) => name);
  const named = new Set([...REFUSING.map(([name]) => name), ...READING, ...WITH_MORE]);
  expect(commands.length).toBeGreaterThan(20);
  expect(commands.filter((name) => !named.has(name ?? ''))).toEqual([]);
});

/** The accounts of simulated users. The PDS is that of all tests, which create others meanwhile. */
async function simulatedOn(world: Platform): Promise<readonly string[]> {
  const { accounts } = world.engine().assess;
  const simulated: string[] = [];
  for await (const page of accounts.repositories()) {
    const dids = page.flatMap((one) => (one === 'unreadable' ? [] : one.did));
    for (const account of (await accounts.accounts(dids)).values())
      if (account !== 'unreadable' && account.email?.startsWith('concord-simulation-'))
        simulated.push(account.did);
  }
  return simulated;
}
