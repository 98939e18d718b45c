/** The overall status, for people: one screen, the worst first, with commands. */

import { counted } from '../count.ts';
import { isWell, type Overview, type Stale, staleSentence } from '../engine/reports/overview.ts';
import { isRunning, type TenantState } from '../engine/reports/tenant-state.ts';
import { haltSentence } from '../engine/sweep/halted-runs.ts';
import { gapSentence } from '../events/gap-text.ts';
import type { IgnoreReason } from '../events/ignored.ts';
import { inexactSentence } from '../events/inexact.ts';
import type { Ignored } from '../ports/intake.ts';
import { formatDuration, formatRelative } from '../terminal/duration.ts';
import { visible } from '../terminal/visible.ts';
import type { Terminal } from './command.ts';

/** More reasons do not fit on one screen. */
const MOST_ROWS = 12;
const NAME_WIDTH = 17;

export function printStatus(
  seen: Overview,
  durationMs: number,
  { stdout, style }: Pick<Terminal, 'stdout' | 'style'>,
): void {
  const { users, queue, asOf } = seen;
  const row = (name: string, text: string) => stdout.write(`  ${name.padEnd(NAME_WIDTH)}${text}\n`);
  const colour = isWell(seen)
    ? 'green'
    : seen.health === 'Degraded' || seen.sync === 'Unknown'
      ? 'red'
      : 'yellow';
  stdout.write(
    `${style(colour, `${seen.sync}, ${seen.health}`)}, as of ${asOf.toISOString()}, in ${formatDuration(durationMs)}\n`,
  );
  for (const stale of seen.stale)
    row(style('red', 'stale'.padEnd(NAME_WIDTH)), staleSentence(stale, timeOf(stale, asOf)));

  const more = seen.isPartial ? 'at least ' : '';
  const standing = [
    `${users.known} known`,
    `${users.synced} in sync`,
    ...some(users.outOfSync, 'out of sync'),
    ...some(users.unknown, 'unknown'),
    ...some(users.unseen, 'never reconciled'),
    ...some(users.deleted, 'deleted in Auth0'),
    ...some(users.excluded, 'excluded'),
    ...some(users.paused, `${more}paused`),
  ];
  row('users', standing.join(', '));
  for (const { resource, have, of } of seen.resources)
    row(
      `  ${resource}`,
      style(have === of ? 'green' : 'red', `${seen.isPartial && have < of ? 'at most ' : ''}${have}/${of}`),
    );
  const oldest =
    queue.oldestDueSince === undefined
      ? ''
      : `, the oldest for ${formatDuration(asOf.getTime() - queue.oldestDueSince.getTime())}`;
  row(
    'queue',
    `${queue.due} due${oldest}, ${queue.waiting} for later, ${users.backingOff} of them after a failure, ${users.quarantined} quarantined`,
  );
  for (const tenant of seen.tenants) {
    printTenant(tenant, asOf, row, style);
    printIgnored(
      seen.ignored.filter((one) => one.tenant === tenant.id),
      row,
    );
  }
  for (const { status, message } of seen.indexes)
    if (status !== 'fit') row(style('red', 'index'.padEnd(NAME_WIDTH)), message);

  if (seen.troubles.length > 0) stdout.write('\n');
  for (const trouble of seen.troubles.slice(0, MOST_ROWS)) {
    const { resource, reason, users: count, since } = trouble;
    stdout.write(
      `${style('yellow', String(count).padStart(7))} ${resource} ${visible(reason)}, since ${since.toISOString()}: ${visible(trouble.command)}\n`,
    );
  }
  if (seen.troubles.length > MOST_ROWS)
    stdout.write(`and ${counted(seen.troubles.length - MOST_ROWS, 'more reason')}; --json has them all\n`);
  if (users.quarantined > 0)
    stdout.write(
      `${style('red', String(users.quarantined).padStart(7))} quarantined: concord retry --failed\n`,
    );

  if (seen.alerts.length > 0) stdout.write('\n');
  for (const { cause, firstSeenAt } of seen.alerts) {
    const lasted = formatDuration(asOf.getTime() - firstSeenAt.getTime());
    stdout.write(`${style('red', 'alert')}  for ${lasted}: ${visible(cause.what)}\n`);
    stdout.write(`       ${visible(cause.command)}\n`);
  }
}

function some(count: number, what: string): readonly string[] {
  return count === 0 ? [] : [`${count} ${what}`];
}

function printTenant(
  { id, gaps, log, stream, sweep }: TenantState,
  asOf: Date,
  row: (name: string, text: string) => void,
  style: Terminal['style'],
): void {
  const ago = (at: Date | undefined) => (at === undefined ? 'never' : formatRelative(at, asOf));
  row(
    visible(id),
    `stream delivered ${ago(stream?.deliveredAt)}, log read ${ago(log?.readAt)}, full sweep ${ago(sweep.completeAt)}`,
  );
  if (sweep.begun !== undefined)
    row(
      '',
      `a sweep began ${ago(sweep.begun.at)}${isRunning(sweep.begun, asOf) ? '' : ', and no process runs it'}`,
    );
  const { last } = sweep;
  if (last?.inexact !== undefined)
    row(
      '',
      `${style('yellow', 'the last sweep is incomplete')}: ${inexactSentence(last.inexact)} It compared the ${last.users} listed users, and concluded of no user that it is missing.`,
    );
  else if (last?.complete === false) row('', style('red', 'the last sweep broke off'));
  for (const gap of gaps) row('', `${style('red', 'gap')}  ${gapSentence(gap)}`);
  for (const halt of sweep.halts) row('', `${style('red', 'halted')}  ${haltSentence(halt)}`);
}

const IGNORED_FOR: Readonly<Record<IgnoreReason, string>> = {
  'no-subject': 'without a user',
  'not-a-user-id': 'with an id that is not provider|id',
  excluded: 'of excluded users',
};

function printIgnored(ignored: readonly Ignored[], row: (name: string, text: string) => void): void {
  const since = ignored.map(({ firstAt }) => firstAt.getTime());
  if (since.length === 0) return;
  const counts = ignored.map(({ reason, count }) => `${count} ${IGNORED_FOR[reason]}`);
  row('', `ignored since ${new Date(Math.min(...since)).toISOString()}: ${counts.join(', ')}`);
}

function timeOf({ since }: Stale, now: Date): string {
  return since === undefined ? 'yet' : `since ${since.toISOString()} (${formatRelative(since, now)})`;
}
