/**
 * One mongod and one PDS for the whole integration run. Tests share them and keep apart by name: a database
 * of their own, and handles and addresses nobody else uses.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { freemem, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformWithOxc } from 'vite';
import type { TestProject } from 'vitest/node';
import { flawOf } from '../../scripts/docs/mongodb-commands.ts';
import { startMongod } from '../../src/sandbox/servers/mongod.ts';
import { startPds } from '../../src/sandbox/servers/pds.ts';

/** What a test needs to reach the shared PDS. */
export interface SharedPds {
  readonly url: string;
  readonly plcUrl: string;
  readonly adminPassword: string;
  readonly bypassKey: string;
  readonly serviceDomain: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    mongodUri: string;
    pds: SharedPds;
    /** program-host.ts as JavaScript: a loader would be part of every program that it runs. */
    programHost: string;
    /** A file of the names of all that Concord sends to MongoDB, one a line. */
    mongodbCommands: string;
  }
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/**
 * The program as it is installed, for the tests that run it. Its config is found beside `src`. Types are checked by
 * `npm run check`, and would be half of the work.
 */
function compile(): void {
  run('typescript', 'bin/tsc', '-p', 'tsconfig.build.json', '--noCheck', '--outDir', '.test-build');
}

/** The page as it is shipped, where a server looks for it. */
function buildPage(): void {
  run('vite', 'bin/vite.js', 'build', 'dashboard', '--logLevel', 'warn');
}

const MEMORY_DISK = '/dev/shm';
const ROOM_BYTES = 4 * 1024 ** 3;

/**
 * For everything that is temporary in a run. Servers acknowledge what is on disk, and on a disk that is memory a
 * database is written and dropped in half of the time.
 */
async function temporaryDirectory(): Promise<string> {
  const found = await statfs(MEMORY_DISK).catch(() => undefined);
  const room = Math.min((found?.bavail ?? 0) * (found?.bsize ?? 0), freemem());
  if (room < ROOM_BYTES) return mkdtemp(join(tmpdir(), 'concord-run-'));
  await removeLeft();
  return mkdtemp(join(MEMORY_DISK, `concord-run-${process.pid}-`));
}

/** A run that was killed leaves its directory, and with it some of the memory. */
async function removeLeft(): Promise<void> {
  for (const name of await readdir(MEMORY_DISK)) {
    const [, pid] = /^concord-run-(\d+)-/.exec(name) ?? [];
    if (pid !== undefined && !isRunning(Number(pid)))
      await rm(join(MEMORY_DISK, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    // Signal 0 only checks that the process exists.
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function translateHost(directory: string): Promise<string> {
  await translate('mongodb-monitor', directory);
  return translate('program-host', directory);
}

async function translate(name: string, directory: string): Promise<string> {
  const source = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
  const { code } = await transformWithOxc(await readFile(source, 'utf8'), source);
  const file = join(directory, `${name}.mjs`);
  await writeFile(file, code.replaceAll(/(["'])(\.\/[\w-]+)\.ts\1/g, '$1$2.mjs$1'));
  return file;
}

/** Throws where Concord has sent something that a newer MongoDB does not know, or that nobody has looked up. */
async function judgeCommands(file: string): Promise<void> {
  const names = new Set((await readFile(file, 'utf8')).split('\n').filter(Boolean));
  const flaws = [...names].flatMap((name) => flawOf(name) ?? []);
  if (flaws.length === 0) return;
  // Vitest reports what is thrown at the end of a run, and takes the run for a success.
  process.exitCode = 1;
  throw new Error(`What Concord sends to MongoDB:\n${flaws.join('\n')}`);
}

/** In a process of its own: in this one everything takes itself for a test. */
function run(name: string, program: string, ...args: readonly string[]): void {
  const found = createRequire(import.meta.url).resolve(`${name}/package.json`);
  const env = { ...process.env, NODE_ENV: 'production' };
  execFileSync(process.execPath, [join(dirname(found), program), ...args], { cwd: ROOT, env });
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  compile();
  buildPage();
  const directory = await temporaryDirectory();
  // For the servers here and for the test files, whose processes are started with it.
  process.env['TMPDIR'] = directory;
  const secret = () => randomBytes(16).toString('hex');
  const starting = [
    startMongod({ uri: process.env['MONGODB_URI'], failCommands: true }),
    startPds({ adminPassword: secret(), bypassKey: secret(), quickHashes: true }),
  ] as const;
  const [mongod, pds] = await Promise.all(starting).catch(async (error: unknown) => {
    // One may have come up although the other did not.
    for (const started of await Promise.allSettled(starting)) {
      if (started.status === 'fulfilled') await started.value.stop();
    }
    await rm(directory, { recursive: true, force: true });
    throw error;
  });
  const { url, plcUrl, adminPassword, bypassKey, serviceDomain } = pds;
  const commands = join(directory, 'mongodb-commands');
  await writeFile(commands, '');
  project.provide('mongodbCommands', commands);
  project.provide('programHost', await translateHost(directory));
  project.provide('mongodUri', mongod.uri);
  project.provide('pds', { url, plcUrl, adminPassword, bypassKey, serviceDomain });
  return async () => {
    await Promise.all([mongod.stop(), pds.stop()]);
    try {
      await judgeCommands(commands);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  };
}
