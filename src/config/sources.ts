/**
 * Where settings come from, before anyone asks whether they are right: YAML files merged over each
 * other, and the environment behind their `${NAME}` references.
 *
 * Nothing here puts a value into a message. A YAML parser's own messages quote the line they
 * stumble over, and that line may hold a password, so only the place and the kind of fault are kept.
 */
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { parseDocument } from 'yaml';

export type Environment = Readonly<Record<string, string | undefined>>;
/** Reads a text file whole. Throws, as `readFileSync` does, when it cannot. */
export type ReadFile = (path: string) => string;
export const readTextFile: ReadFile = (path) => readFileSync(path, 'utf8');

export type Path = readonly (string | number)[];

/** A setting whose reference has no target. */
export interface Absence {
  /** Names the variable and what is wrong with it. */
  readonly reason: string;
  /** False for `${NAME:-}`, which says that the variable may be missing. */
  readonly demanded: boolean;
}

export interface ResolvedTree {
  readonly value: unknown;
  /** By formatted path. */
  readonly absent: ReadonlyMap<string, Absence>;
}

interface Mapping {
  readonly [key: string]: unknown;
}

export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `tenants[0].clientSecret`. */
export function formatPath(path: Path): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`),
    '',
  );
}

/**
 * The process environment over the `.env` file of a directory, if there is one. What is set already
 * wins, as it does with `process.loadEnvFile`; `process.env` itself stays as it is, so that a child
 * process is not handed secrets that only Concord needs.
 */
export function readEnvironment(
  env: Environment,
  directory: string,
  readFile: ReadFile = readTextFile,
): Environment {
  let text: string;
  try {
    text = readFile(`${directory}/.env`);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return env;
    throw error;
  }
  return { ...parseEnv(text), ...env };
}

/** The files merged over each other, the last on top. A file that cannot be used is a problem and is left out. */
export function readFiles(files: readonly string[], readFile: ReadFile, problems: string[]): unknown {
  let merged: unknown = {};
  for (const file of files) {
    const tree = parseFile(file, readFile);
    if (typeof tree === 'string') problems.push(`${file}: ${tree}`);
    else merged = merge(merged, tree);
  }
  return merged;
}

function parseFile(file: string, readFile: ReadFile): Mapping | string {
  let text: string;
  try {
    text = readFile(file);
  } catch (error) {
    return `cannot be read (${errorCode(error)})`;
  }
  const document = parseDocument(text);
  const fault = document.errors[0];
  if (fault !== undefined) {
    const at = fault.linePos?.[0];
    return `is not valid YAML${at === undefined ? '' : ` at line ${at.line}, column ${at.col}`} (${fault.code})`;
  }
  let tree: unknown;
  try {
    tree = document.toJS();
  } catch {
    return 'is not valid YAML (an alias without an anchor, or too many aliases)';
  }
  if (tree === null) return {};
  return isMapping(tree) ? tree : 'is not a mapping of settings';
}

/**
 * Mappings are merged key by key and everything else is replaced, lists too: a list of tenants that
 * grew by merging could serve a tenant that is in no file. An empty mapping in a file (`pds:` with
 * every line under it commented out) is read by YAML as null and changes nothing.
 */
function merge(below: unknown, above: unknown): unknown {
  if (!isMapping(below)) return above;
  if (above === null) return below;
  if (!isMapping(above)) return above;
  const keys = new Set([...Object.keys(below), ...Object.keys(above)]);
  return Object.fromEntries(
    [...keys].map((key) => [key, Object.hasOwn(above, key) ? merge(below[key], above[key]) : below[key]]),
  );
}

type Variable =
  | { readonly type: 'set'; readonly value: string }
  | { readonly type: 'unset'; readonly reason: string }
  | { readonly type: 'broken'; readonly reason: string };

/** `NAME` from the environment, or the text of the file that `NAME_FILE` names, without its last line break. */
function readVariable(name: string, env: Environment, readFile: ReadFile): Variable {
  const value = env[name];
  const file = env[`${name}_FILE`];
  const hasFile = file !== undefined && file !== '';
  if (value !== undefined && value !== '') {
    return hasFile
      ? { type: 'broken', reason: `${name} and ${name}_FILE are both set: keep one of them` }
      : { type: 'set', value };
  }
  if (!hasFile) {
    const state = value === undefined ? `is not set (nor ${name}_FILE)` : 'is set to nothing';
    return { type: 'unset', reason: `${name} ${state}` };
  }
  try {
    const text = readFile(file).replace(/\r?\n$/, '');
    return text === ''
      ? { type: 'broken', reason: `${name}_FILE names an empty file` }
      : { type: 'set', value: text };
  } catch (error) {
    return { type: 'broken', reason: `${name}_FILE cannot be read (${errorCode(error)})` };
  }
}

/** `${NAME}`, `${NAME:-fallback}`, and `$${` for a `${` that is meant as it stands. */
const REFERENCE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/**
 * Puts the environment in place of the references. What is put in is not read again, so a password
 * may contain anything. A text that comes to nothing is left out: of a list, so that an optional
 * second token needs no condition, and of a mapping, so that a setting keeps its own meaning of absent.
 */
export function resolveReferences(tree: unknown, env: Environment, readFile: ReadFile): ResolvedTree {
  const absent = new Map<string, Absence>();

  function resolve(value: unknown, path: Path): unknown {
    if (typeof value === 'string') return resolveText(value, path);
    if (Array.isArray(value)) {
      return value.map((item, index) => resolve(item, [...path, index])).filter((item) => item !== undefined);
    }
    if (!isMapping(value)) return value;
    return Object.fromEntries(
      Object.entries(value)
        .map(([key, item]) => [key, resolve(item, [...path, key])] as const)
        .filter(([, item]) => item !== undefined),
    );
  }

  function resolveText(text: string, path: Path): string | undefined {
    let absence: Absence | undefined;
    const result = text.replace(REFERENCE, (whole, name?: string, fallback?: string) => {
      if (name === undefined) return whole.slice(1);
      const variable = readVariable(name, env, readFile);
      if (variable.type === 'set') return variable.value;
      const demanded = variable.type === 'broken' || fallback === undefined;
      if (absence === undefined || demanded) absence = { reason: variable.reason, demanded };
      return fallback ?? '';
    });
    if (absence === undefined || (result !== '' && !absence.demanded)) return result;
    absent.set(formatPath(path), absence);
    return undefined;
  }

  return { value: resolve(tree, []), absent };
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
}
