/** Command lines as a person pastes them: into a shell that knows `concord` and the PDS, or into the MongoDB shell. */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { runInNewContext } from 'node:vm';
import { shellQuoted } from '../../src/reconcilers/command-lines.ts';
import type { Platform } from '../support/platform.ts';
import { type Ended, MAIN, runProgram, temporaryDirectory } from '../support/program.ts';

export type RunLine = (line: string) => Promise<Ended>;

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
  const all = { PATH: process.env['PATH'] ?? '', ...env, ...more, HOME: directory };
  const called = await temporaryDirectory();
  const runCalled: RunCalled = (args) => runProgram([...options, ...args], { env: all, cwd: directory });
  return {
    directory,
    run: (line) => {
      if (line.startsWith('db.')) return inMongoShell(db, line);
      return inShell(line, { env: { ...all, CALLED: called }, cwd: directory }, runCalled);
    },
    start: (line) => {
      const program = [process.execPath, MAIN, ...options].map(shellQuoted).join(' ');
      const script = `concord() { exec ${program} "$@"; }\n${line}`;
      return spawn('sh', ['-c', script], { env: all, cwd: directory, stdio: 'ignore' });
    },
  };
}

interface Call {
  readonly collection: string;
  readonly method: 'updateOne' | 'updateMany' | 'countDocuments';
  readonly args: readonly [object, object?];
}

/** `db.users.…` and `db.getCollection("@handles").…`, as JavaScript that tells what it was called with. */
async function inMongoShell(db: Platform['db'], line: string): Promise<Ended> {
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

type RunCalled = (args: readonly string[]) => Promise<Ended>;

/**
 * `concord` as a function of the shell, which has the words of the command line to the letter: it hands them to this
 * process, and writes what running them wrote.
 */
const CONCORD = `concord() {
  printf '%s\\0' "$#" "$@" >&3
  read -r called_code <&4
  cat "$CALLED/stdout"
  cat "$CALLED/stderr" >&2
  return "$called_code"
}`;

function inShell(
  line: string,
  { env, cwd }: { readonly env: Readonly<Record<string, string>>; readonly cwd: string },
  runCalled: RunCalled,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn('sh', ['-c', `${CONCORD}\n${line}`], {
      env,
      cwd,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    });
    const written = { stdout: '', stderr: '' };
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      written.stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      written.stderr += text;
    });
    const answer = async (args: readonly string[]): Promise<void> => {
      const { code, stdout, stderr } = await runCalled(args);
      await writeFile(join(env['CALLED'] ?? '', 'stdout'), stdout);
      await writeFile(join(env['CALLED'] ?? '', 'stderr'), stderr);
      (child.stdio[4] as Writable).write(`${code ?? 1}\n`);
    };
    onCall(child.stdio[3] as Readable, (args) => {
      answer(args).catch((error: unknown) => {
        child.kill();
        reject(error instanceof Error ? error : new Error(String(error)));
      });
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...written }));
  });
}

/** Each call is the number of its words and those words, each ended by a zero. */
function onCall(stream: Readable, call: (args: readonly string[]) => void): void {
  let text = '';
  stream.setEncoding('utf8').on('data', (more: string) => {
    text += more;
    const [count, ...words] = text.split('\0');
    const isWhole = words.length > Number(count);
    if (!isWhole) return;
    text = '';
    call(words.slice(0, Number(count)));
  });
}
