/** An explanation as one screen for a person on call: the user's status, the reasons and the causes. */

import { counted } from '../../count.ts';
import type { Effect, ExplainedCondition, Explanation, Known } from '../../engine/reports/explain.ts';
import type { Explained, Unread } from '../../engine/reports/explain-user.ts';
import { type Chain, isReconciliation, partOf } from '../../events/causes.ts';
import { excludedMessage } from '../../events/condition.ts';
import type { ConcordEvent } from '../../events/event.ts';
import { summary } from '../../events/summary.ts';
import type { Health, Sync } from '../../ports/subjects.ts';
import { upstreamOf } from '../../ports/upstreams.ts';
import { describeAction } from '../../reconcilers/registry.ts';
import { formatRelative } from '../../terminal/duration.ts';
import type { Format } from '../../terminal/style.ts';
import { type Cell, formatTable } from '../../terminal/table.ts';
import { visible } from '../../terminal/visible.ts';
import type { Terminal } from '../command.ts';

const SYNC_COLORS: Readonly<Record<Sync, Format>> = { Synced: 'green', OutOfSync: 'red', Unknown: 'yellow' };
const HEALTH_COLORS: Readonly<Record<Health, Format>> = {
  Healthy: 'green',
  Progressing: 'yellow',
  Degraded: 'red',
  Suspended: 'yellow',
  Deleted: 'dim',
  Excluded: 'dim',
};

export function printExplanation(explained: Explained, limit: number, terminal: Terminal): void {
  const { explanation } = explained;
  const { stdout, style } = terminal;
  const { user, sync, health, deleted, noUser, excludedBy } = explanation;
  // A deleted user is never shown as in sync, even when nothing is missing.
  const axes = health === 'Deleted' && sync === 'Synced' ? '' : `${style(SYNC_COLORS[sync], sync)}  `;
  const say = (line = '') => stdout.write(`${line}\n`);
  const section = (title: string, head: readonly string[], rows: readonly (readonly Cell[])[]) => {
    say();
    say(style('bold', title));
    if (rows.length > 0) say(formatTable({ head, rows, style, width: stdout.columns }));
  };
  const standing = noUser === undefined ? `${axes}${style(HEALTH_COLORS[health], health)}` : 'not a user';
  say(`${style('bold', visible(user))}  ${standing}`);
  if (noUser !== undefined) say(style('yellow', noUserSentence(noUser)));
  if (excludedBy !== undefined) say(style('yellow', visible(excludedMessage(excludedBy))));
  if (deleted !== undefined) say(style('yellow', deletedSentence(deleted)));
  say(sourceOf(explained));
  if (explanation.withheld !== undefined) say(style('yellow', visible(explanation.withheld.message)));
  if (explanation.quarantined) say(style('red', `Quarantined after ${explanation.attempts} failures.`));
  if (explanation.untold.length > 0)
    say(`Not in the log yet; the next reconciliation records: ${explanation.untold.join(', ')}`);
  section(
    'Known facts',
    ['SINCE', 'FROM', 'WHAT', 'BECAUSE OF'],
    explanation.known.map((known) => rowOf(known, explanation)),
  );
  section(
    'Desired and actual state',
    ['RESOURCE', 'DESIRED', 'ACTUAL'],
    explanation.resources.map(({ resource, desired, actual }) => [resource, desired, actual]),
  );
  section('Plan', ['RESOURCE', 'ACTION', 'DETAIL'], planRows(explanation));
  if (explanation.plan === undefined) say('Unknown: the actual state was not read.');
  else if (explanation.plan.length === 0) say('Nothing.');
  if (explanation.retryAt !== undefined) say(`Next reconciliation at ${explanation.retryAt.toISOString()}.`);
  section(
    'Conditions',
    ['RESOURCE', 'STATUS', 'REASON', 'SINCE', 'MESSAGE'],
    explanation.conditions.map((condition) => conditionRow(condition, terminal)),
  );
  const shown = explanation.effects.slice(-limit);
  section(
    'Effects and their causes',
    ['AT', 'EFFECT', 'WHAT', 'BECAUSE OF'],
    shown.map((effect) => rowOf(effect, explanation)),
  );
  if (shown.length === 0) say('Nothing.');
  const earlier = explanation.effects.length - shown.length;
  if (earlier > 0) say(`Show ${earlier} earlier ones with: concord explain <user> --limit 0`);
}

