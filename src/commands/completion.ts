/**
 * `concord completion <shell>`: the script by which a shell completes commands, options and their choices. It is
 * written from the command line's own definition, so that it knows what `--help` knows.
 */
import type { CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { EXIT, type ExitCode } from './command.ts';
import type { SHELLS } from './guide.ts';

type Shell = (typeof SHELLS)[number];

export function runCompletion(shell: Shell, program: CommandUnknownOpts): ExitCode {
  const scripts = { bash, zsh, fish } as const satisfies Record<Shell, (places: readonly Place[]) => string>;
  process.stdout.write(scripts[shell](placesOf(program)));
  return EXIT.clean;
}

// ── Words to complete ──

/** Where the typed command line is: at the program itself, or at one of its commands. */
interface Place {
  /** Empty for the program itself, `credentials reseal` for a command in a command. */
  readonly path: string;
  readonly commands: readonly Described[];
  /** Its own options. Those of the program itself are valid everywhere. */
  readonly options: readonly DescribedOption[];
  /** The choices of its arguments. */
  readonly choices: readonly string[];
  readonly takesFile: boolean;
}

interface Described {
  readonly name: string;
  readonly description: string;
}

interface DescribedOption extends Described {
  readonly value: 'none' | 'file' | 'choice' | 'text';
  readonly choices: readonly string[];
}

const FILE = /<(file|dir)>/;

function placesOf(command: CommandUnknownOpts, path: readonly string[] = []): Place[] {
  const help = command.createHelp();
  const commands = help.visibleCommands(command);
  const place = {
    path: path.join(' '),
    commands: commands.map((one) => ({ name: one.name(), description: one.description() })),
    options: help.visibleOptions(command).flatMap(describeOption),
    choices: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
    takesFile: command.registeredArguments.some((one) => one.name() === 'file'),
  };
  return [place, ...command.commands.flatMap((one) => placesOf(one, [...path, one.name()]))];
}

function describeOption({
  long,
  flags,
  description,
  argChoices,
  required,
  optional,
}: Option): DescribedOption[] {
  if (long === undefined || long === null) return [];
  const takesValue = required || optional;
  const value = argChoices !== undefined ? 'choice' : FILE.test(flags) ? 'file' : 'text';
  return [{ name: long, description, value: takesValue ? value : 'none', choices: argChoices ?? [] }];
}

/** Every option with a value, with the place where it has one; undefined is everywhere. */
function valued(
  places: readonly Place[],
): readonly { readonly path: string | undefined; readonly option: DescribedOption }[] {
  return places.flatMap(({ path, options }) =>
    options
      .filter(({ value }) => value !== 'none')
      .map((option) => ({ path: path === '' ? undefined : path, option })),
  );
}

/** All words that are valid at a place, each once. */
function optionsAt(place: Place, places: readonly Place[]): readonly DescribedOption[] {
  const everywhere = places.find(({ path }) => path === '')?.options ?? [];
  const own = new Set(place.options.map(({ name }) => name));
  return [...place.options, ...everywhere.filter(({ name }) => !own.has(name))];
}

/** Every step from a place to a command in it. */
function steps(places: readonly Place[]): readonly { readonly at: string; readonly to: string }[] {
  const paths = new Set(places.map(({ path }) => path));
  return places.flatMap(({ path, commands }) =>
    commands
      .map(({ name }) => ({ at: `${path}:${name}`, to: path === '' ? name : `${path} ${name}` }))
      .filter(({ to }) => paths.has(to)),
  );
}

// ── The scripts ──

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** A pattern for `place:word`. */
function patternOf({ path, option }: ReturnType<typeof valued>[number]): string {
  return path === undefined ? `*${quoted(`:${option.name}`)}` : quoted(`${path}:${option.name}`);
}

/** The part that bash and zsh share: from the words before to the place, in the shells' own numbering. */
function walk(places: readonly Place[], words: { readonly first: string; readonly last: string }): string {
  const taken = valued(places).map(patternOf);
  return `  for ((i = ${words.first}; i < ${words.last}; i++)); do
    case "$place:\${words_[i]}" in
${steps(places)
  .map(({ at, to }) => `      ${quoted(at)}) place=${quoted(to)} ;;`)
  .join('\n')}
      ${taken.join('|')}) i=$((i + 1)) ;;
    esac
  done`;
}

