/** `concord audit`: how many users are in sync, and which are not. Reads only. */
import { openGaps } from '../../engine/intake/gaps.ts';
import { notExcluded } from '../../engine/intake/owner.ts';
import type { AssessDeps, AssessedTenant } from '../../engine/reconcile/read-side.ts';
import { assess, isDrifted } from '../../engine/sweep/assess.ts';
import { type AuditedUser, auditedUser, Tally, withoutAccount } from '../../engine/sweep/audit.ts';
import { type Audited, auditedPages, readingEach } from '../../engine/sweep/audited-pages.ts';
import { countDeleted } from '../../engine/sweep/deleted-users.ts';
import { NameSet } from '../../engine/sweep/listings/name-set.ts';
import { Repositories } from '../../engine/sweep/listings/repositories.ts';
import { countOrphans } from '../../engine/sweep/orphans/count-orphans.ts';
import { pausedUsers, withPause } from '../../engine/sweep/paused.ts';
import { UsageError } from '../../errors.ts';
import { gapToJson } from '../../events/gap-text.ts';
import type { InexactReason } from '../../events/inexact.ts';
import { type TenantId, userKey } from '../../identity.ts';
import type { AccountReader } from '../../ports/accounts.ts';
import type { UserPages } from '../../ports/subjects.ts';
import { attempt } from '../../reconcilers/attempt.ts';
import * as indexes from '../../reconcilers/indexes.ts';
import { printJson, printLine, SCHEMA_VERSION } from '../../terminal/output.ts';
import { createProgress } from '../../terminal/progress.ts';
import { wireReadSide } from '../../wiring/read-side.ts';
import { EXIT, type ExitCode, type GlobalOptions, reachedConfigFor, terminalOf } from '../command.ts';
import { momentAgo } from '../moment.ts';
import { refuseLoginOptions, runLoginAudit } from './logins.ts';
import { runOrphanAudit } from './orphans.ts';
import { type AuditReport, printAudit } from './report.ts';
import { tenantsNamed } from './tenants-named.ts';

export interface AuditOptions extends GlobalOptions {
  readonly tenant?: string | undefined;
  /** The most users to list; the totals cover all users. Default: 50, and all in a stream. */
  readonly limit?: number | undefined;
  /** Only users created or changed in Auth0 since: a duration such as 24h, or a moment. */
  readonly since?: string | undefined;
  /** One line for each user in trouble, as soon as it is found, and a last one with the totals. */
  readonly ndjson?: boolean | undefined;
  /** Only so many of the newest sign-ups, all listed, in sync or not. */
  readonly last?: number | undefined;
  /** List users without an account, and why, instead of users who are out of sync. */
  readonly withoutAccount?: boolean | undefined;
  /** Test the stored passwords, instead. */
  readonly logins?: boolean | undefined;
  readonly perSecond?: number | undefined;
  readonly restart?: boolean | undefined;
  /** Look for documents and accounts without a user, instead. */
  readonly orphans?: boolean | undefined;
}

export interface AuditScope extends Audited {
  readonly tenant?: string | undefined;
  readonly limit: number;
  readonly withoutAccount?: boolean | undefined;
  /** Called for each user in trouble, up to the limit; the report then does not keep them. */
  readonly onUser?: (user: AuditedUser) => Promise<void>;
  readonly onProgress?: (users: number, total: number | undefined) => void;
}

const DEFAULT_LIMIT = 50;

