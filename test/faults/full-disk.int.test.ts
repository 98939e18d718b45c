/**
 * A MongoDB whose disk is full: it ends, since it cannot write a checkpoint. What was acknowledged is durable, the service
 * survives, and everybody is whole once there is room and the server is started again.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { join, type Member } from '../support/member.ts';
import { type Platform, type Served, silent } from '../support/platform.ts';
import { untilSettled, WITHOUT_LIMIT } from '../support/progress.ts';
import { figure } from './support/figure.ts';
import { type KillableMongod, killableMongod } from './support/killable-mongod.ts';
import { entryOf } from './support/scenarios.ts';
import { flawsOfAll } from './support/whole.ts';
import { platformOn } from './support/world.ts';

/** The journal takes two thirds of it. */
const DISK = '384m';
const CHUNK = Buffer.alloc(1024 * 1024, 'x');
const ANSWER_MS = 25_000;

/** A small disk of its own; undefined where this process may not mount one. */
async function smallDisk(): Promise<string | undefined> {
  const directory = await mkdtemp(joinPath(tmpdir(), 'concord-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'tmpfs', directory], { stdio: 'ignore' });
    return directory;
  } catch {
    await rm(directory, { recursive: true });
    if (process.env['CI'] !== undefined) throw new Error('A small disk cannot be mounted: root is needed.');
    process.stdout.write('SKIPPED: a full disk needs the right to mount one (root)\n');
    return undefined;
  }
}

const disk = await smallDisk();
let mongod: KillableMongod;
let world: Platform;
let served: Served;
beforeAll(async () => {
  if (disk === undefined) return;
  mongod = await killableMongod(disk);
  world = await platformOn(mongod.uri);
  served = await world.serve({ logger: silent() });
});
afterAll(async () => {
  if (disk === undefined) return;
  await world?.close();
  await mongod?.stop();
  execFileSync('umount', [disk]);
  await rm(disk, { recursive: true });
});

/** Until not a byte is left. */
async function fill(path: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (let chunk = CHUNK; chunk.length > 0; ) {
      const isWritten = await file.write(chunk).then(
        ({ bytesWritten }) => bytesWritten === chunk.length,
        () => false,
      );
      if (!isWritten) chunk = chunk.subarray(0, Math.floor(chunk.length / 2));
    }
  } finally {
    await file.close();
  }
}

async function statusOf(member: Member): Promise<number | undefined> {
  const answer = fetch(served.endpoint, {
    method: 'POST',
    headers: { authorization: world.logToken, 'content-type': 'application/json' },
    body: JSON.stringify([entryOf(member, 'ss')]),
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  return answer.then(
    ({ status }) => status,
    () => undefined,
  );
}

async function untilWhole(members: readonly Member[]): Promise<void> {
  const engine = world.engine();
  const flaws = (): Promise<string[]> =>
    flawsOfAll(world, engine, members).catch((error: unknown) => [String(error)]);
  await untilSettled('everybody is whole', async () => (await flaws()).length === 0, flaws);
}

test.skipIf(disk === undefined)(
  'a full disk loses nothing that was acknowledged',
  WITHOUT_LIMIT,
  async () => {
    if (disk === undefined) throw new Error('There is no disk.');
    const alice = join(world, 'alice');
    expect(await statusOf(alice)).toBe(200);
    await untilWhole([alice]);

    const ballast = joinPath(disk, 'ballast');
    await fill(ballast);
    const statuses = new Map<Member, number | undefined>();
    while (mongod.isRunning()) {
      const late = join(world, 'bob');
      statuses.set(late, await statusOf(late));
    }
    const last = join(world, 'bob');
    statuses.set(last, await statusOf(last));
    for (const status of statuses.values()) expect([200, 503, undefined]).toContain(status);
    expect(statuses.get(last)).not.toBe(200);

    await rm(ballast);
    await mongod.kill();
    await mongod.restart();
    const acknowledged = [...statuses].flatMap(([member, status]) => (status === 200 ? member : []));
    const repeated = [...statuses.keys()].filter((member) => !acknowledged.includes(member));
    // As Auth0 does with what was not answered with 200.
    for (const member of repeated)
      await untilSettled(
        'the service answers again',
        async () => (await statusOf(member)) === 200,
        async () => 0,
      );
    await untilWhole([alice, ...statuses.keys()]);
    figure(
      `a full disk: MongoDB ended, ${acknowledged.length} deliveries acknowledged while it was full, 0 lost; ${repeated.length} repeated`,
    );
  },
);
