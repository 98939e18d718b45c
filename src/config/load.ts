/**
 * One frozen Config from `config/default.yaml`, the files merged over it and the environment; or one
 * error that names every problem at once, each with its path, and no value of any secret.
 */
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import { UsageError } from '../errors.ts';
import { type Config, configSchema } from './schema.ts';
import {
  type Absence,
  type Environment,
  formatPath,
  isMapping,
  type Path,
  type ReadFile,
  readFiles,
  readTextFile,
  resolveReferences,
} from './sources.ts';
import { tenantProblems } from './tenants.ts';

/** What a command needs from outside. What it does not need may be missing. */
export type ConfigNeed = 'mongodb' | 'auth0' | 'logTokens' | 'pds' | 'credentials';

export const ALL_NEEDS: readonly ConfigNeed[] = ['mongodb', 'auth0', 'logTokens', 'pds', 'credentials'];

/** Beside the package's own `src` or `dist`, whichever of them this runs from. */
export const DEFAULT_CONFIG_FILE = fileURLToPath(new URL('../../config/default.yaml', import.meta.url));

export interface LoadConfigOptions {
  readonly env: Environment;
  /** Merged over `config/default.yaml` in this order. Without any, the file that CONCORD_CONFIG names, if it is set. */
  readonly files?: readonly string[];
  /** Everything by default. */
  readonly needs?: readonly ConfigNeed[];
  readonly readFile?: ReadFile;
}

/**
 * Reads, checks and freezes the configuration. To read a value that was neither needed nor set throws
 * the same UsageError that asking for it would have given, rather than hand out an empty password.
 *
 * @throws UsageError CONFIG_INVALID with every problem, one a line.
 */
export function loadConfig(options: LoadConfigOptions): Config {
  const { env, needs = ALL_NEEDS, readFile = readTextFile } = options;
  const problems: string[] = [];
  const tree = readFiles([DEFAULT_CONFIG_FILE, ...overlays(options)], readFile, problems);
  const { value, absent } = resolveReferences(tree, env, readFile);
  const required = requiredValues(value);

  problems.push(...absenceProblems(value, required, absent, needs));
  const parsed = configSchema.safeParse(value);
  if (!parsed.success) problems.push(...parsed.error.issues.flatMap((issue) => describeIssue(issue, absent)));
  if (isMapping(value)) problems.push(...tenantProblems(value['tenants']));

  if (problems.length > 0 || !parsed.success) throw invalid(problems);
  for (const { path } of required) guardAbsent(parsed.data, path, absent);
  return freeze(parsed.data);
}

function overlays({ files = [], env }: LoadConfigOptions): readonly string[] {
  const named = env['CONCORD_CONFIG'];
  return files.length > 0 || named === undefined || named === '' ? files : [named];
}

interface RequiredValue {
  readonly need: ConfigNeed;
  readonly path: Path;
}

/** The values that have no default, and the need that each belongs to. */
function requiredValues(tree: unknown): RequiredValue[] {
  const tenants = valueAt(tree, ['tenants']);
  return [
    { need: 'mongodb', path: ['mongodb', 'uri'] },
    { need: 'mongodb', path: ['mongodb', 'database'] },
    { need: 'pds', path: ['pds', 'url'] },
    { need: 'pds', path: ['pds', 'adminPassword'] },
    ...(valueAt(tree, ['credentials', 'storage']) === 'plaintext'
      ? []
      : [{ need: 'credentials', path: ['credentials', 'keys'] } as const]),
    ...(Array.isArray(tenants) ? tenants : []).flatMap((_, index): RequiredValue[] => [
      { need: 'auth0', path: ['tenants', index, 'domain'] },
      { need: 'auth0', path: ['tenants', index, 'clientId'] },
      { need: 'auth0', path: ['tenants', index, 'clientSecret'] },
      { need: 'logTokens', path: ['tenants', index, 'logTokens'] },
    ]),
  ];
}

/** Missing values: required settings, and references without a target. */
function absenceProblems(
  tree: unknown,
  required: readonly RequiredValue[],
  absent: ReadonlyMap<string, Absence>,
  needs: readonly ConfigNeed[],
): string[] {
  const problems = new Map<string, string>();
  for (const [path, { reason, demanded }] of absent) {
    const owner = required.find((value) => path.startsWith(formatPath(value.path)));
    if (demanded && (owner === undefined || needs.includes(owner.need))) problems.set(path, reason);
  }
  for (const { need, path } of required) {
    const value = valueAt(tree, path);
    const isThere = value !== undefined && !(Array.isArray(value) && value.length === 0);
    const formatted = formatPath(path);
    if (isThere || !needs.includes(need)) continue;
    if ([...problems.keys()].some((known) => known.startsWith(formatted))) continue;
    const inside = [...absent].find(([known]) => known.startsWith(formatted));
    problems.set(formatted, inside?.[1].reason ?? 'is missing');
  }
  return [...problems].map(([path, reason]) => `${path}: ${reason}`);
}

function valueAt(tree: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, part) => {
    if (Array.isArray(value) && typeof part === 'number') return value[part] as unknown;
    return isMapping(value) && Object.hasOwn(value, part) ? value[part] : undefined;
  }, tree);
}

/** An absent value has been reported, or was not needed, so its form is not reported as well. */
function describeIssue(issue: z.core.$ZodIssue, absent: ReadonlyMap<string, Absence>): string[] {
  const path = issue.path.filter((part) => typeof part !== 'symbol');
  if (absent.has(formatPath(path))) return [];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${formatPath([...path, key])}: is not a setting`);
  }
  return [`${formatPath(path)}: ${issue.message}`];
}

/** Makes a missing value throw when it is read. Other values are not changed. */
function guardAbsent(config: object, path: Path, absent: ReadonlyMap<string, Absence>): void {
  const parent = valueAt(config, path.slice(0, -1));
  const key = path.at(-1);
  if (key === undefined || !isMapping(parent) || parent[key] !== undefined) return;
  const problem = `${formatPath(path)}: ${absent.get(formatPath(path))?.reason ?? 'is missing'}`;
  Object.defineProperty(parent, key, {
    // It is not enumerable, so that to copy or print a configuration does not throw.
    enumerable: false,
    get(): never {
      throw invalid([problem]);
    },
  });
}

function invalid(problems: readonly string[]): UsageError {
  const lines = [...new Set(problems)];
  const head = lines.length === 1 ? 'a problem' : `${lines.length} problems`;
  return new UsageError(
    [`The configuration has ${head}:`, ...lines.map((line) => `  ${line}`)].join('\n'),
    'CONFIG_INVALID',
  );
}

function freeze(value: z.output<typeof configSchema>): Config {
  freezeDeep(value);
  return value;
}

function freezeDeep(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const item of Object.values(value)) freezeDeep(item);
  Object.freeze(value);
}
