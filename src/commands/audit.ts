/** `concord audit`: how many users have what they should have, and who has not. Reads only. */
import { type AssessDeps, type AssessedTenant, assess, isDrifted } from '../engine/assess.ts';
import { attempt } from '../engine/attempt.ts';
import { type AuditedUser, auditedUser, Tally } from '../engine/audit.ts';
import { countDeleted } from '../engine/deleted-users.ts';
import { gapToJson } from '../engine/gap-text.ts';
import { openGaps } from '../engine/gaps.ts';
import { NameSet } from '../engine/name-set.ts';
import { notExcluded } from '../engine/owner.ts';
import { pausedUsers, withPause } from '../engine/paused.ts';
import { Repositories } from '../engine/repositories.ts';
import { countOrphans, type OrphanCounts } from '../engine/reverse.ts';
import { UsageError } from '../errors.ts';
import type { InexactReason, ResourceTotals, Situation } from '../events/event.ts';
import type { Gap } from '../events/gap.ts';
import { type TenantId, userKey } from '../identity.ts';
import type { UserPage, UserPages } from '../ports.ts';
import * as indexes from '../reconcilers/indexes.ts';
import { printJson, printLine, SCHEMA_VERSION } from '../terminal/output.ts';
import { createProgress } from '../terminal/progress.ts';
import { visible } from '../terminal/visible.ts';
import { wireReadSide } from '../wire.ts';
import { runOrphanAudit } from './audit-orphans.ts';
import { printAudit } from './audit-report.ts';
import { configFor, EXIT, type ExitCode, type GlobalOptions, terminalOf } from './command.ts';
import { momentAgo } from './moment.ts';

export interface AuditOptions extends GlobalOptions {
  readonly tenant?: string | undefined;
  /** The most users to list; the totals are of everyone. Without it: 50, and everyone in a stream. */
  readonly limit?: number | undefined;
  /** Only users created or changed in Auth0 since: a duration such as 24h, or a moment. */
  readonly since?: string | undefined;
  /** One line a user in trouble, as they are found, and a last one with the totals. */
  readonly ndjson?: boolean | undefined;
  /** Look for what belongs to nobody, instead. */
  readonly orphans?: boolean | undefined;
}

export interface AuditReport {
  readonly asOf: string;
  /** Null when everyone was looked at. */
  readonly since: string | null;
  readonly tenants: readonly string[];
  /** Times of which something may have been missed. */
  readonly gaps: readonly Gap[];
  readonly totals: ResourceTotals;
  /** What is not as desired, the most frequent first. */
  readonly situations: readonly Situation[];
  readonly indexes: readonly indexes.IndexFinding[];
  /** Who is not as desired, up to the limit. */
  readonly users: readonly AuditedUser[];
  readonly usersInTrouble: number;
  /** Rows of the listings that name no user; in no other figure here. */
  readonly unreadable: number;
  /** Listings that were not exact: the figures are of those who are listed, and say nothing about who is missing. */
  readonly inexact: readonly { readonly tenant: string; readonly reason: InexactReason }[];
  /** Users of the listings whom the configuration excludes; in no other figure here. */
  readonly excluded: number;
  /** Known users who are deleted in Auth0 or forgotten, by the read model: in no listing, and in no other figure here. */
  readonly deleted: number;
  /** By the listings alone; null when not everyone was looked at, or a listing was not exact. */
  readonly orphans: OrphanCounts | null;
  readonly durationMs: number;
}

export interface AuditScope {
  readonly tenant?: string | undefined;
  readonly limit: number;
  readonly since?: Date | undefined;
  /** Told of each user in trouble, up to the limit, who is then not kept for the report. */
  readonly onUser?: (user: AuditedUser) => Promise<void>;
  readonly onProgress?: (users: number, total: number | undefined) => void;
}

const DEFAULT_LIMIT = 50;

export async function runAudit(options: AuditOptions): Promise<ExitCode> {
  const isStream = options.ndjson === true;
  const limit = options.limit ?? (isStream ? Number.POSITIVE_INFINITY : DEFAULT_LIMIT);
  if (options.orphans === true) {
    if (isStream || options.since !== undefined)
      throw new UsageError('--orphans looks through everything, and ends in one document: not with this.');
    return runOrphanAudit({ ...options, limit });
  }
  if (isStream && options.json === true) throw new UsageError('Give --json or --ndjson, not both.');
  const since = options.since === undefined ? undefined : momentAgo(options.since, new Date());
  const config = configFor(options, ['mongodb', 'auth0', 'pds']);
  const terminal = terminalOf(options);
  const side = wireReadSide(config);
  try {
    const progress = createProgress({
      label: 'looking at users',
      stream: terminal.stderr,
      now: () => new Date(),
    });
    const report = await audit(side, {
      ...{ tenant: options.tenant, limit, since },
      onProgress: (users, total) => progress.update(users, total),
      ...(isStream ? { onUser: (user) => printLine({ type: 'user', ...user }) } : {}),
    });
    progress.finish();
    if (isStream) {
      const { users: _told, ...totals } = toJson(report);
      await printLine({ type: 'totals', schemaVersion: SCHEMA_VERSION, ...totals });
    } else if (terminal.json) printJson({ command: 'audit', ...toJson(report) });
    else printAudit(report, terminal);
    const unfit = report.indexes.some(({ status }) => status !== 'fit');
    return report.usersInTrouble + report.unreadable + report.inexact.length > 0 || unfit
      ? EXIT.differences
      : EXIT.clean;
  } finally {
    await side.close();
  }
}

