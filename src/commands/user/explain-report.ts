/** An explanation as one screen for a person on call: how the user stands, why, and what set it going. */

import type { Effect, ExplainedCondition, Explanation, Known } from '../../engine/reports/explain.ts';
import type { Explained, Unread } from '../../engine/reports/explain-user.ts';
import { type Chain, isLook, partOf } from '../../events/causes.ts';
import { type ConcordEvent, excludedMessage } from '../../events/event.ts';
import { summary } from '../../events/summary.ts';
import type { Health, Sync } from '../../ports/subjects.ts';
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
  // A deleted user may lack nothing, and is not in sync for it.
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
  if (explanation.quarantined) say(style('red', `Quarantined after ${explanation.attempts} failed tries.`));
  if (explanation.untold.length > 0)
    say(`Not in the log yet, for the next pass to tell: ${explanation.untold.join(', ')}`);
  section(
    'What is known',
    ['SINCE', 'FROM', 'WHAT', 'BECAUSE OF'],
    explanation.known.map((known) => rowOf(known, explanation)),
  );
  section(
    'What should be, and what is',
    ['RESOURCE', 'DESIRED', 'ACTUAL'],
    explanation.resources.map(({ resource, desired, actual }) => [resource, desired, actual]),
  );
  section('What a pass would do', ['RESOURCE', 'ACTION', 'DETAIL'], planRows(explanation));
  if (explanation.plan === undefined) say('Not known: nobody looked at what is there.');
  else if (explanation.plan.length === 0) say('Nothing.');
  if (explanation.retryAt !== undefined) say(`It looks again at ${explanation.retryAt.toISOString()}.`);
  section(
    'How each resource stands',
    ['RESOURCE', 'STATUS', 'REASON', 'SINCE', 'MESSAGE'],
    explanation.conditions.map((condition) => conditionRow(condition, terminal)),
  );
  const shown = explanation.effects.slice(-limit);
  section(
    'What was done, and what set it going',
    ['AT', 'EFFECT', 'WHAT', 'BECAUSE OF'],
    shown.map((effect) => rowOf(effect, explanation)),
  );
  if (shown.length === 0) say('Nothing.');
  const earlier = explanation.effects.length - shown.length;
  if (earlier > 0) say(`${earlier} earlier ones are shown with: concord explain <user> --limit 0`);
}

function sourceOf({ explanation, unread }: Explained): string {
  const { source, at, heard } = explanation;
  const spoken =
    heard.newest === undefined
      ? 'nothing was ever heard of this user'
      : `heard of ${heard.count} times, last ${formatRelative(heard.newest.recordedAt, at)}`;
  if (source === 'log') {
    const why = unread.length === 0 ? '' : ` ${unread.map(unreadText).join('; ')}.`;
    return `As the log knows it at ${at.toISOString()}; ${spoken}.${why}`;
  }
  const partly = unread.length === 0 ? '' : `, except that ${unread.map(unreadText).join('; ')}`;
  return `As it was found at ${at.toISOString()}${partly}; ${spoken}.`;
}

function deletedSentence({ since, forgotten }: NonNullable<Explanation['deleted']>): string {
  const when = since === undefined ? '' : ` (since ${since.toISOString()})`;
  const said = `The user is deleted in Auth0${when}.`;
  return forgotten ? `The user is forgotten: personal data is blanked in the log. ${said}` : said;
}

function noUserSentence({ since }: NonNullable<Explanation['noUser']>): string {
  return since === undefined
    ? 'This key is not that of a user: the ids of Auth0 are provider|id. Nothing is done for it.'
    : `Auth0 says that this is not the id of a user (since ${since.toISOString()}). Nothing is done for it.`;
}

const NAMES = { auth0: 'Auth0', mongodb: 'MongoDB', pds: 'the PDS', plc: 'the DID directory' } as const;

function unreadText({ upstream, code }: Unread): string {
  return code === 'NOT_CONFIGURED'
    ? `${NAMES[upstream]} is not configured`
    : `${NAMES[upstream]} could not be read (${code})`;
}

function rowOf({ event, chain }: Known | Effect, { user }: Explanation): Cell[] {
  return [event.at.toISOString(), event.type, summary(event), story(chain, user)];
}

/** What set it going first, then what was learned on the way; the steps between are in `--json`. */
function story({ links, basis, flaw }: Chain, user: string): string {
  if (flaw !== undefined) return `? ${flaw}`;
  const told = links.filter(
    (link) => isLook(link) || ['heard', 'learned', 'decided'].includes(partOf(link.type)),
  );
  const words = told.reverse().map((link) => wordOf(link, user));
  if (basis !== undefined) words.push(`what Auth0 said at ${basis.at.toISOString()}`);
  return words.join(', then ');
}

function wordOf(event: ConcordEvent, user: string): string {
  const whose = event.user === user ? '' : ` of ${event.user ?? 'nobody'}`;
  if (isLook(event)) return 'a look that no event asked for';
  if (event.type === 'auth0.log-received')
    return `log entry ${event.data.code}${whose} of ${event.at.toISOString()}`;
  if (event.type === 'auth0.event-received') return `event ${event.data.name}${whose}`;
  const isFound = partOf(event.type) === 'learned' && event.cause.length === 0;
  return isFound ? `a look, which found ${event.type}${whose}` : `${event.type}${whose}`;
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
