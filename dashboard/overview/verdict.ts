/**
 * The verdict on the whole: one sentence and one colour.
 *
 * | what is known                                    | colour  |
 * |--------------------------------------------------|---------|
 * | nothing yet, no service reports, or no connection | unknown |
 * | Degraded, an open alert, or an unfit index       | bad     |
 * | Unknown                                          | unknown |
 * | OutOfSync, and the policy is observe-only        | bad: it stays so |
 * | OutOfSync                                        | warn, busy while users are reconciled |
 * | Progressing                                      | busy    |
 * | a user was never reconciled                      | unknown, busy while users are due |
 * | Suspended, or paused users who lack nothing      | idle    |
 * | all known users are deleted in Auth0             | idle    |
 * | Synced and Healthy, and all who are not deleted  | good    |
 */
import type { OverviewAnswer } from '../../src/dashboard-data/answers/overview.ts';
import { count, listed, number, type Tone } from '../words.ts';

export interface Verdict {
  readonly tone: Tone;
  readonly sentence: string;
}

/** Without a connection, data older than this is not trusted. */
export const TRUSTED_FOR_MS = 15_000;

/** `lostForMs`: how long the connection has been lost; 0 while it is live. `refused`: why the server gave no answer. */
export function verdictOf(
  seen: OverviewAnswer | undefined,
  lostForMs: number,
  refused: string | undefined,
): Verdict {
  if (seen === undefined)
    return { tone: 'unknown', sentence: refused === undefined ? 'Loading …' : `Unknown: ${refused}` };
  if (lostForMs > TRUSTED_FOR_MS)
    return {
      tone: 'unknown',
      sentence: 'Unknown: Concord does not answer. The data below is its last answer.',
    };
  const stale = seen.stale.some(({ what }) => what === 'service');
  if (stale) return { tone: 'unknown', sentence: 'Unknown: no service reports. The data below may be old.' };
  if (seen.stale.length > 0)
    return { tone: 'unknown', sentence: 'Unknown: some of the data below is out of date.' };

  const { users } = seen;
  const living = users.known - users.deleted;
  const unfit = seen.indexes.filter(({ status }) => status !== 'fit').length;
  if (seen.health === 'Degraded' || seen.alerts.length > 0 || unfit > 0)
    return { tone: 'bad', sentence: sentenceOf(troubles(seen, unfit)) };
  if (users.known === 0)
    return { tone: 'idle', sentence: 'No users yet. Concord waits for the first sign-up.' };
  if (seen.sync === 'Unknown') return { tone: 'unknown', sentence: `Unknown: ${troubles(seen, unfit)}.` };
  if (seen.health === 'Progressing')
    return { tone: 'busy', sentence: `In progress: ${troubles(seen, unfit)}.` };
  const [worst] = seen.resources.toSorted((a, b) => b.of - b.have - (a.of - a.have));
  const lacking = worst === undefined ? 0 : worst.of - worst.have;
  if (worst !== undefined && lacking > 0 && seen.situations.some(isObserving))
    return {
      tone: 'bad',
      sentence: `${number(lacking)} of ${count(worst.of, 'user')} ${lacking === 1 ? 'lacks' : 'lack'} their ${worst.resource}. The policy is observe-only, so Concord changes nothing.`,
    };
  const areOnlyPaused =
    seen.health === 'Suspended' &&
    users.outOfSync <= users.paused &&
    lacking === 0 &&
    pendingRemovals(seen) === 0;
  if (seen.sync === 'OutOfSync' && !areOnlyPaused)
    return { tone: 'warn', sentence: sentenceOf(troubles(seen, unfit)) };
  if (users.synced + users.paused < living)
    return {
      tone: seen.queue.due > 0 ? 'busy' : 'unknown',
      sentence: `${number(users.synced)} of ${count(living, 'user')} ${users.synced === 1 ? 'is' : 'are'} known to be in sync.`,
    };
  if (seen.health === 'Suspended' || users.paused > 0)
    return {
      tone: 'idle',
      sentence:
        users.paused === 0
          ? 'All users are in sync. The policy allows no changes.'
          : `${count(users.paused, 'user is paused', 'users are paused')}. No other user is out of sync.`,
    };
  const areDeleted = (word: string) =>
    `${number(users.deleted)} ${word}${users.deleted === 1 ? 'is' : 'are'} deleted in Auth0.`;
  if (living === 0) return { tone: 'idle', sentence: `No user is left to manage: ${areDeleted('')}` };
  const all = living === 1 ? 'The only user is in sync' : `All ${number(living)} users are in sync`;
  const rest = users.deleted === 0 ? '.' : `; ${areDeleted('more ')}`;
  return { tone: 'good', sentence: `${all}${rest}` };
}

/** Accounts of deleted users, whose removal waits for its time or for a decision. */
function pendingRemovals({ situations }: OverviewAnswer): number {
  const removals = situations.filter(
    ({ resource, reason }) => resource === 'account' && reason.startsWith('Removal'),
  );
  return removals.reduce((sum, { users }) => sum + users, 0);
}

/** By the policy, and not by a person's pause. */
function isObserving({ resource, reason }: OverviewAnswer['situations'][number]): boolean {
  return resource === 'pause' && reason === 'ObserveOnly';
}

function sentenceOf(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}

/** The worst first, and at most three: the page has the rest. */
function troubles(seen: OverviewAnswer, unfit: number): string {
  const { users, alerts, queue, isPartial } = seen;
  const removals = pendingRemovals(seen);
  const atLeast = isPartial ? 'at least ' : '';
  const are = (value: number, what: string) =>
    `${atLeast}${count(value, 'user')} ${value === 1 ? 'is' : 'are'} ${what}`;
  const all = [
    ...(unfit > 0 ? [`${count(unfit, 'index', 'indexes')} ${unfit === 1 ? 'is' : 'are'} unfit`] : []),
    ...(users.quarantined > 0 ? [are(users.quarantined, 'quarantined')] : []),
    ...(users.outOfSync > 0 ? [are(users.outOfSync, 'out of sync')] : []),
    ...(removals > 0
      ? [
          `${atLeast}${count(removals, 'account')} of deleted users ${removals === 1 ? 'waits' : 'wait'} for removal`,
        ]
      : []),
    ...(users.failing > users.quarantined ? [are(users.failing, 'failing')] : []),
    ...(users.unknown > 0 ? [are(users.unknown, 'unknown')] : []),
    ...(users.paused > 0 ? [are(users.paused, 'paused')] : []),
    ...(users.unseen > 0
      ? [`${count(users.unseen, 'user')} ${users.unseen === 1 ? 'was' : 'were'} never reconciled`]
      : []),
    ...(users.held > 0
      ? [`${atLeast}${count(users.held, 'user')} ${users.held === 1 ? 'needs' : 'need'} action`]
      : []),
  ].slice(0, 3);
  if (all.length > 0) return listed(all);
  if (alerts.length > 0) return `${count(alerts.length, 'alert')} ${alerts.length === 1 ? 'is' : 'are'} open`;
  return queue.due > 0
    ? `${count(queue.due, 'user')} ${queue.due === 1 ? 'is' : 'are'} due`
    : 'work is under way';
}
