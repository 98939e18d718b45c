/** `concord audit`: how many users have what they should have, and who has not. Reads only. */
import { type AssessedTenant, assess, isDrifted } from '../engine/assess.ts';
import { type AuditedUser, auditedUser, Tally } from '../engine/audit.ts';
import { openGaps } from '../engine/gaps.ts';
import { pausedUsers, withPause } from '../engine/paused.ts';
import { UsageError } from '../errors.ts';
import type { ResourceTotals, Share } from '../events/event.ts';
import type { Gap } from '../events/gap.ts';
import * as indexes from '../reconcilers/indexes.ts';
import { formatDuration } from '../terminal/duration.ts';
import { printJson } from '../terminal/output.ts';
import { createProgress } from '../terminal/progress.ts';
import { visible } from '../terminal/visible.ts';
import { type ReadSide, wireReadSide } from '../wire.ts';
import { runOrphanAudit } from './audit-orphans.ts';
import { configFor, EXIT, type ExitCode, type GlobalOptions, type Terminal, terminalOf } from './command.ts';
import { gapSentence, gapToJson } from './gap-text.ts';

export interface AuditOptions extends GlobalOptions {
  readonly tenant?: string | undefined;
  /** The most users to list; the totals are of everyone. */
  readonly limit: number;
  /** Look for what belongs to nobody, instead. */
  readonly orphans?: boolean | undefined;
}

export interface AuditReport {
  readonly asOf: string;
  readonly tenants: readonly string[];
  /** Times of which something may have been missed. */
  readonly gaps: readonly Gap[];
  readonly totals: ResourceTotals;
  readonly indexes: readonly indexes.IndexFinding[];
  /** Who is not as desired, up to the limit. */
  readonly users: readonly AuditedUser[];
  readonly usersInTrouble: number;
  readonly durationMs: number;
}

export async function runAudit(options: AuditOptions): Promise<ExitCode> {
  if (options.orphans === true) return runOrphanAudit(options);
  const config = configFor(options, ['mongodb', 'auth0', 'pds']);
  const terminal = terminalOf(options);
  const side = wireReadSide(config);
  try {
    const progress = createProgress({
      label: 'looking at users',
      stream: terminal.stderr,
      now: () => new Date(),
    });
    const report = await audit(side, options, (users) => progress.update(users));
    progress.finish();
    if (terminal.json) printJson({ command: 'audit', ...report, gaps: report.gaps.map(gapToJson) });
    else printAudit(report, terminal);
    const unfit = report.indexes.some(({ status }) => status !== 'fit');
    return report.usersInTrouble > 0 || unfit ? EXIT.differences : EXIT.clean;
  } finally {
    await side.close();
  }
}

export async function audit(
  side: Pick<ReadSide, 'assess' | 'tenants'>,
  options: { readonly tenant?: string | undefined; readonly limit: number },
  onProgress?: (users: number) => void,
): Promise<AuditReport> {
  const startedAt = Date.now();
  const tenants = tenantsNamed(side.tenants, options.tenant);
  const tally = new Tally();
  const paused = await pausedUsers(side.assess.events, new Date(startedAt));
  const users: AuditedUser[] = [];
  let seen = 0;
  let usersInTrouble = 0;
  for (const tenant of tenants) {
    for await (const page of tenant.directory.everyone()) {
      for (const assessed of await assess(side.assess, tenant, page.users, new Date())) {
        const assessment = withPause(assessed, paused);
        tally.add(assessment);
        if (!isDrifted(assessment)) continue;
        usersInTrouble += 1;
        if (users.length < options.limit) users.push(auditedUser(tenant.id, assessment));
      }
      seen += page.users.length;
      onProgress?.(seen);
    }
  }
  return {
    asOf: new Date(startedAt).toISOString(),
    tenants: tenants.map(({ id }) => id),
    gaps: (await Promise.all(tenants.map(({ id }) => openGaps(side.assess.events, id)))).flat(),
    totals: tally.totals(),
    indexes: indexes.plan(indexes.WANTED_INDEXES, await side.assess.documents.indexes()),
    users,
    usersInTrouble,
    durationMs: Date.now() - startedAt,
  };
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

export function printAudit(report: AuditReport, { stdout, style }: Pick<Terminal, 'stdout' | 'style'>): void {
  const { totals } = report;
  const line = (name: string, share: Share, note = '') => {
    const text = `${share.have}/${share.of}`;
    const coloured = style(share.have === share.of ? 'green' : 'red', text.padStart(9));
    stdout.write(`  ${name.padEnd(14)}${coloured}${note === '' ? '' : `   ${note}`}\n`);
  };
  stdout.write(
    `${style('bold', report.tenants.join(', '))}, as of ${report.asOf}, in ${formatDuration(report.durationMs)}\n`,
  );
  for (const gap of report.gaps)
    stdout.write(`  ${style('red', 'gap')}  ${visible(gap.tenant)}: ${gapSentence(gap)}\n`);
  line('verifications', totals.verifications);
  line('users', totals.users);
  line('codes', totals.codes);
  stdout.write(
    `  ${'handles'.padEnd(14)}${`${totals.handles.have}/${totals.handles.of}`.padStart(9)}   chosen by users\n`,
  );
  const waiting = totals.waitingForEmailVerification;
  line('accounts', totals.accounts, waiting === 0 ? '' : `${waiting} more waiting for email verification`);
  for (const { status, message } of report.indexes)
    if (status !== 'fit') stdout.write(`  ${style('red', 'index')}  ${message}\n`);
  if (report.users.length === 0) {
    stdout.write(`${style('green', 'Everyone is as desired.')}\n`);
    return;
  }
  stdout.write('\n');
  for (const user of report.users) {
    const name = [user.code, user.platformHandle === null ? null : `@${user.platformHandle}`].filter(
      (part) => part !== null,
    );
    stdout.write(
      `${style('yellow', visible(user.user))}  ${visible(name.join('  '))}  ${user.sync}, ${user.health}\n`,
    );
    for (const issue of user.issues) stdout.write(`  - ${visible(issue)}\n`);
  }
  const unlisted = report.usersInTrouble - report.users.length;
  if (unlisted > 0) stdout.write(`and ${unlisted} more; --limit ${report.usersInTrouble} lists them all\n`);
}