function toJson(report: AuditReport) {
  return { ...report, gaps: report.gaps.map(gapToJson) };
}

/** In memory: eight bytes a user and an account, and the users that are kept for the report. */
export async function audit(
  side: {
    readonly assess: AssessDeps;
    readonly tenants: readonly AssessedTenant[];
    readonly userPages: UserPages;
  },
  { tenant: named, limit, since, onUser, onProgress }: AuditScope,
): Promise<AuditReport> {
  const startedAt = Date.now();
  const tenants = tenantsNamed(side.tenants, named);
  const deps = side.assess;
  const pds = await attempt('account', () => Repositories.list(deps.accounts, new Date(startedAt)));
  const repositories = pds.ok ? pds.value : undefined;
  const looking = { ...deps, accounts: repositories?.completing(deps.accounts) ?? deps.accounts };
  const tally = new Tally();
  const paused = await pausedUsers(deps.events, new Date(startedAt));
  const listed = new NameSet();
  const inTrouble: AuditedUser[] = [];
  let looked = 0;
  let usersInTrouble = 0;
  let unreadable = 0;
  const inexact = new Map<TenantId, InexactReason>();
  let excluded = 0;
  for (const tenant of tenants) {
    const before = looked;
    for await (const page of pagesOf(tenant, since)) {
      const users = notExcluded(page.users, tenant);
      excluded += page.users.length - users.length;
      for (const { userId } of page.users) listed.add(userKey(tenant.keyPrefix, userId));
      for (const assessed of await assess(looking, tenant, users, new Date())) {
        const assessment = withPause(assessed, paused);
        tally.add(assessment);
        if (!isDrifted(assessment)) continue;
        usersInTrouble += 1;
        if (usersInTrouble > limit) continue;
        const row = auditedUser(tenant.id, assessment);
        if (onUser === undefined) inTrouble.push(row);
        else await onUser(row);
      }
      const { length: odd } = page.unreadable ?? [];
      unreadable += odd;
      const reason = page.inexact ?? (odd > 0 ? 'unreadable-rows' : undefined);
      if (reason !== undefined) inexact.set(tenant.id, reason);
      looked += page.users.length;
      onProgress?.(looked, page.total === undefined ? undefined : before + page.total);
    }
  }
  const ids = tenants.map(({ id }) => id);
  const isListed = (key: string): boolean => listed.has(key);
  return {
    asOf: new Date(startedAt).toISOString(),
    since: since?.toISOString() ?? null,
    tenants: ids,
    gaps: (await Promise.all(ids.map((id) => openGaps(deps.events, id)))).flat(),
    totals: tally.totals(),
    situations: tally.situations(),
    indexes: indexes.plan(indexes.WANTED_INDEXES, await deps.documents.indexes()),
    users: inTrouble,
    usersInTrouble,
    unreadable,
    inexact: [...inexact].map(([tenant, reason]) => ({ tenant, reason })),
    excluded,
    deleted: await countDeleted(side.userPages, ids, isListed, new Date()),
    orphans:
      since === undefined && inexact.size === 0
        ? await countOrphans({ ...deps, keySpaces: side.tenants }, ids, isListed, repositories)
        : null,
    durationMs: Date.now() - startedAt,
  };
}

function pagesOf({ directory }: AssessedTenant, since: Date | undefined): AsyncIterable<UserPage> {
  return since === undefined ? directory.everyone() : directory.changedSince(since);
}

export function tenantsNamed<Tenant extends Pick<AssessedTenant, 'id'>>(
  tenants: readonly Tenant[],
  name: string | undefined,
): readonly Tenant[] {
  if (name === undefined) return tenants;
  const found = tenants.filter(({ id }) => id === name);
  if (found.length > 0) return found;
  const known = tenants.map(({ id }) => id).join(', ');
  throw new UsageError(
    `There is no tenant ${visible(name)}. The configured ones: ${known}.`,
    'TENANT_UNKNOWN',
  );
}
