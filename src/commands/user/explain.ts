/**
 * `concord explain <user>`: the chain from the webhook to the account. Reads only. Where Auth0 or the PDS is not
 * configured or cannot be reached, it says so and shows what the log has.
 */

import { type Explained, explainUser } from '../../engine/reports/explain-user.ts';
import { UsageError } from '../../errors.ts';
import type { Chain } from '../../events/causes.ts';
import type { ConcordEvent } from '../../events/event.ts';
import { summary } from '../../events/summary.ts';
import { describeAction } from '../../reconcilers/registry.ts';
import { printJson } from '../../terminal/output.ts';
import { visible } from '../../terminal/visible.ts';
import { wireReadSide } from '../../wiring/read-side.ts';
import { EXIT, type ExitCode, type GlobalOptions, reachedConfigFor, terminalOf } from '../command.ts';
import { momentAgo } from '../moment.ts';
import { printExplanation } from './explain-report.ts';
import { findUser } from './find-user.ts';

export interface ExplainOptions extends GlobalOptions {
  /** As of then, by the log alone: a duration such as 12h ago, or a moment. */
  readonly at?: string | undefined;
  /** By the log alone. */
  readonly offline?: boolean | undefined;
  /** The most effects to list: the newest. */
  readonly limit: number;
}

export async function runExplain(text: string, options: ExplainOptions): Promise<ExitCode> {
  const now = new Date();
  const at = options.at === undefined ? undefined : momentAgo(options.at, now, '--at');
  // A missing setting is reported when it is needed; the rest is still shown.
  const config = await reachedConfigFor(options, ['mongodb']);
  const terminal = terminalOf(options);
  const side = wireReadSide(config);
  try {
    const found = await findUser(text, side.tenants, side.assess);
    const asked = { at, isOffline: options.offline === true };
    const explained = await explainUser({ ...side.assess, pages: side.pages }, found, now, asked);
    if (!explained.isKnown)
      throw new UsageError(
        `${visible(found.user)} is unknown, and Auth0 has no such user or was not read.`,
        'USER_NOT_FOUND',
      );
    if (terminal.json) printJson({ command: 'explain', ...toJson(explained) });
    else printExplanation(explained, options.limit, terminal);
    return EXIT.clean;
  } finally {
    await side.close();
  }
}

function toJson({ explanation, unread }: Explained) {
  const { known, heard, plan, withheld, conditions, effects, at, retryAt, deleted, noUser, ...rest } =
    explanation;
  return {
    ...rest,
    at: at.toISOString(),
    deleted: deleted === undefined ? null : { ...deleted, since: deleted.since?.toISOString() ?? null },
    notAUser: noUser === undefined ? null : { since: noUser.since?.toISOString() ?? null },
    excludedBy: explanation.excludedBy ?? null,
    unread,
    heard: {
      count: heard.count,
      isMore: heard.isMore,
      newest: heard.newest === undefined ? null : link(heard.newest),
    },
    known: known.map(({ event, chain }) => ({ ...link(event), ...because(chain) })),
    plan: plan?.map(describeAction) ?? null,
    withheld: withheld ?? null,
    retryAt: retryAt?.toISOString() ?? null,
    conditions: conditions.map(({ since = null, event = null, before = null, ...said }) => ({
      ...{ ...said, since, event, before },
    })),
    effects: effects.map(({ event, chain }) => ({ ...link(event), ...because(chain) })),
  };
}

function link(event: ConcordEvent) {
  const { _id: id, user, type, at } = event;
  return { event: id, user, type, at: at.toISOString(), what: summary(event) };
}

function because({ links, origins, basis, flaw }: Chain) {
  return {
    because: links.map(link),
    origins: origins.map(({ _id }) => _id),
    basis: basis?._id ?? null,
    flaw: flaw ?? null,
  };
}
