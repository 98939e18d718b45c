/**
 * Is all well? One sentence and one colour.
 *
 * | what is known                                   | colour  |
 * |-------------------------------------------------|---------|
 * | nothing yet, nobody looks, or not heard for long | unknown |
 * | Degraded, or an alert is open                    | bad     |
 * | Unknown                                          | unknown |
 * | OutOfSync, and Concord is to observe only        | bad: nobody mends it |
 * | OutOfSync                                        | warn, busy while it is being mended |
 * | Progressing                                      | busy    |
 * | somebody was never looked at                     | unknown, busy while a look is due |
 * | Suspended, or somebody is paused who lacks nothing | idle  |
 * | all known users are deleted in Auth0             | idle    |
 * | Synced and Healthy, and all who are not deleted  | good    |
 */
import type { OverviewAnswer } from '../../src/dashboard-data/answers.ts';
import { count, listed, number, type Tone } from '../words.ts';

export interface Verdict {
  readonly tone: Tone;
  readonly sentence: string;
}

/** What is older than this without a connection is not called well any more. */
export const TRUSTED_FOR_MS = 15_000;

/** `lostForMs`: how long nothing has been heard from the server; 0 while it is heard. `refused`: why it does not say. */
export function verdictOf(
  seen: OverviewAnswer | undefined,
  lostForMs: number,
  refused: string | undefined,
): Verdict {
  if (seen === undefined)
    return { tone: 'unknown', sentence: refused === undefined ? 'Looking …' : `Not known: ${refused}` };
  if (lostForMs > TRUSTED_FOR_MS)
    return {
      tone: 'unknown',
      sentence: 'Not known: Concord does not answer. What follows is what it said last.',
    };
  const stale = seen.stale.some(({ what }) => what === 'service');
  if (stale) return { tone: 'unknown', sentence: 'Not known: nobody is looking. What follows may be old.' };
  if (seen.stale.length > 0)
    return { tone: 'unknown', sentence: 'Not known: some of this has not been looked at for long.' };

  const { users } = seen;
  const living = users.known - users.deleted;
  const unfit = seen.indexes.filter(({ status }) => status !== 'fit').length;
  if (seen.health === 'Degraded' || seen.alerts.length > 0 || unfit > 0)
    return { tone: 'bad', sentence: `Not all is well: ${troubles(seen, unfit)}.` };
  if (users.known === 0) return { tone: 'idle', sentence: 'Nobody has signed up yet. Concord is listening.' };
  if (seen.sync === 'Unknown')
    return { tone: 'unknown', sentence: `Not known yet: ${troubles(seen, unfit)}.` };
  if (seen.health === 'Progressing')
    return { tone: 'busy', sentence: `Being mended: ${troubles(seen, unfit)}.` };
  const [worst] = seen.resources.toSorted((a, b) => b.of - b.have - (a.of - a.have));
  const lacking = worst === undefined ? 0 : worst.of - worst.have;
  if (worst !== undefined && lacking > 0 && seen.situations.some(isObserving))
    return {
      tone: 'bad',
      sentence: `Not all is well, and Concord only looks on: ${number(lacking)} of ${count(worst.of, 'user')} ${lacking === 1 ? 'lacks' : 'lack'} their ${worst.resource}.`,
    };
  const areOnlyPaused =
    seen.health === 'Suspended' &&
    users.outOfSync <= users.paused &&
    lacking === 0 &&
    pendingRemovals(seen) === 0;
  if (seen.sync === 'OutOfSync' && !areOnlyPaused)
    return { tone: 'warn', sentence: `Not all is as it should be: ${troubles(seen, unfit)}.` };
  if (users.synced + users.paused < living)
    return {
      tone: seen.queue.due > 0 ? 'busy' : 'unknown',
      sentence: `Not known of all yet: ${number(users.synced)} of ${count(living, 'user')} ${users.synced === 1 ? 'is' : 'are'} known to be in sync.`,
    };
  if (seen.health === 'Suspended' || users.paused > 0)
    return {
      tone: 'idle',
      sentence:
        users.paused === 0
          ? 'All is well, but nothing is to be changed.'
          : `All is well, but for ${count(users.paused, 'user who is paused', 'users who are paused')}.`,
    };
  const areDeleted = (word: string) =>
    `${number(users.deleted)} ${word}${users.deleted === 1 ? 'is' : 'are'} deleted in Auth0.`;
  if (living === 0) return { tone: 'idle', sentence: `No user is left to manage: ${areDeleted('')}` };
  const all = living === 1 ? 'the one user is in sync' : `all ${number(living)} users are in sync`;
  const rest = users.deleted === 0 ? '.' : `; ${areDeleted('more ')}`;
  return { tone: 'good', sentence: `All is well: ${all}${rest}` };
}

/** Accounts of deleted users, whose removal waits for its time or for a decision. */
function pendingRemovals({ situations }: OverviewAnswer): number {
  const removals = situations.filter(
    ({ resource, reason }) => resource === 'account' && reason.startsWith('Removal'),
  );
  return removals.reduce((sum, { users }) => sum + users, 0);
}

/** By the policy, and not by a pause of somebody's. */
function isObserving({ resource, reason }: OverviewAnswer['situations'][number]): boolean {
  return resource === 'pause' && reason === 'ObserveOnly';
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
      ? [`${count(users.unseen, 'user')} ${users.unseen === 1 ? 'was' : 'were'} never looked at`]
      : []),
    ...(users.held > 0
      ? [`${atLeast}${count(users.held, 'user')} ${users.held === 1 ? 'waits' : 'wait'} for a person`]
      : []),
  ].slice(0, 3);
  if (all.length > 0) return listed(all);
  if (alerts.length > 0) return `${count(alerts.length, 'alert')} ${alerts.length === 1 ? 'is' : 'are'} open`;
  return queue.due > 0
    ? `${count(queue.due, 'user')} ${queue.due === 1 ? 'is' : 'are'} due`
    : 'something is under way';
}
