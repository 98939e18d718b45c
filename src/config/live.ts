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

type Receiver = Config['alerts']['receivers'][number];

const SECRETS =
  /^(pds\.(adminPassword|rateLimitBypassKey)|credentials\.keys|server\.(metricsToken|dashboardToken)|tenants\[\d+\]\.(clientId|clientSecret|(logTokens|eventTokens)\[\d+\])|alerts\.receivers\[\d+\]\.url)$/;

export function liveConfig(first: Config, load: () => Config): LiveConfig {
  let latest = first;
  const tenant = (id: string) => latest.tenants.find((one) => one.id === id);
  const config: Config = {
    ...first,
    pds: {
      ...first.pds,
      get adminPassword() {
        return latest.pds.adminPassword;
      },
      get rateLimitBypassKey() {
        return latest.pds.rateLimitBypassKey;
      },
    },
    credentials: {
      ...first.credentials,
      get keys() {
        return latest.credentials.keys;
      },
    },
    server: {
      ...first.server,
      get metricsToken() {
        return latest.server.metricsToken;
      },
      get dashboardToken() {
        return latest.server.dashboardToken;
      },
    },
    tenants: first.tenants.map((one) => ({
      ...one,
      get clientId() {
        return (tenant(one.id) ?? one).clientId;
      },
      get clientSecret() {
        return (tenant(one.id) ?? one).clientSecret;
      },
      get logTokens() {
        return (tenant(one.id) ?? one).logTokens;
      },
      get eventTokens() {
        return (tenant(one.id) ?? one).eventTokens;
      },
    })),
    alerts: {
      ...first.alerts,
      receivers: first.alerts.receivers.map((one) => ({
        ...one,
        get url() {
          return receiverLike(latest, one)?.url ?? one.url;
        },
      })),
    },
  };
  return {
    config,
    read: () => {
      const next = load();
      const differing = differences(latest, next);
      return {
        next,
        changed: differing.filter((path) => SECRETS.test(path)),
        needRestart: differing.filter((path) => !SECRETS.test(path)),
      };
    },
    apply: ({ next }) => {
      latest = next;
    },
  };
}

function receiverLike({ alerts }: Config, { name }: Receiver): Receiver | undefined {
  return alerts.receivers.find((one) => one.name === name);
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
