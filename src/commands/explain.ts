/**
 * `concord explain <user>`: the chain from the webhook to the account. Reads only. Where Auth0 or the PDS is not
 * configured or cannot be reached it says so, and tells what the log knows.
 */
import type { AssessDeps, AssessedTenant } from '../engine/assess.ts';
import { dryRun } from '../engine/dry-run.ts';
import { type Explanation, explain } from '../engine/explain.ts';
import { UpstreamError, UsageError } from '../errors.ts';
import { type Chain, historyOf } from '../events/causes.ts';
import type { ConcordEvent } from '../events/event.ts';
import type { UserKey } from '../identity.ts';
import type { EventReader } from '../ports.ts';
import { printJson } from '../terminal/output.ts';
import { visible } from '../terminal/visible.ts';
import { wireReadSide } from '../wire.ts';
import { configFor, EXIT, type ExitCode, type GlobalOptions, terminalOf } from './command.ts';
import { summary } from './events.ts';
import { printExplanation } from './explain-report.ts';
import { type FoundUser, findUser } from './find-user.ts';
import { momentAgo } from './moment.ts';
import { plannedAction } from './plan.ts';

export interface ExplainOptions extends GlobalOptions {
  /** As of then, by the log alone: a duration such as 12h ago, or a moment. */
  readonly at?: string | undefined;
  /** By the log alone. */
  readonly offline?: boolean | undefined;
  /** The most effects to list: the newest. */
  readonly limit: number;
}

/** A system that could not be asked; without it the log is all there is. */
export interface Unread {
  readonly upstream: 'auth0' | 'mongodb' | 'pds';
  readonly code: string;
}

export interface Explained {
  readonly explanation: Explanation;
  readonly unread: readonly Unread[];
}

export async function runExplain(text: string, options: ExplainOptions): Promise<ExitCode> {
  const now = new Date();
  const at = options.at === undefined ? undefined : momentAgo(options.at, now, '--at');
  // What is lacking is met when it is asked for, and said; it is no reason to say nothing.
  const config = configFor(options, ['mongodb']);
  const terminal = terminalOf(options);
  const side = wireReadSide(config);
  try {
    const found = await findUser(text, side.tenants, side.assess.documents);
    const isToLook = at === undefined && options.offline !== true;
    const explained = await explainUser(side.assess, found, at ?? now, isToLook);
    if (terminal.json) printJson({ command: 'explain', ...toJson(explained) });
    else printExplanation(explained, options.limit, terminal);
    return EXIT.clean;
  } finally {
    await side.close();
  }
}

/** Throws UpstreamError when the log cannot be read, and for nothing else. */
async function explainUser(
  deps: AssessDeps,
  { user, userId, tenant }: FoundUser,
  at: Date,
  isToLook: boolean,
): Promise<Explained> {
  const events = await deps.events.ofUser(user);
  const others = await sistersEvents(deps.events, user, events);
  const looked = isToLook ? await lookNow(deps, tenant, { user, userId }, at) : undefined;
  const explanation = explain({
    ...{ user, tenant, events, at, settings: deps.settings },
    history: historyOf([...events, ...others]),
    look: looked?.look,
  });
  if (events.length === 0 && looked?.look?.facts.auth0 === undefined)
    throw new UsageError(
      `Nothing is known of ${visible(user)}, and Auth0 has no such user or was not asked.`,
      'USER_NOT_FOUND',
    );
  return { explanation, unread: looked?.unread ?? [] };
}

/** A pass over a sister makes this user due, and is the cause then. */
async function sistersEvents(
  reader: EventReader,
  user: UserKey,
  events: readonly ConcordEvent[],
): Promise<ConcordEvent[]> {
  const sisters = new Set(
    events.flatMap((event) => (event.type === 'sister.observed' ? (event.data.user ?? []) : [])),
  );
  sisters.delete(user);
  return (await Promise.all([...sisters].map((sister) => reader.ofUser(sister)))).flat();
}

async function lookNow(
  deps: AssessDeps,
  tenant: AssessedTenant,
  { user, userId }: Pick<FoundUser, 'user' | 'userId'>,
  now: Date,
) {
  try {
    const look = await dryRun(deps, tenant, user, userId, now);
    return { look, unread: look.view.failures.map(({ error }) => unreadOf(error)) };
  } catch (error) {
    return { look: undefined, unread: [unreadOf(error)] };
  }
}

/** Anything but a system that cannot be asked is a defect, and is not taken for one. */
function unreadOf(error: unknown): Unread {
  if (error instanceof UpstreamError) return { upstream: error.upstream, code: error.code };
  if (error instanceof UsageError && error.code === 'CONFIG_INVALID')
    return { upstream: error.message.includes('pds.') ? 'pds' : 'auth0', code: 'NOT_CONFIGURED' };
  throw error;
}

function toJson({ explanation, unread }: Explained) {
  const { known, heard, plan, withheld, conditions, effects, at, retryAt, ...rest } = explanation;
  return {
    ...rest,
    at: at.toISOString(),
    unread,
    heard: { count: heard.count, newest: heard.newest === undefined ? null : link(heard.newest) },
    known: known.map(({ event, chain }) => ({ ...link(event), ...because(chain) })),
    plan: plan?.map(plannedAction) ?? null,
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
