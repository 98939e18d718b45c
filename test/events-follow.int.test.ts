/** `concord events --follow` as a process: every line once, and an end that is no failure. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { ConcordEvent } from '../src/events/event.ts';
import type { Engine } from '../src/wiring/engine.ts';
import { join, type Member } from './support/member.ts';
import { openPlatform, type Platform, SANDBOX_CONFIG } from './support/platform.ts';
import { MAIN, startOn } from './support/program.ts';
import { until } from './support/until.ts';

let world: Platform;
let engine: Engine;
let alice: Member;
let bob: Member;
beforeAll(async () => {
  world = await openPlatform();
  engine = world.engine();
  await engine.prepare();
  alice = join(world, 'alice');
  bob = join(world, 'bob');
  for (const name of ['before-1', 'before-2', 'before-3']) await write(alice, name);
});
afterAll(() => world.close());

async function write({ user, tenant }: Member, by: string): Promise<void> {
  const { log, clock, random } = engine;
  const now = clock.now();
  const common = { _id: random.id(), user, tenant, at: now, recordedAt: now, cause: [] };
  await log.append([{ ...common, type: 'user.retried', data: { by } } satisfies ConcordEvent]);
}

interface Line {
  readonly schemaVersion: number;
  readonly id: string;
  readonly data: { readonly by: string };
}

function linesOf(stdout: string): Line[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

test('as lines of JSON: the newest, then each as it is written, and Ctrl-C ends it with 0', async () => {
  const program = await startOn(world, '--json', 'events', '--follow', '--limit', '2');
  await until('the first page', () => linesOf(program.stdout()).length === 2);
  await Promise.all(['a', 'b', 'c'].map((name) => write(alice, name)));
  await write(bob, 'last');
  await until('the last line', () => program.stdout().includes('"last"'));
  program.signal('SIGINT');

  const { code, stdout, stderr } = await program.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const lines = linesOf(stdout);
  expect(lines.map(({ data }) => data.by).toSorted()).toEqual([
    'a',
    'b',
    'before-2',
    'before-3',
    'c',
    'last',
  ]);
  expect(lines.every(({ schemaVersion }) => schemaVersion === 1)).toBe(true);
});

test('of one user, for people, and nobody else is in between', async () => {
  const program = await startOn(world, 'events', bob.userId, '--follow');
  await until('the first page', () => program.stdout().includes('by last'));
  await write(alice, 'not-this');
  await write(bob, 'but-this');
  await until('the new line', () => program.stdout().includes('by but-this'));
  program.signal('SIGTERM');

  const { code, stdout, stderr } = await program.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout.trimEnd().split('\n')).toEqual([
    expect.stringMatching(/^\S+Z {2}auth0\|\w+ +user\.retried +by last$/),
    expect.stringMatching(/^\S+Z {2}auth0\|\w+ +user\.retried +by but-this$/),
  ]);
});

test('a reader that goes away ends it, without a word', async () => {
  const args = [MAIN, '--config', SANDBOX_CONFIG, 'events', '--follow', '--limit', '2'];
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...world.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  await once(child.stdout, 'data');
  child.stdout.destroy();
  const ended = once(child, 'exit');
  // What is written into a closed pipe tells that it is closed.
  await write(alice, 'unread');
  await write(alice, 'unread, too');
  expect([await ended, stderr]).toEqual([[0, null], '']);
});
