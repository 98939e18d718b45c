/**
 * Every command once as a process of its own: it ends by itself, with the code and the texts of the same command line in
 * a process that has run others before, which is how all other tests run theirs.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createProgram } from '../src/commands/program.ts';
import { WANTED_INDEXES } from '../src/reconcilers/indexes.ts';
import { chooseHandle, join, type Member, reconcileUser } from './support/member.ts';
import { openPlatform, type Platform, SANDBOX_CONFIG } from './support/platform.ts';
import { type Ended, runOn, runProcess } from './support/program.ts';

let world: Platform;
let alice: Member;
let bob: Member;
beforeAll(async () => {
  world = await openPlatform();
  alice = join(world, 'alice');
  bob = join(world, 'bob');
  // A slow machine is waited for.
  const engine = world.engine({
    pds: { requestTimeoutMs: 30_000 },
    engine: { leaseMs: 90_000, settleMs: 45_000 },
  });
  await engine.prepare();
  for (const wanted of WANTED_INDEXES) await engine.documents.createIndex(wanted);
  await chooseHandle(world, alice, alice.label);
  for (const member of [alice, bob]) await reconcileUser(engine.reconcile, member);
  await world.auth0.deleteUser(bob.userId);
  await reconcileUser(engine.reconcile, bob);
});
afterAll(() => world.close());

/** A command line of each command, and the exit code that it has here. */
const LINES: Readonly<Record<string, readonly [code: number, ...args: (string | (() => string))[]]>> = {
  status: [2],
  reconcile: [0, () => alice.user],
  pull: [0],
  audit: [0],
  plan: [0],
  apply: [1, 'no-such-plan.json'],
  events: [0],
  explain: [0, () => alice.user],
  capture: [0, () => alice.user],
  pause: [0, () => alice.user, '--reason', 'holidays'],
  resume: [0, () => alice.user],
  retry: [0, () => alice.user],
  adopt: [1, () => alice.user, '--preview'],
  transfer: [2, () => bob.user, () => alice.user, '--preview'],
  restore: [1, () => alice.user, '--preview'],
  password: [0, () => alice.user],
  approve: [0],
  forget: [1, () => bob.user],
  export: [0, () => alice.user],
  replay: [0, '--dry-run'],
  import: [0],
  'credentials seal': [0, '--dry-run'],
  'credentials unseal': [2, '--dry-run'],
  'credentials reseal': [0, '--dry-run'],
  doctor: [2],
  completion: [0, 'bash'],
};

/** Those that go on until they are stopped are processes of their own in every test. */
const NOT_RUN_TO_THE_END = ['serve', 'sandbox'];

/** Without how long it took, which is part of most texts, and of when a line about progress is written. */
function comparable({ code, stdout, stderr }: Ended) {
  const untimed = (text: string) => text.replace(/\d+/g, '0').replace(/0(\.0)? m?s\b/g, '0 s');
  return { code, stdout: untimed(stdout), stderr: untimed(stderr.replace(/^[a-z ]+: [\d/]+ .*\n/gm, '')) };
}

test('every command has a line here', () => {
  const names = createProgram(() => {}).commands.flatMap((command) =>
    command.commands.length === 0
      ? command.name()
      : command.commands.map((one) => `${command.name()} ${one.name()}`),
  );
  expect(names.toSorted()).toEqual([...Object.keys(LINES), ...NOT_RUN_TO_THE_END].toSorted());
});

describe('as a process of its own', () => {
  test.each(Object.entries(LINES))('concord %s', async (name, [code, ...rest]) => {
    const args = [...name.split(' '), ...rest.map((one) => (typeof one === 'string' ? one : one()))];
    const hosted = await runOn(world, ...args);
    expect(hosted.code, hosted.stdout + hosted.stderr).toBe(code);
    const ended = await runProcess(['--config', SANDBOX_CONFIG, ...args], { env: world.env });
    expect(comparable(ended)).toEqual(comparable(hosted));
  });
});
