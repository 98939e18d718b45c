/**
 * Reads the data of an explanation, and observes the user where that is requested. It names the systems that cannot be
 * read, or are not configured; the rest is from the log.
 */
import { type Upstream, UpstreamError, UsageError } from '../../errors.ts';
import { historyOf } from '../../events/causes.ts';
import type { ConcordEvent } from '../../events/event.ts';
import { parseAuth0UserId, type UserKey } from '../../identity.ts';
import type { EventReader, HistoryPages } from '../../ports/event-log.ts';
import { isExcluded, type Owned } from '../intake/owner.ts';
import { type DryRun, dryRun } from '../reconcile/dry-run.ts';
import type { AssessDeps, AssessedTenant } from '../reconcile/read-side.ts';
import { causesOf } from './causes.ts';
import { type Explanation, explain } from './explain.ts';

/** A system that could not be read; without it, only the log is known. */
export interface Unread {
  readonly upstream: Upstream;
  readonly code: string;
}

export interface ObservationResult {
  /** Undefined where the user was not observed, or could not be. */
  readonly observation: DryRun | undefined;
  readonly unread: readonly Unread[];
  /** False where Auth0 said that the id is not a user's. */
  readonly isUser: boolean;
}

export const NOT_OBSERVED: ObservationResult = { observation: undefined, unread: [], isUser: true };

export interface Explained {
  readonly explanation: Explanation;
  readonly unread: readonly Unread[];
  /** False when the log has nothing about the user, and Auth0 has no such user or was not read. */
  readonly isKnown: boolean;
}

/** `at` is a past time, which the log alone explains. Throws UpstreamError when MongoDB cannot be read, and nothing else. */
export async function explainUser(
  deps: AssessDeps & { readonly pages: HistoryPages },
  { user, userId, tenant }: Owned<AssessedTenant>,
  now: Date,
  { at = now, isOffline }: { readonly at?: Date | undefined; readonly isOffline: boolean },
): Promise<Explained> {
  const isPast = at !== now;
  const [events, entries, shown] = await Promise.all([
    deps.events.ofUser(user, at),
    deps.pages.entries(user, at),
    isPast ? undefined : deps.subjects.get(user),
  ]);
  const others = await eventsOfLinkedUsers(deps.events, user, events);
  const known = [...events, ...others];
  const isToAsk =
    !isOffline && !isPast && !isExcluded(tenant, user) && parseAuth0UserId(userId) !== undefined;
  const { observation, unread, isUser } = isToAsk
    ? await observeNow(deps, { user, userId, tenant }, at)
    : NOT_OBSERVED;
  const explanation = explain({
    ...{ user, tenant, events, entries, shown, at, settings: deps.settings, observation },
    isUser: isUser && parseAuth0UserId(userId) !== undefined,
    history: historyOf([...known, ...(await causesOf(deps.pages, known))]),
  });
  const isKnown = events.length > 0 || entries.newest !== undefined || observation?.facts.auth0 !== undefined;
  const isTold = explanation.noUser !== undefined || explanation.excludedBy !== undefined;
  return { explanation, unread, isKnown: isKnown || isTold };
}

/** A reconciliation of one of these users makes this user due, and is then the cause. */
async function eventsOfLinkedUsers(
  reader: Pick<EventReader, 'ofUser'>,
  user: UserKey,
  events: readonly ConcordEvent[],
): Promise<ConcordEvent[]> {
  const linkedUsers = new Set(events.flatMap(otherIn));
  linkedUsers.delete(user);
  return (await Promise.all([...linkedUsers].map((linkedUser) => reader.ofUser(linkedUser)))).flat();
}

/** The linked user, or the other user of a transfer. */
function otherIn({ type, data }: ConcordEvent): UserKey | readonly UserKey[] {
  if (type === 'sister.observed') return data.user ?? [];
  if (type === 'sister.named') return data.by ?? [];
  if (type === 'transfer.promised') return data.to;
  return type === 'transfer.granted' ? data.from : [];
}

/** A dry run; reports a system that it could not read instead of throwing. */
export async function observeNow(
  deps: AssessDeps,
  { user, userId, tenant }: Owned<AssessedTenant>,
  now: Date,
): Promise<ObservationResult> {
  try {
    const observation = await dryRun(deps, tenant, user, userId, now);
    return {
      observation,
      unread: observation.view.failures.map(({ error }) => unreadOf(error)),
      isUser: true,
    };
  } catch (error) {
    if (error instanceof UsageError && error.code === 'NOT_A_USER')
      return { observation: undefined, unread: [], isUser: false };
    return { observation: undefined, unread: [unreadOf(error)], isUser: true };
  }
}

/** Any other error is a defect, and is thrown. */
function unreadOf(error: unknown): Unread {
  if (error instanceof UpstreamError) return { upstream: error.upstream, code: error.code };
  if (error instanceof UsageError && error.code === 'CONFIG_INVALID')
    return { upstream: error.message.includes('pds.') ? 'pds' : 'auth0', code: 'NOT_CONFIGURED' };
  throw error;
}
