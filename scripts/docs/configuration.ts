/** docs/configuration.md, from the schema and config/default.yaml. */
import { formatDuration } from '../../src/terminal/duration.ts';
import { code, page, prose, table } from './markdown.ts';
import { type Section, type Setting, sections } from './settings.ts';

export function configurationPage(): string {
  const all = sections();
  return page(
    '# Configuration',
    [
      'With one Auth0 tenant no file is needed: set the [environment variables](#environment-variables), in the environment or in a',
      'file `.env` in the working directory. Otherwise write a YAML file with the settings that differ, and name it with `--config` or',
      '`CONCORD_CONFIG`. It is merged over [config/default.yaml](../config/default.yaml): mappings are merged, lists are replaced.',
      '[config/two-tenants.example.yaml](../config/two-tenants.example.yaml) is an example; [linked-tenants.md](linked-tenants.md)',
      'explains it.',
    ].join('\n'),
    [
      'All problems of a configuration are reported at once, each with its path. `concord doctor` checks the settings and the systems',
      'that they name. A file of settings is reviewed like code: it contains no secrets.',
    ].join('\n'),
    '## References',
    table(
      ['in a file', 'meaning'],
      [
        [
          code(`\${NAME}`),
          'The environment variable `NAME`, or the text of the file that `NAME_FILE` names (Docker and systemd secrets). It is an error if neither is set, and if both are.',
        ],
        [code(`\${NAME:-fallback}`), 'The same, with a fallback for a variable that is not set or empty.'],
        [code('$${'), 'A literal `${`.'],
      ],
    ),
    '## Rotating secrets',
    'On SIGHUP `concord serve` reads all sources again (the environment of its start, `.env`, the files of `NAME_FILE` and the YAML files), and uses new secrets at once: tokens of streams, of the dashboard and of /metrics, the application of Auth0, the passwords of the PDS, `credentials.keys`, and addresses of receivers. No request is lost. If a source cannot be used, all secrets stay as they are, and the log says why. Other settings, `mongodb.uri` included, take effect at the next start.',
    'While the webhook token is changed in Auth0, set the new one as `AUTH0_LOG_TOKEN_NEXT`, so that both are valid. In a terminal, SIGHUP ends the process.',
    '## Environment variables',
    'Each can come from a file: set `NAME_FILE` to its path instead.',
    table(
      ['variable', 'default', 'sets'],
      all.flatMap(({ settings }) => settings.flatMap(variablesOf)),
    ),
    ...all.flatMap(sectionText),
  );
}

const REFERENCE = /\$\{([A-Z0-9_]+)(:-([^}]*))?\}/g;

function variablesOf({ path, preset = '' }: Setting): readonly (readonly string[])[] {
  return [...preset.matchAll(REFERENCE)].map(([, name = '', optional, fallback = '']) => {
    const value = optional === undefined ? 'required' : fallback === '' ? 'not set' : code(fallback);
    return [code(name), value, code(path)];
  });
}

function sectionText({ name, meaning, settings }: Section): readonly string[] {
  const rows = settings.map(({ path, kind, preset, meaning: own }) => [
    code(path),
    preset === undefined ? '' : defaultText(path, preset),
    kind === undefined ? '' : prose(kind),
    prose(own),
  ]);
  return [
    `## ${name}`,
    ...(meaning === '' ? [] : [prose(meaning)]),
    table(['setting', 'default', 'possible values', 'meaning'], rows),
  ];
}

/** With the time in words where a number is hard to read. */
function defaultText(path: string, preset: string): string {
  const isDuration = path.endsWith('Ms') && /^\d+$/.test(preset) && preset !== '0';
  return isDuration ? `${code(preset)} (${formatDuration(Number(preset))})` : code(preset);
}
