/**
 * docs/migration.md, followed step by step on a database of before Concord: its commands are run as they stand there, in
 * their order, and what the page promises is looked for.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { commandsIn } from '../src/reconcilers/command-lines.ts';
import { freePort } from '../src/sandbox/servers/held-port.ts';
import type { Pds } from '../src/sandbox/servers/pds.ts';
import { type Shell, shellOf } from './conditions/command-lines.ts';
import { ownPds } from './faults/support/world.ts';
import { dumpOf, ELSEWHERE, GONE, type LoadedPerson, loadOldPlatform } from './support/old-platform.ts';
import { platform } from './support/platform.ts';
import type { Ended } from './support/program.ts';
import { until } from './support/until.ts';

const timeout = 600_000;

let pds: Pds;
beforeAll(async () => {
  pds = await ownPds();
});
afterAll(() => pds?.stop());

interface Block {
  readonly language: string;
  readonly lines: readonly string[];
}

/** The blocks under `## <number>. …`, by that number. */
function stepsOf(page: string): ReadonlyMap<string, readonly Block[]> {
  const sections = page.split(/^## /m).slice(1);
  return new Map(
    sections.flatMap((section) => {
      const [, number] = /^(\d+)\. /.exec(section) ?? [];
      const blocks = [...section.matchAll(/^```(sh|js|yaml)\n([\s\S]*?)^```$/gm)].map(
        ([, language = '', text = '']) => ({ language, lines: text.trimEnd().split('\n') }),
      );
      return number === undefined ? [] : [[number, blocks] as const];
    }),
  );
}

/** A line with its exit code, which the page has as a comment where it is not 0. */
function lineOf(text: string): { readonly line: string; readonly exits: number } {
  const [, line = text, exits = '0'] = /^(.*?)(?:\s+# (\d))?$/.exec(text) ?? [];
  return { line, exits: Number(exits) };
}

/** Which of a decision's commands are taken. */
const CHOICES: Readonly<Record<string, (commands: readonly string[], name: string) => readonly string[]>> = {
  AccountsDiffer: ([unset = '', ...others], name) => (name === 'uma' ? others : [unset]),
  AccountMissing: (commands) => commands,
  AccountShared: (commands, name) => (name === 'pia' ? commands : []),
  AccountUnreadable: ([, unset = '']) => [unset],
  CodesDiffer: ([unset = '']) => [unset],
  CodeShared: (commands) => commands,
  CodeUnreadable: (commands) => commands,
  PasswordsDiffer: (commands) => commands,
};

/** Codes for those whose code another user has: `lea` had it first. */
const CODES: Readonly<Record<string, string>> = { lea: 'ac22gagag', max: 'ac22zazaz', ned: 'ac22zezez' };

interface Decided {
  readonly key: string;
  readonly reason: string;
  readonly message: string;
}

/** Answers how many there were. */
async function takeDecisions(
  { run }: Shell,
  people: readonly LoadedPerson[],
  isMeant: (one: Decided) => boolean,
): Promise<number> {
  const report = JSON.parse((await run('concord --json import')).stdout) as { decisions: readonly Decided[] };
  const meant = report.decisions.filter(isMeant);
  for (const { key, reason, message } of meant) {
    const name = people.find((person) => person.key === key)?.name ?? '';
    const commands = CHOICES[reason]?.(commandsIn(message), name);
    if (commands === undefined) throw new Error(`${reason}: ${message}`);
    for (const command of commands) {
      const line = command.replaceAll('<code>', CODES[name] ?? 'none');
      const ran = await run(/^concord (?:restore|import)/.test(line) ? `${line} --yes` : line);
      const expected = line.startsWith('concord import') ? 4 : 0;
      expect(ran.code, `${reason}: ${line}\n${ran.stdout}${ran.stderr}`).toBe(expected);
    }
  }
  return meant.length;
}

test('every step of the page, in its order', { timeout }, async () => {
  const world = await platform({ pds });
  const people = await loadOldPlatform({ db: world.db, pds, addUser: (user) => world.auth0.addUser(user) });
  const port = String(await freePort());
  const shell = await shellOf(world, [], {
    CONCORD_CONFIG: 'concord.yaml',
    CONCORD_CREDENTIAL_STORAGE: 'plaintext',
    PORT: port,
  });
  const steps = stepsOf(readFileSync(new URL('../docs/migration.md', import.meta.url), 'utf8'));
  let serving: (() => Promise<number | null>) | undefined;
  onTestFinished(async () => void (await serving?.()));

  const follow = async (step: string): Promise<readonly Ended[]> => {
    const ended: Ended[] = [];
    for (const { language, lines } of steps.get(step) ?? []) {
      if (language === 'yaml') {
        await writeFile(join(shell.directory, 'concord.yaml'), lines.join('\n'));
        expect((await serving?.()) ?? 0).toBe(0);
        serving = undefined;
        continue;
      }
      for (const { line, exits } of lines.map(lineOf)) {
        if (line === 'concord serve') {
          serving = await serveIn(shell, port);
          continue;
        }
        const ran = await shell.run(line.includes('--apply') ? `${line} --yes` : line);
        expect(ran.code, `${line}\n${ran.stdout}\n${ran.stderr}`).toBe(exits);
        ended.push(ran);
      }
    }
    return ended;
  };

  const before = await dumpOf(world.db);
  await follow('1');
  await follow('2');
  await follow('3');
  const looked = await follow('4');
  // Nothing is written to the platform's collections, also with serve up and a full sweep.
  expect(await dumpOf(world.db)).toEqual(before);
  expect(looked.at(-1)?.stdout).toBe('0');

  const [applied] = await follow('5');
  expect(applied?.stdout).toContain('accounts moved from atproto_did to atproto');
  let rounds = 0;
  const isMissing = ({ reason }: Decided) => reason === 'AccountMissing';
  while ((await takeDecisions(shell, people, (one) => !isMissing(one))) > 0) {
    rounds += 1;
    expect(rounds).toBeLessThan(5);
    await shell.run('concord import --apply --yes');
  }
  await follow('6');
  expect(await takeDecisions(shell, people, isMissing)).toBe(1);
  const last = await shell.run('concord import --apply');
  expect(last.code, last.stdout).toBe(0);
  const users = new Map(
    (await world.db.collection<Stored>('users').find().toArray()).map((one) => [String(one._id), one]),
  );
  for (const { key, name, account, did, expects } of people) {
    const stored = users.get(String(key));
    if (expects.code !== undefined) expect(stored?.code, name).toBe(expects.code);
    if (account !== undefined) expect(stored?.atproto?.did, name).toBe(did);
    expect(stored?.atproto?.did, name).not.toBe(GONE);
    if (expects.moved?.includes('account')) expect(stored?.atproto_did, name).toBe(did);
  }
  expect(users.get(String(people.find(({ name }) => name === 'max')?.key))?.code).toBe(CODES['max']);
  const verifications = await world.db
    .collection<{ _id: string; count: number }>('verifications')
    .find()
    .toArray();
  const counts = new Map(verifications.map(({ _id, count }) => [_id, count]));
  // The count is at least 1, and one that is higher stays.
  const countOf = (name: string) => counts.get(String(people.find((one) => one.name === name)?.key));
  expect([countOf('ann'), countOf('eve')]).toEqual([1, 3]);

  await follow('7');
  expect(await world.db.collection('users').countDocuments({ atproto_password: { $exists: true } })).toBe(0);
  const hal = people.find(({ name }) => name === 'hal');
  const explained = await shell.run(`concord explain '${String(hal?.key)}'`);
  expect(explained.stdout).toContain(ELSEWHERE);
});

interface Stored {
  readonly _id: string;
  readonly code?: string;
  readonly atproto?: { readonly did?: string };
  readonly atproto_did?: string;
}

/** Resolves once it is ready, with what stops it and gives its exit code. */
async function serveIn({ start }: Shell, port: string): Promise<() => Promise<number | null>> {
  const child = start('concord serve');
  const ended = once(child, 'exit');
  const stop = async (): Promise<number | null> => {
    child.kill('SIGTERM');
    const [code] = (await ended) as [number | null];
    return code;
  };
  await until(
    'concord serve is ready',
    async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
      return answer?.status === 200;
    },
    timeout,
  );
  return stop;
}
