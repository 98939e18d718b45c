/**
 * A configuration whose secrets can be read again while the service runs. All other settings stay as they were at start.
 *
 * The secrets of `config` are getters: code that needs one reads it from `config` at that moment, and keeps no copy.
 */
import type { Config } from './schema.ts';
import { formatPath, isMapping } from './sources.ts';

export interface Reading {
  readonly next: Config;
  /** The paths of secrets that differ from those in use. */
  readonly changed: readonly string[];
  /** The paths of other settings that differ. They take effect at the next start. */
  readonly needRestart: readonly string[];
}

export interface LiveConfig {
  readonly config: Config;
  /** Reads all sources again, and changes nothing. Throws UsageError for a problem in any of them. */
  read(): Reading;
  /** From now on `config` has the secrets of this reading. */
  apply(reading: Reading): void;
}

/** By section. A list of tokens is one secret. */
const SECRETS = {
  pds: ['adminPassword', 'rateLimitBypassKey'],
  credentials: ['keys'],
  server: ['metricsToken', 'dashboardToken'],
  tenants: ['clientId', 'clientSecret', 'logTokens', 'eventTokens'],
  'alerts.receivers': ['url'],
} as const;

const SECRET_PATHS: ReadonlySet<string> = new Set(
  Object.entries(SECRETS).flatMap(([section, names]) => names.map((name) => `${section}.${name}`)),
);

function isSecret(path: string): boolean {
  return SECRET_PATHS.has(path.replaceAll(/\[\d+\]/g, ''));
}

export function liveConfig(first: Config, load: () => Config): LiveConfig {
  let latest = first;
  const config: Config = {
    ...first,
    pds: withLatest(first.pds, SECRETS.pds, () => latest.pds),
    credentials: withLatest(first.credentials, SECRETS.credentials, () => latest.credentials),
    server: withLatest(first.server, SECRETS.server, () => latest.server),
    tenants: first.tenants.map((one) =>
      withLatest(one, SECRETS.tenants, () => latest.tenants.find(({ id }) => id === one.id) ?? one),
    ),
    alerts: {
      ...first.alerts,
      receivers: first.alerts.receivers.map((one) =>
        withLatest(
          one,
          SECRETS['alerts.receivers'],
          () => latest.alerts.receivers.find(({ name }) => name === one.name) ?? one,
        ),
      ),
    },
  };
  return {
    config,
    read: () => {
      const next = load();
      const differing = differences(latest, next);
      return {
        next,
        changed: differing.filter(isSecret),
        needRestart: differing.filter((path) => !isSecret(path)),
      };
    },
    apply: ({ next }) => {
      latest = next;
    },
  };
}

/** A copy whose fields of these names are read from the latest at each use. */
function withLatest<T extends object, K extends keyof T>(first: T, names: readonly K[], latest: () => T): T {
  const copy = { ...first };
  for (const name of names)
    Object.defineProperty(copy, name, { enumerable: true, get: () => latest()[name] });
  return copy;
}

function differences(before: Config, after: Config): string[] {
  const [old, now] = [leavesOf(before), leavesOf(after)];
  return [...new Set([...old.keys(), ...now.keys()])].filter((path) => old.get(path) !== now.get(path));
}

function leavesOf(
  value: unknown,
  path: readonly (string | number)[] = [],
  leaves = new Map<string, unknown>(),
): Map<string, unknown> {
  if (Array.isArray(value))
    for (const [index, item] of value.entries()) leavesOf(item, [...path, index], leaves);
  else if (isMapping(value))
    for (const [key, item] of Object.entries(value)) leavesOf(item, [...path, key], leaves);
  else if (value !== undefined) leaves.set(formatPath(path), value);
  return leaves;
}
