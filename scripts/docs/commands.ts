/** docs/commands.md, from the definition of the command line and the guides of its commands. */
import type { Argument, CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { GUIDES } from '../../src/commands/guides.ts';
import { createProgram } from '../../src/commands/program.ts';
import { anchor, code, fenced, page, sentence, table } from './markdown.ts';

interface Described {
  /** The words after `concord`. */
  readonly words: string;
  readonly command: CommandUnknownOpts;
}

export function commandsPage(): string {
  const program = createProgram(() => {});
  const commands = commandsOf(program);
  return page(
    '# Commands',
    [
      'In a clone run `npm run concord -- <command>`; with the package installed run `concord <command>`. Add `--sandbox` to use the',
      'sandbox that runs in the same directory. With `--json` a command prints one JSON document on stdout; use `npm run -s` with it,',
      'because npm prints a line on stdout. `--help` after a command shows what this page shows.',
    ].join('\n'),
    [
      'An error is a message on stderr. With `--json` it is a document on stdout as well, with the same exit code:',
      '`{"schemaVersion":1,"command":"plan","error":{"code":"USER_NOT_FOUND","message":"…","hint":null}}`. `code` is stable, `hint` is a',
      'command to go on with, and `message` has no secret and no email address.',
    ].join('\n'),
    [
      '`<user>` is an Auth0 id, `@handle`, code, email address, DID or stored key. Write a stored key as `key:<text>` if its text is',
      'another name as well, and `--` before a name that begins with a dash.',
    ].join('\n'),
    table(
      ['exit code', 'meaning'],
      [
        ['0', 'done, or nothing to do'],
        ['1', 'error: something could not be done or read'],
        [
          '2',
          'differences found, and nothing changed; also a usage error (option, argument, value or combination), which prints the usage',
        ],
        ['3', 'stopped by a safety limit'],
        ['4', 'partly done, or a user needs time or action'],
      ],
    ),
    '## All commands',
    table(
      ['command', 'what it does'],
      commands.map(({ words, command }) => [
        `[${code(words)}](#${anchor(words)})`,
        sentence(command.description()),
      ]),
    ),
    '## Global options',
    optionTable(program.options.map(optionRow)),
    ...commands.flatMap(section),
  );
}

/** In the order of the help; of a command that only holds others, those. */
function commandsOf(program: CommandUnknownOpts, path: readonly string[] = []): readonly Described[] {
  return program.commands.flatMap((command) => {
    const words = [...path, command.name()];
    return command.commands.length > 0 ? commandsOf(command, words) : [{ words: words.join(' '), command }];
  });
}

function section({ words, command }: Described): readonly string[] {
  const guide = GUIDES[words];
  if (guide === undefined) throw new Error(`src/commands/guides.ts has no guide for ${words}`);
  const { details = [], examples, exits } = guide;
  const rows = [...command.registeredArguments.map(argumentRow), ...command.options.map(optionRow)];
  const takes = command.registeredArguments.map((one) => {
    const name = one.name();
    return one.required ? ` <${name}>` : ` [${name}]`;
  });
  const width = Math.max(...examples.map(([line]) => line.length));
  return [
    `## ${words}`,
    sentence(command.description()),
    fenced('text', [`concord ${words}${takes.join('')}${command.options.length > 0 ? ' [options]' : ''}`]),
    ...details.map(withCode),
    ...(rows.length > 0 ? [optionTable(rows)] : []),
    'Examples:',
    fenced(
      'sh',
      examples.map(([line, why]) => `concord ${line.padEnd(width)}  # ${why}`),
    ),
    `Exit codes: ${withCode(exits)}.`,
  ];
}

function optionTable(rows: readonly (readonly string[])[]): string {
  return table(['argument or option', 'meaning'], rows);
}

function argumentRow(argument: Argument): readonly string[] {
  const name = argument.required ? `<${argument.name()}>` : `[${argument.name()}]`;
  return [code(name), withCode(argument.description) + choices(argument.argChoices)];
}

function optionRow(option: Option): readonly string[] {
  const { flags, description, defaultValue, defaultValueDescription, argChoices } = option;
  const preset = defaultValueDescription ?? (typeof defaultValue === 'boolean' ? undefined : defaultValue);
  const tail = preset === undefined ? '' : ` (default: ${String(preset)})`;
  return [code(flags), withCode(description) + choices(argChoices) + tail];
}

function choices(all: readonly string[] | undefined): string {
  return all === undefined ? '' : `: ${all.join(', ')}`;
}

/** What is to be typed as it stands, and what HTML would swallow. */
function withCode(text: string): string {
  return text.replaceAll(
    /(?<![\w`])(--[a-z][a-z-]*|<[a-z]+>|@handles|concord [a-z]+ --?[a-z]+|concord-simulation\|…|credentials\.storage(?:: [a-z]+)?|limits\.[a-z]+|CONCORD_[A-Z_]+|atproto_did|createdAt)(?![\w`])/g,
    (found) => code(found),
  );
}
