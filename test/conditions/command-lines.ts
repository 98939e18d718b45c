/** Command lines as a person pastes them: into a shell that knows `concord` and the PDS, or into the MongoDB shell. */
import { spawn } from 'node:child_process';
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

/** The commands that a message names, in their order. */
export function commandsIn(message: string): readonly string[] {
  return [...message.matchAll(/: ((?:concord|curl|db\.).*?)(?=; |\. |$)/g)].map(
    ([, command = '']) => command,
  );
}

/** `concord` with these settings, `curl` to this platform's PDS, and updates of its users documents. */
export async function lineRunner({ env, db }: Platform, settings: object): Promise<RunLine> {
  const directory = await temporaryDirectory();
  const config = join(directory, 'settings.json');
  await writeFile(config, JSON.stringify(settings));
  const shim = join(directory, 'concord');
  await writeFile(shim, `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' --config '${config}' "$@"\n`);
  await chmod(shim, 0o700);
  const path = [directory, process.env['PATH']].join(delimiter);
  return (line) =>
    line.startsWith('db.users.')
      ? inMongoShell(db, line)
      : inShell(line, { ...env, PATH: path, HOME: directory }, directory);
}

async function inMongoShell(db: Platform['db'], line: string): Promise<Ran> {
  const [, parts] = /^db\.users\.updateOne\((.*)\)$/.exec(line) ?? [];
  if (parts === undefined) throw new Error(`Not an update of a users document: ${line}`);
  const [filter, update] = JSON.parse(JSON.stringify(runInNewContext(`[${parts}]`))) as [object, object];
  const { matchedCount } = await db.collection('users').updateOne(filter, update);
  return { code: matchedCount === 1 ? 0 : 1, stdout: '', stderr: `matched ${matchedCount}` };
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
