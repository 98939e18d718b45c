/** A notice in words and as JSON: for a log line, for a program, and for Slack and compatible services. */

import type { Notice } from '../ports/alerts.ts';
import { formatDuration } from '../terminal/duration.ts';

/** Raised when a field changes its meaning or is removed; a new field does not raise it. */
const NOTICE_VERSION = 1;

export function noticeToJson(notice: Notice) {
  const { id, type, at, opening, firstSeenAt, cause } = notice;
  return {
    schemaVersion: NOTICE_VERSION,
    id,
    type,
    at: at.toISOString(),
    alert: opening,
    cause: cause.id,
    kind: cause.kind,
    tenant: cause.tenant ?? null,
    what: cause.what,
    users: cause.users ?? null,
    orMore: cause.orMore,
    example: cause.example ?? null,
    since: (cause.since < firstSeenAt ? cause.since : firstSeenAt).toISOString(),
    command: cause.command,
    text: noticeText(notice),
  };
}

/** Slack's incoming webhooks, and those of Mattermost, Rocket.Chat and Discord (with /slack at the end). */
export function noticeToSlack(notice: Notice) {
  const [head = '', ...rest] = lines(notice).map(escaped);
  return { text: [`*${head}*`, ...rest].join('\n') };
}

export function noticeText(notice: Notice): string {
  return lines(notice).join('\n');
}

function lines({ type, at, firstSeenAt, cause }: Notice): readonly string[] {
  const lasted = formatDuration(at.getTime() - firstSeenAt.getTime());
  switch (type) {
    case 'opened':
      return [`Concord: ${cause.what}`, ...details(cause)];
    case 'reminded':
      return [`Concord, still, for ${lasted}: ${cause.what}`, ...details(cause)];
    case 'closed':
      return [`Concord: resolved after ${lasted}: ${cause.what}`];
  }
}

function details({ users, orMore, example, command }: Notice['cause']): readonly string[] {
  const counted = `${users}${orMore ? ' or more' : ''} ${users === 1 ? 'user' : 'users'}`;
  const affected =
    users === undefined || users === 0
      ? []
      : [`${counted}${example === undefined ? '' : `, for example ${example}`}`];
  return [...affected, `To do: ${command}`];
}

/** Escapes the three characters that Slack interprets. */
function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
