/** What `concord <command> --help` and docs/commands.md say beside the options: details, examples, exit codes. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { GUIDES, type Guide } from './guides.ts';

/** Those that `completion` knows. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** Puts the guides behind the help of the program's commands, and of those in them. */
export function addGuides(program: CommandUnknownOpts, path: readonly string[] = []): void {
  for (const command of program.commands) {
    const words = [...path, command.name()];
    const guide = GUIDES[words.join(' ')];
    if (guide !== undefined) command.addHelpText('after', `\n${textOf(guide)}`);
    addGuides(command, words);
  }
}

function textOf({ details = [], examples, exits }: Guide): string {
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, why]) => `  $ concord ${line.padEnd(width)}  # ${why}`);
  const paragraphs = details.flatMap((paragraph) => [...wrapped(paragraph), '']);
  return [...paragraphs, 'Examples:', ...lines, '', `Exit codes: ${exits}`].join('\n');
}

/** As wide as a terminal is at least, as a rule. */
const COLUMNS = 80;

function wrapped(paragraph: string): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of paragraph.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > COLUMNS) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
