/** What an audit found, for people. */

import { counted } from '../../count.ts';
import type { AuditedUser } from '../../engine/sweep/audit.ts';
import type { OrphanCounts } from '../../engine/sweep/orphans/count-orphans.ts';
import type { ResourceTotals, Share, Situation } from '../../events/data/runs.ts';
import type { Gap } from '../../events/gap.ts';
import { gapSentence } from '../../events/gap-text.ts';
import { type InexactReason, inexactSentence } from '../../events/inexact.ts';
import type { IndexFinding } from '../../reconcilers/indexes.ts';
import { formatDuration } from '../../terminal/duration.ts';
import { visible } from '../../terminal/visible.ts';
import type { Terminal } from '../command.ts';

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
  if (report.last !== null) stdout.write(`  of the ${counted(report.last, 'newest sign-up')} at most\n`);
  for (const { tenant, reason } of report.inexact)
    stdout.write(
      `  ${style('yellow', 'incomplete')}  ${visible(tenant)}: ${inexactSentence(reason)} The figures cover listed users only.\n`,
    );
  if (report.since !== null) stdout.write(`  of users created or changed since ${report.since}\n`);
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
  for (const { resource, reason, users } of report.situations)
    stdout.write(`  ${style('yellow', String(users).padStart(9))} ${resource} ${visible(reason)}\n`);
  if (report.unreadable > 0)
    stdout.write(
      `  ${style('red', String(report.unreadable).padStart(9))} ${report.unreadable === 1 ? "row of Auth0's listing names" : "rows of Auth0's listing name"} no user\n`,
    );
  if (report.excluded > 0)
    stdout.write(
      `  ${String(report.excluded).padStart(9)} excluded by the configuration; not in the figures above\n`,
    );
  if (report.deleted !== null && report.deleted > 0)
    stdout.write(
      `  ${String(report.deleted).padStart(9)} deleted in Auth0, by what Concord knows; not in the figures above\n`,
    );
  printOrphans(report, stdout);
  if (report.withoutAccount !== null) {
    const { users, pending } = report.withoutAccount;
    stdout.write(
      `  ${counted(users, 'user')} without an account, ${pending} of them should have one or are not known\n`,
    );
  } else if (report.usersInTrouble === 0)
    stdout.write(`${style('green', 'All listed users are in sync.')}\n`);
  if (report.users.length === 0) return;
  stdout.write('\n');
  for (const user of report.users) {
    const name = [user.code, user.platformHandle === null ? null : `@${user.platformHandle}`].filter(
      (part) => part !== null,
    );
    const signedUp = report.last === null ? '' : `${user.createdAt ?? 'at an unknown time'}  `;
    stdout.write(
      `${signedUp}${style('yellow', visible(user.user))}  ${visible(name.join('  '))}  ${user.sync}, ${user.health}\n`,
    );
    for (const issue of user.issues) stdout.write(`  - ${visible(issue)}\n`);
  }
  const all = report.last ?? report.withoutAccount?.users ?? report.usersInTrouble;
  const unlisted = report.last === null ? all - report.users.length : 0;
  if (unlisted > 0) stdout.write(`and ${unlisted} more; --limit ${all} lists them all\n`);
}

function printOrphans({ orphans }: AuditReport, stdout: Terminal['stdout']): void {
  const [documents, accounts] = [orphans?.documents ?? 0, orphans?.accounts ?? 0];
  if (documents + accounts > 0)
    stdout.write(
      `  ${counted(documents, 'document')} and ${counted(accounts, 'account')} without a user; list them with: concord audit --orphans\n`,
    );
}

export interface AuditReport {
  readonly asOf: string;
  /** Null unless only users created or changed since then were compared. */
  readonly since: string | null;
  /** Null unless only so many of the newest sign-ups were compared. */
  readonly last: number | null;
  readonly tenants: readonly string[];
  /** Periods in which events may be missing. */
  readonly gaps: readonly Gap[];
  readonly totals: ResourceTotals;
  /** Why users are out of sync, the most frequent reason first. */
  readonly situations: readonly Situation[];
  readonly indexes: readonly IndexFinding[];
  /** Users out of sync, up to the limit; with `last` all users, with `withoutAccount` users without an account. */
  readonly users: readonly AuditedUser[];
  readonly usersInTrouble: number;
  /** Null unless they are listed. */
  readonly withoutAccount: WithoutAccount | null;
  /** Rows of the listings that name no user; in no other figure here. */
  readonly unreadable: number;
  /** Listings that were not exact: the figures cover listed users, and say nothing about missing ones. */
  readonly inexact: readonly { readonly tenant: string; readonly reason: InexactReason }[];
  /** Listed users that the configuration excludes; in no other figure here. */
  readonly excluded: number;
  /** Known users who are deleted in Auth0 or forgotten, by the read model: in no listing, and in no other figure here. Null with `last`. */
  readonly deleted: number | null;
  /** By the listings alone; null when not all users were compared, or a listing was not exact. */
  readonly orphans: OrphanCounts | null;
  readonly durationMs: number;
}

export interface WithoutAccount {
  readonly users: number;
  /** Those who should have an account, or may need one. */
  readonly pending: number;
}
