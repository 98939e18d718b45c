/** Command lines as a person pastes them: into a shell that knows `concord` and the PDS, or into the MongoDB shell. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { runInNewContext } from 'node:vm';
import type { Platform } from '../support/platform.ts';
import { MAIN, temporaryDirectory } from '../support/program.ts';

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export type RunLine = (line: string) => Promise<Ran>;

/** `concord` with these settings, `curl` to this platform's PDS, and the MongoDB shell of its database. */
export async function lineRunner(world: Platform, settings: object): Promise<RunLine> {
  const config = join(await temporaryDirectory(), 'settings.json');
  await writeFile(config, JSON.stringify(settings));
  return (await shellOf(world, ['--config', config])).run;
}

export interface Shell {
  readonly run: RunLine;
  /** What stands in this directory when a line is run. */
  readonly directory: string;
  /** For a command that goes on until it is stopped. */
  readonly start: (line: string) => ChildProcess;
}

/** The same in a directory of its own, with these options before every command. */
export async function shellOf(
  { env, db }: Platform,
  options: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<Shell> {
  const directory = await temporaryDirectory();
  const shim = join(directory, 'concord');
  const quoted = [process.execPath, MAIN, ...options].map((word) => `'${word}'`).join(' ');
  await writeFile(shim, `#!/bin/sh\nexec ${quoted} "$@"\n`);
  await chmod(shim, 0o700);
  const path = [directory, process.env['PATH']].join(delimiter);
  const all = { ...env, ...more, PATH: path, HOME: directory };
  return {
    directory,
    run: (line) => (line.startsWith('db.') ? inMongoShell(db, line) : inShell(line, all, directory)),
    start: (line) => spawn('sh', ['-c', `exec ${line}`], { env: all, cwd: directory, stdio: 'ignore' }),
  };
}

interface Call {
  readonly collection: string;
  readonly method: 'updateOne' | 'updateMany' | 'countDocuments';
  readonly args: readonly [object, object?];
}

/** `db.users.…` and `db.getCollection("@handles").…`, as JavaScript that tells what it was called with. */
async function inMongoShell(db: Platform['db'], line: string): Promise<Ran> {
  const callOn = (collection: string) =>
    new Proxy(
      {},
      {
        get:
          (_target, method) =>
          (...args: unknown[]) => ({ collection, method, args }),
      },
    );
  const shell = { users: callOn('users'), getCollection: callOn };
  const called = JSON.parse(JSON.stringify(runInNewContext(line, { db: shell }))) as Call;
  const collection = db.collection(called.collection);
  const [filter, update = {}] = called.args;
  switch (called.method) {
    case 'countDocuments':
      return { code: 0, stdout: String(await collection.countDocuments(filter)), stderr: '' };
    case 'updateMany': {
      const { matchedCount } = await collection.updateMany(filter, update);
      return { code: 0, stdout: '', stderr: `matched ${matchedCount}` };
    }
    case 'updateOne': {
      const { matchedCount } = await collection.updateOne(filter, update);
      return { code: matchedCount === 1 ? 0 : 1, stdout: '', stderr: `matched ${matchedCount}` };
    }
  }
}

function inShell(line: string, env: Readonly<Record<string, string>>, cwd: string): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn('sh', ['-c', line], { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    const written = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      written.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      written.stderr += text;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...written }));
  });
}
