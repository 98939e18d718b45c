/**
 * The configuration, one system at a time: a missing setting of one does not prevent the checks of the others. With a
 * broken configuration file nothing can be checked.
 */
import type { ConfigNeed } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { counted } from '../count.ts';
import { UsageError } from '../errors.ts';
import { type Check, type Finding, found, type Seen, well } from './check.ts';

/** Loads the configuration as far as these needs ask for it. Throws UsageError CONFIG_INVALID. */
export type Load = (needs: readonly ConfigNeed[]) => Config;

const NEEDS: Readonly<Record<ConfigNeed, string>> = {
  mongodb: 'mongodb',
  auth0: 'auth0',
  logTokens: 'log tokens',
  pds: 'pds',
  credentials: 'credentials',
};

/** The configured parts. Undefined where the file cannot be used, which the checks then report. */
export function loadLeniently(load: Load): Config | undefined {
  return attempt(load, []).config;
}

export function configurationChecks(load: Load): readonly Check[] {
  const base: Check = {
    name: 'configuration',
    needs: [],
    run: async () => seen(attempt(load, []).problems),
  };
  const needs = Object.entries(NEEDS).map(
    ([need, name]): Check => ({
      name: `configuration of ${name}`,
      needs: ['configuration'],
      run: async () => seen(attempt(load, [need as ConfigNeed]).problems),
    }),
  );
  return [base, ...needs];
}

function attempt(load: Load, needs: readonly ConfigNeed[]) {
  try {
    return { config: load(needs), problems: [] };
  } catch (error) {
    if (!(error instanceof UsageError && error.code === 'CONFIG_INVALID')) throw error;
    const [, ...problems] = error.message.split('\n');
    return { config: undefined, problems: problems.map((problem) => problem.trim()) };
  }
}

function seen(problems: readonly string[]): Seen {
  if (problems.length === 0) return well('complete');
  const findings = problems.map(
    (problem): Finding => ({
      level: 'error',
      code: 'CONFIG_INVALID',
      what: `${problem}.`,
      why: 'concord serve does not start with it.',
      mend: 'Set it in the environment, in .env or in the file given with --config; config/default.yaml says what each setting means.',
    }),
  );
  return { ...found(counted(problems.length, 'problem'), ...findings), isShut: true };
}