function bash(places: readonly Place[]): string {
  const list = (names: readonly string[]) => `$(compgen -W ${quoted(names.join('\n'))} -- "$word")`;
  const completeValue = ({ value, choices }: DescribedOption) => {
    if (value === 'choice') return `COMPREPLY=(${list(choices)})`;
    return value === 'file' ? 'COMPREPLY=($(compgen -f -- "$word"))' : ':';
  };
  const namesOf = (place: Place) => [
    ...[...place.commands, ...optionsAt(place, places)].map(({ name }) => name),
    ...place.choices,
  ];
  return `# Completion of concord for bash. In ~/.bashrc: source <(concord completion bash)
_concord() {
  local place='' word="\${COMP_WORDS[COMP_CWORD]}" IFS=$'\\n'
  local -i i
  local -a words_=("\${COMP_WORDS[@]}")
  COMPREPLY=()
${walk(places, { first: '1', last: 'COMP_CWORD' })}
  case "$place:\${words_[COMP_CWORD - 1]}" in
${valued(places)
  .map((one) => `    ${patternOf(one)}) ${completeValue(one.option)}; return ;;`)
  .join('\n')}
  esac
  case "$place" in
${places
  .map((place) => {
    const files = place.takesFile ? ' $(compgen -f -- "$word")' : '';
    return `    ${quoted(place.path)}) COMPREPLY=(${list(namesOf(place))}${files}) ;;`;
  })
  .join('\n')}
  esac
}
complete -F _concord concord
`;
}

function zsh(places: readonly Place[]): string {
  const entries = (all: readonly Described[]) =>
    all.map(({ name, description }) => quoted(`${name}:${description}`)).join(' ');
  const completeValue = ({ name, value, choices }: DescribedOption) => {
    if (value === 'choice') return `compadd -- ${choices.map(quoted).join(' ')}`;
    return value === 'file' ? '_files' : `_message ${quoted(name)}`;
  };
  return `#compdef concord
# Completion of concord for zsh. In ~/.zshrc, after compinit: source <(concord completion zsh)
_concord() {
  local place=''
  local -i i
  local -a words_=("\${words[@]}") commands_ options_
${walk(places, { first: '2', last: 'CURRENT' })}
  case "$place:\${words_[CURRENT - 1]}" in
${valued(places)
  .map((one) => `    ${patternOf(one)}) ${completeValue(one.option)}; return ;;`)
  .join('\n')}
  esac
  case "$place" in
${places
  .map((place) => {
    const choices = place.choices.length === 0 ? '' : ` compadd -- ${place.choices.map(quoted).join(' ')};`;
    const files = place.takesFile ? ' _files;' : '';
    return `    ${quoted(place.path)}) commands_=(${entries(place.commands)}) options_=(${entries(optionsAt(place, places))});${choices}${files} ;;`;
  })
  .join('\n')}
  esac
  _describe -t commands command commands_
  _describe -o option options_
}
if [ "$funcstack[1]" = _concord ]; then _concord "$@"; else compdef _concord concord; fi
`;
}

function fish(places: readonly Place[]): string {
  const text = (value: string) => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const lines = places.flatMap((place) => {
    const at = `complete -c concord -n ${text(`__concord_at ${text(place.path)}`)}`;
    const choices = place.choices.length === 0 ? [] : [`${at} -a ${text(place.choices.join(' '))}`];
    return [
      ...place.commands.map(({ name, description }) => `${at} -a ${text(name)} -d ${text(description)}`),
      ...choices,
      ...(place.takesFile ? [`${at} -F`] : []),
      ...optionsAt(place, places).map((option) => {
        const takes = {
          none: '',
          text: ' -x',
          file: ' -r -F',
          choice: ` -x -a ${text(option.choices.join(' '))}`,
        };
        return `${at} -l ${option.name.slice(2)}${takes[option.value]} -d ${text(option.description)}`;
      }),
    ];
  });
  return `# Completion of concord for fish: concord completion fish > ~/.config/fish/completions/concord.fish
function __concord_at
    set -l place ''
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        switch "$place:$word"
${steps(places)
  .map(({ at, to }) => `            case ${text(at)}\n                set place ${text(to)}`)
  .join('\n')}
            case ${valued(places)
              .map(({ path = '*', option }) => text(`${path}:${option.name}`))
              .join(' ')}
                set skip 1
        end
    end
    test "$place" = "$argv[1]"
end
complete -c concord -f
${lines.join('\n')}
`;
}
