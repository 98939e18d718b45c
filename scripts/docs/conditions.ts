/** docs/conditions-and-alerts.md, from the guides beside the reasons and the causes. */

import { CAUSE_GUIDE } from '../../src/alerts/cause-guide.ts';
import { CAUSE_KINDS } from '../../src/ports/alerts.ts';
import { ACTION_GUIDE, PDS_COMMANDS, type ReasonGuide } from '../../src/reconcilers/action-guide.ts';
import { IN_ORDER_GUIDE, PENDING_GUIDE } from '../../src/reconcilers/condition-guide.ts';
import { code, fenced, page, table } from './markdown.ts';

export function conditionsPage(): string {
  return page(
    '# Conditions and alerts',
    [
      'A *condition* says how one resource of one user stands: its type (the resource), status, reason, message and since when.',
      '`concord explain <user>` and the dashboard show all conditions of a user, `concord status` and `concord audit` count them. An',
      '*alert* is about one cause, however many users it concerns.',
    ].join('\n'),
    '## Conditions that need action',
    [
      'Only a person can resolve these. The message of each names its commands, ready to paste. Below, `<user>` and `<other>` are',
      'users, and `<key>` is the key of the user, in double quotes for the MongoDB shell.',
    ].join('\n'),
    reasonTable('what to do', ACTION_GUIDE),
    '## Commands on the PDS',
    'Run them with `PDS_URL` and `PDS_ADMIN_PASSWORD` in the environment.',
    fenced(
      'sh',
      PDS_COMMANDS.flatMap(({ name, command }) => [`# ${name}`, command]),
    ),
    '## Conditions that end by themselves',
    'Do nothing. If one of them lasts, `concord explain <user>` shows what it waits for.',
    reasonTable('meaning', PENDING_GUIDE),
    '## Conditions that are in order',
    'Do nothing. Each describes a user who is in sync, or a user for which Concord does nothing.',
    reasonTable('meaning', IN_ORDER_GUIDE),
    '## Problems that stop Concord',
    table(
      ['code', 'what to do'],
      [
        [
          code('COLLATION_UNFIT'),
          'The default collation of a collection is not simple, so keys that differ only in case are one key. Concord does not start and writes nothing. `concord doctor` names the collection and how to replace it',
        ],
        [
          code('CREDENTIAL_STORAGE_UNSET'),
          'The database has plaintext passwords and `credentials.storage` is not set: see [passwords.md](passwords.md)',
        ],
        [code('CONFIG_INVALID'), 'The message lists every problem: see [configuration.md](configuration.md)'],
      ],
    ),
    '## Alerts',
    [
      '`concord serve` looks for causes every ten seconds, and at once when a user fails. An alert is one for each cause, however many',
      'users it concerns. A notice is sent when it opens, once a day while it lasts, and when it closes. It names the cause, the number',
      'of users, one of them by key, and the command to run.',
    ].join('\n'),
    [
      'A notice is always a line in the log (`an alert is open`). With `ALERT_SLACK_URL` (Slack incoming webhooks, and services that',
      'accept the same) or `ALERT_WEBHOOK_URL` (JSON with a version) it is also sent as a request; add receivers in',
      '[`alerts.receivers`](configuration.md#alerts). A receiver that is not reachable gets the notice later, at least once; the `id`',
      'of a notice shows whether it was received before. A notice that a receiver refuses five times is given up: the log has the error',
      '`an alert was not delivered to a receiver`, and `concord_alert_notices_total{outcome="given_up"}` counts it. Notices about other',
      'causes do not wait for it. A cause that may be transient must last twenty seconds or concern five users.',
    ].join('\n'),
    table(
      ['cause', 'when', 'what to do'],
      CAUSE_KINDS.flatMap((kind) => CAUSE_GUIDE[kind].map(({ id, when, fix }) => [code(id), when, fix])),
    ),
  );
}

function reasonTable(heading: string, guides: readonly ReasonGuide[]): string {
  return table(
    ['resource', 'reason', heading],
    guides.map(({ types, reasons, meaning }) => [types.join(', '), reasons.map(code).join(', '), meaning]),
  );
}