export async function runAudit(options: AuditOptions): Promise<ExitCode> {
  const isStream = options.ndjson === true;
  const limit = options.limit ?? (isStream ? Number.POSITIVE_INFINITY : DEFAULT_LIMIT);
  if (options.logins === true) {
    const others = [options.since, options.last, options.withoutAccount, options.orphans, options.ndjson];
    if (others.some((one) => one !== undefined))
      throw new UsageError(
        '--logins tests every stored password and prints one document. It cannot be combined with this option.',
      );
    return runLoginAudit({ ...options, limit });
  }
  refuseLoginOptions(options);
  if (options.orphans === true) {
    if (isStream || [options.since, options.last, options.withoutAccount].some((one) => one !== undefined))
      throw new UsageError(
        '--orphans reads all tenants and prints one document. It cannot be combined with this option.',
      );
    return runOrphanAudit({ ...options, limit });
  }
  if (isStream && options.json === true) throw new UsageError('Give --json or --ndjson, not both.');
  if (options.last !== undefined && [options.since, options.limit].some((one) => one !== undefined))
    throw new UsageError('--last cannot be combined with --since or --limit.');
  const since = options.since === undefined ? undefined : momentAgo(options.since, new Date());
  const config = await reachedConfigFor(options, ['mongodb', 'auth0', 'pds']);
  const terminal = terminalOf(options);
  const side = wireReadSide(config);
  try {
    await side.checkCollations();
    const progress = createProgress({
      label: 'comparing users',
      stream: terminal.stderr,
      now: () => new Date(),
    });
    const report = await audit(side, {
      ...{ tenant: options.tenant, since, last: options.last, withoutAccount: options.withoutAccount },
      limit: options.last ?? limit,
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
    const differing = report.withoutAccount?.pending ?? report.usersInTrouble;
    const isIncomplete = report.unreadable + report.inexact.length > 0;
    return differing > 0 || isIncomplete || unfit ? EXIT.differences : EXIT.clean;
  } finally {
    await side.close();
  }
}

function toJson(report: AuditReport) {
  return { ...report, gaps: report.gaps.map(gapToJson) };
}

/** Uses eight bytes of memory for each user and account, and keeps the users of the report. */
export async function audit(
  side: {
    readonly assess: AssessDeps;
    readonly tenants: readonly AssessedTenant[];
    readonly userPages: UserPages;
  },
  {
    tenant: named,
    limit,
    since,
    last,
    withoutAccount: isAccountWanted = false,
    onUser,
    onProgress,
  }: AuditScope,
): Promise<AuditReport> {
  const startedAt = Date.now();
  const tenants = tenantsNamed(side.tenants, named);
  const deps = side.assess;
  const { repositories, accounts } = await accountReaders(deps.accounts, last, new Date(startedAt));
  const looking = { ...deps, accounts };
  const tally = new Tally();
  const paused = await pausedUsers(deps.events, new Date(startedAt));
  const listed = new NameSet();
  const inTrouble: AuditedUser[] = [];
  let looked = 0;
  let usersInTrouble = 0;
  let usersListed = 0;
  let pending = 0;
  let unreadable = 0;
  const inexact = new Map<TenantId, InexactReason>();
  let excluded = 0;
  let current: AssessedTenant | undefined;
  let before = 0;
  const row = { account: isAccountWanted || last !== undefined };
  for await (const { tenant, page } of auditedPages(tenants, { since, last })) {
    if (tenant !== current && last === undefined) [current, before] = [tenant, looked];
    const users = notExcluded(page.users, tenant);
    excluded += page.users.length - users.length;
    for (const { userId } of page.users) listed.add(userKey(tenant.keyPrefix, userId));
    for (const assessed of await assess(looking, tenant, users, new Date())) {
      const assessment = withPause(assessed, paused);
      tally.add(assessment);
      if (isDrifted(assessment)) usersInTrouble += 1;
      const lacking = isAccountWanted ? withoutAccount(assessment) : undefined;
      if (lacking !== undefined && lacking.status !== 'True') pending += 1;
      const isToList = isAccountWanted ? lacking !== undefined : last !== undefined || isDrifted(assessment);
      if (!isToList) continue;
      usersListed += 1;
      if (usersListed > limit) continue;
      const user = auditedUser(tenant.id, assessment, row);
      if (onUser === undefined) inTrouble.push(user);
      else await onUser(user);
    }
    const { length: odd } = page.unreadable ?? [];
    unreadable += odd;
    const reason = page.inexact ?? (odd > 0 ? 'unreadable-rows' : undefined);
    if (reason !== undefined) inexact.set(tenant.id, reason);
    looked += page.users.length;
    onProgress?.(looked, page.total === undefined ? undefined : before + page.total);
  }
  const ids = tenants.map(({ id }) => id);
  const isListed = (key: string): boolean => listed.has(key);
  return {
    asOf: new Date(startedAt).toISOString(),
    since: since?.toISOString() ?? null,
    last: last ?? null,
    withoutAccount: isAccountWanted ? { users: usersListed, pending } : null,
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
    deleted: last === undefined ? await countDeleted(side.userPages, ids, isListed, new Date()) : null,
    orphans:
      since === undefined && last === undefined && inexact.size === 0
        ? await countOrphans({ ...deps, keySpaces: side.tenants }, ids, isListed, repositories)
        : null,
    durationMs: Date.now() - startedAt,
  };
}

/** A few accounts are read one by one; for all users the repositories are listed too. */
async function accountReaders(all: AccountReader, last: number | undefined, now: Date) {
  if (last !== undefined) return { repositories: undefined, accounts: readingEach(all) };
  const listed = await attempt('account', () => Repositories.list(all, now));
  const repositories = listed.ok ? listed.value : undefined;
  return { repositories, accounts: repositories?.completing(all) ?? all };
}
