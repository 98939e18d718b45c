/** The manners of the command line: help, completion, suggestions, and colour only where there is a terminal. */
import { execFile, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sideBySide } from '../src/concurrency/map-limit.ts';
import { chooseHandle, join, type Member, reconcileUser, storedMember } from './support/member.ts';
import { openPlatform, type Platform, SANDBOX_CONFIG } from './support/platform.ts';
import { MAIN, runOn, runProgram, temporaryDirectory } from './support/program.ts';

/** What a shell, or whatever else is called, prints. Not awaited in step: Auth0's stand-in answers from this process. */
function output(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const options = { env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env } };
  return new Promise((resolve, reject) => {
    execFile(command, args, options, (error, stdout, stderr) => {
      // A code that is not 0 has a number; whatever else went wrong has a word.
      if (error !== null && typeof error.code !== 'number') reject(error);
      else resolve(stdout + stderr);
    });
  });
}

function isInstalled(command: string): boolean {
  return spawnSync(command, ['--version']).error === undefined;
}

/** The commands that the program's help lists; one that only holds others by those. */
async function commands(): Promise<string[]> {
  const { stdout } = await runProgram(['--help']);
  const listed = stdout.slice(stdout.indexOf('\nCommands:')).matchAll(/^ {2}([a-z]+) /gm);
  return [...listed].flatMap(([, name = '']) => (name === 'help' ? [] : name));
}

describe('help', () => {
  test('every command has examples of its own, and says what its exit codes mean', async () => {
    const names = (await commands()).flatMap((name) =>
      name === 'credentials' ? ['seal', 'unseal', 'reseal'].map((one) => `credentials ${one}`) : [name],
    );
    expect(names.length).toBeGreaterThan(15);
    const lacking: string[] = [];
    await sideBySide(names, async (name) => {
      const { code, stdout, stderr } = await runProgram([...name.split(' '), '--help']);
      const isWhole = stdout.includes(`\nExamples:\n  $ concord `) && /\nExit codes: 0 /.test(stdout);
      const isOfIt = stdout
        .split('\n')
        .some((line) => line.startsWith('  $ concord ') && line.includes(name));
      if (code !== 0 || stderr !== '' || !isWhole || !isOfIt || !stdout.includes('--json'))
        lacking.push(name);
    });
    expect(lacking).toEqual([]);
  });

  test.each([['--help'], ['audit', '--help'], ['serve', '--help']])('%s %s is quick', async (...args) => {
    // Of the processor and not by the clock, which says more about what else the machine does.
    const command = `TIMEFORMAT='%U %S'; time "$0" "$@" > /dev/null`;
    const seconds = await output('bash', ['-c', command, process.execPath, MAIN, ...args.filter(Boolean)]);
    const [user = Number.NaN, system = Number.NaN] = seconds.trim().split(' ').map(Number);
    expect(user + system).toBeLessThan(0.5);
  });
});

describe('what was mistyped', () => {
  test.each([
    [['reconcil'], /Did you mean reconcile\?/],
    [['audit', '--tennant', 'x'], /Did you mean --tenant\?/],
    [['events', '--folow'], /Did you mean --follow\?/],
    [['completion', 'tcsh'], /Allowed choices are bash, zsh, fish/],
    [['events', '--limit', 'many'], /non-negative integer/],
  ])('%j: 2, what was probably meant, and no stack', async (args, meant) => {
    const { code, stdout, stderr } = await runProgram(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(meant);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

describe('completion', () => {
  let script: string;
  beforeAll(async () => {
    script = await output(process.execPath, [MAIN, 'completion', 'bash']);
  });

  test.each([
    ['concord au', ['audit']],
    ['concord --log-level wa', ['warn']],
    ['concord --log-level debug audit --te', ['--tenant']],
    // The name of a command as the value of an option is no command.
    ['concord --config plan cred', ['credentials']],
    ['concord audit --tenant events --nd', ['--ndjson']],
    ['concord credentials s', ['seal']],
    ['concord credentials unseal --y', ['--yes']],
    ['concord completion z', ['zsh']],
    ['concord events --limit ', []],
  ])('in bash, %j comes to %j', async (line, expected) => {
    const ask = `
      COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _concord
      printf '%s\\n' "\${COMPREPLY[@]}"; complete -p concord`;
    const said = await output('bash', ['--norc', '-c', `${script}\n${ask}`, 'bash', ...line.split(' ')]);
    const lines = said.split('\n').filter((one) => one !== '');
    expect(lines).toEqual([...expected, 'complete -F _concord concord']);
  });

  test.each(['bash', 'zsh', 'fish'])('%s can read its script, where it is installed', async (shell) => {
    const { code, stdout } = await runProgram(['completion', shell]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/events.*\n?/);
    if (!isInstalled(shell)) return;
    const file = joinPath(await temporaryDirectory(), shell);
    writeFileSync(file, stdout);
    expect(await output(shell, ['-n', file])).toBe('');
  });
});

describe('on a platform', () => {
  let world: Platform;
  let alice: Member;
  let code: string | undefined;
  beforeAll(async () => {
    world = await openPlatform();
    alice = join(world, 'alice');
    await chooseHandle(world, alice, alice.label);
    const engine = world.engine();
    await engine.prepare();
    await reconcileUser(engine.reconcile, alice);
    code = (await storedMember(world, alice))?.code;
  });
  afterAll(() => world.close());

  const forPeople: readonly (readonly string[])[] = [['audit'], ['events'], ['explain', '@']];
  const named = (args: readonly string[]) => args.map((arg) => (arg === '@' ? `@${alice.label}` : arg));

  /** In a pseudo-terminal, which is what people have. */
  function inTerminal(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
    const command = [process.execPath, MAIN, '--config', SANDBOX_CONFIG, ...args].map((arg) => `'${arg}'`);
    return output('script', ['-qec', command.join(' '), '/dev/null'], {
      ...world.env,
      TERM: 'xterm',
      ...env,
    });
  }

  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are.
  const COLOUR = /\x1b\[[0-9;]*m/;

  test.runIf(isInstalled('script')).each(forPeople)(
    '%s has colours in a terminal, and none for who wants none',
    async (...args) => {
      const [coloured, ...plain] = await Promise.all([
        inTerminal(named(args)),
        inTerminal(named(args), { NO_COLOR: '1' }),
        inTerminal(['--no-color', ...named(args)]),
      ]);
      expect(coloured).toMatch(COLOUR);
      for (const said of plain) {
        expect(said).not.toMatch(COLOUR);
        expect(said.length).toBeGreaterThan(20);
      }
    },
  );

  test('nothing but text goes into a pipe', async () => {
    const lines = [['explain', '@'], ['pull'], ['approve']];
    await sideBySide(lines, async (args) => {
      const { stdout, stderr } = await runOn(world, ...named(args));
      expect(stdout, stderr).not.toBe('');
      expect(stripVTControlCharacters(stdout + stderr)).toBe(stdout + stderr);
    });
  });

  test('a name that is nearly somebody’s', async () => {
    const { label } = alice;
    const typed = [`@${label.slice(0, 3)}${label.slice(4)}`, `${code?.slice(0, -1)}`, '@qqqqqqqqqq'];
    const ended = await Promise.all(typed.map((name) => runOn(world, 'plan', name)));
    expect(ended.map((one) => one.code)).toEqual([1, 1, 1]);
    expect(ended.map(({ stderr }) => /Did you mean (\S+)\?/.exec(stderr)?.[1])).toEqual([
      `@${label}`,
      code,
      undefined,
    ]);
  });
});
