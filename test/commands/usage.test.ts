/** Command lines that are wrong in themselves: 2, the usage on stderr, and with `--json` one document, whatever the command. */

import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { describe, expect, test, vi } from 'vitest';
import { runCommandLine } from '../../src/commands/command-line.ts';
import { GUIDES } from '../../src/commands/guides.ts';
import { createProgram } from '../../src/commands/program.ts';
import { temporaryDirectory } from '../support/program.ts';

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** In an empty directory and without settings: what needs a configuration fails with 1. */
async function run(...args: readonly string[]): Promise<Ended> {
  const written = { stdout: '', stderr: '' };
  const directory = await temporaryDirectory();
  vi.spyOn(process, 'cwd').mockReturnValue(directory);
  for (const name of ['stdout', 'stderr'] as const)
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      written[name] += String(text);
      return true;
    });
  const code = await runCommandLine(args);
  vi.restoreAllMocks();
  return { code, ...written };
}

function namesOf(program: CommandUnknownOpts, path: readonly string[] = []): readonly string[] {
  return program.commands.flatMap((command) => {
    const words = [...path, command.name()];
    return command.commands.length > 0 ? namesOf(command, words) : words.join(' ');
  });
}

const COMMANDS = namesOf(createProgram(() => {}));

/** Combinations and values that only the command itself can reject, and words that its message has. */
const WRONG: readonly (readonly [line: string, says: string])[] = [
  ['reconcile', 'Give a user'],
  ['reconcile alice --all', 'not both'],
  ['reconcile alice --tenant default', '--all'],
  ['reconcile --all --dry-run', 'concord plan'],
  ['audit --last 0', '--last'],
  ['audit --limit -1', '--limit'],
  ['audit --since yesterday', '--since'],
  ['audit --last 5 --since 1h', '--since'],
  ['audit --ndjson --json', 'not both'],
  ['audit --restart', '--logins'],
  ['audit --logins --orphans', '--logins'],
  ['audit --orphans --since 1h', '--orphans'],
  ['audit --orphans --tenant default', '--tenant'],
  ['plan --limit many', '--limit'],
  ['plan alice --tenant default', 'not both'],
  ['plan --show plan.json --out other.json', '--out'],
  ['plan alice --show plan.json', 'not both'],
  ['apply', 'file'],
  ['events --limit 1.5', '--limit'],
  ['explain alice --at tomorrow', '--at'],
  ['pause alice', '--reason'],
  ['pause alice --reason holidays --until yesterday', '--until'],
  ['retry', '--failed'],
  ['retry alice --failed', '--failed'],
  ['adopt', '--all'],
  ['adopt alice --max 5', '--max'],
  ['adopt --all', '--reason'],
  ['adopt --all --withdraw', '--withdraw'],
  ['adopt alice did:plc:one --withdraw', '--withdraw'],
  ['adopt alice --why a --reason b', '--why'],
  ['transfer alice', 'to'],
  ['transfer alice bob --what password', '--what'],
  ['transfer alice bob --cancel --preview', '--cancel'],
  ['restore', '--all'],
  ['restore --all --accept-code', '--accept-code'],
  ['restore --all --reason Other', '--reason'],
  ['restore --all --since tomorrow', '--since'],
  ['restore alice --since 1h', '--since'],
  ['restore alice --why a --reason b', '--why'],
  ['doctor --full', '--simulate'],
  ['sandbox --format xml', '--format'],
  ['sandbox --users many', '--users'],
  ['completion tcsh', 'tcsh'],
  ['--log-level loud status', '--log-level'],
];

test.each(COMMANDS)(
  'the exit codes of concord %s are in its guide, with the one of a usage error',
  (name) => {
    expect(GUIDES[name]?.exits).toMatch(/(^| · )0 .* · 1 .* · 2 .*usage error/);
  },
);

describe('an unknown option', () => {
  test.each(COMMANDS)('of concord %s', async (name) => {
    const ended = await run(...name.split(' '), '--no-such-option');
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    // Commander looks for required options first.
    expect(ended.stderr).toMatch(/unknown option '--no-such-option'|required option '--reason/);
    expect(ended.stderr).toContain(`Usage: concord ${name} `);
    expect(ended.stderr).toContain(`See: concord ${name} --help`);
  });
});

describe('values and combinations that do not fit', () => {
  test.each(WRONG)('%s', async (line, says) => {
    const ended = await run(...line.split(' '), '--json');
    expect(ended.code, ended.stderr).toBe(2);
    expect(ended.stderr).toContain(says);
    expect(ended.stderr).toMatch(/^Usage: concord /m);
    const document = JSON.parse(ended.stdout) as { readonly error: object };
    expect(document.error).toEqual({
      ...{ code: 'USAGE', message: expect.stringContaining(says) },
      hint: expect.stringMatching(/^concord .*--help$/),
    });
  });
});

describe('a command', () => {
  test.each([
    ['an unknown one', ['reconcil'], 'Did you mean reconcile?'],
    ['none at all', [], 'Usage: concord '],
    ['one of a group that is not named', ['credentials'], 'Usage: concord credentials '],
  ] as const)('%s', async (_case, args, says) => {
    const ended = await run(...args);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(says);
    const document = JSON.parse((await run(...args, '--json')).stdout) as unknown;
    expect(document).toMatchObject({ error: { code: 'USAGE' } });
  });
});

test('help and version are no errors', async () => {
  expect(await run('--help')).toMatchObject({ code: 0, stderr: '' });
  const version = await run('--version');
  expect(version).toMatchObject({ code: 0, stderr: '' });
  expect(version.stdout).toMatch(/^\d+\.\d+\.\d+/);
});

test('what the configuration lacks is an error, and no usage error', async () => {
  const ended = await run('--json', 'status');
  expect(ended.code).toBe(1);
  expect(JSON.parse(ended.stdout)).toMatchObject({
    ...{ schemaVersion: 1, command: 'status' },
    error: { code: 'CONFIG_INVALID', message: expect.stringContaining('MONGODB_URI') },
  });
});