function sourceOf({ explanation, unread }: Explained): string {
  const { source, at, heard } = explanation;
  const spoken =
    heard.newest === undefined
      ? 'no events about this user'
      : `${heard.isMore ? 'more than ' : ''}${counted(heard.count, 'incoming event')}, the last ${formatRelative(heard.newest.recordedAt, at)}`;
  if (source === 'log') {
    const why = unread.length === 0 ? '' : ` ${unread.map(unreadText).join('; ')}.`;
    return `From the log, as of ${at.toISOString()}; ${spoken}.${why}`;
  }
  const partly = unread.length === 0 ? '' : `, except that ${unread.map(unreadText).join('; ')}`;
  return `Read at ${at.toISOString()}${partly}; ${spoken}.`;
}

function deletedSentence({ since, forgotten }: NonNullable<Explanation['deleted']>): string {
  const when = since === undefined ? '' : ` (since ${since.toISOString()})`;
  const said = `The user is deleted in Auth0${when}.`;
  return forgotten ? `The user is forgotten: personal data is blanked in the log. ${said}` : said;
}

function noUserSentence({ since }: NonNullable<Explanation['noUser']>): string {
  return since === undefined
    ? 'This is not the key of a user: ids of Auth0 have the form provider|id. Concord does nothing for it.'
    : `Auth0 says that this is not the id of a user (since ${since.toISOString()}). Concord does nothing for it.`;
}

function unreadText({ upstream, code }: Unread): string {
  const { title } = upstreamOf(upstream);
  return code === 'NOT_CONFIGURED' ? `${title} is not configured` : `${title} could not be read (${code})`;
}

function rowOf({ event, chain }: Known | Effect, { user }: Explanation): Cell[] {
  return [event.at.toISOString(), event.type, summary(event), story(chain, user)];
}

const STARTS: readonly (string | undefined)[] = ['heard', 'learned', 'decided'];

/** The first cause, then what was learned on the way; the steps between are in `--json`. */
function story({ links, basis, flaw }: Chain, user: string): string {
  if (flaw !== undefined) return `? ${flaw}`;
  const told = links.filter((link) => isReconciliation(link) || STARTS.includes(partOf(link.type)));
  const words = told.reverse().map((link) => wordOf(link, user));
  if (basis !== undefined) words.push(`what Auth0 said at ${basis.at.toISOString()}`);
  return words.join(', then ');
}

function wordOf(event: ConcordEvent, user: string): string {
  const whose = event.user === user ? '' : ` of ${event.user ?? 'no user'}`;
  if (isReconciliation(event)) return 'a reconciliation without a trigger';
  if (event.type === 'auth0.log-received')
    return `log entry ${event.data.code}${whose} of ${event.at.toISOString()}`;
  if (event.type === 'auth0.event-received') return `event ${event.data.name}${whose}`;
  const isFound = partOf(event.type) === 'learned' && event.cause.length === 0;
  return isFound ? `an observation, which found ${event.type}${whose}` : `${event.type}${whose}`;
}

function planRows({ plan = [] }: Explanation): Cell[][] {
  return plan.map(describeAction).map(({ resource, type, detail }) => [resource, type, detail]);
}

function conditionRow(condition: ExplainedCondition, { style }: Terminal): Cell[] {
  const { type, status, reason, since, message, held, before } = condition;
  const color: Format = status === 'True' ? 'green' : held ? 'red' : 'yellow';
  const known = before === undefined ? '' : ` Before: ${before.reason}, since ${before.since}.`;
  return [
    type,
    { text: held ? `${status}, held` : status, style: (text) => style(color, text) },
    reason,
    since ?? 'now',
    message + known,
  ];
}
