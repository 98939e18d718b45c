/** Removals of documents that the change stream shows: recorded in the log, and counted. */

import { createHash } from 'node:crypto';
import type { ConcordEvent } from '../../events/event.ts';
import { type EventId, eventId, type UserKey } from '../../identity.ts';
import type { Clock, Random } from '../../ports/clock.ts';
import type { DocumentChange } from '../../ports/documents.ts';
import type { EventLog } from '../../ports/event-log.ts';
import type { Trigger } from '../../ports/trigger.ts';
import { dropsRecord } from '../../reconcilers/registry.ts';

export interface RemovalDeps {
  readonly log: Pick<EventLog, 'append' | 'read'>;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Writes the removals of a user to the log, each change once however often it is read. Returns the newest event;
 * undefined for a change that removed nothing.
 */
export async function noteRemoval(
  { log, clock, random }: RemovalDeps,
  { user, tenant }: Pick<Trigger, 'user' | 'tenant'>,
  { removed, position, at }: Pick<DocumentChange, 'removed' | 'position' | 'at'>,
): Promise<EventId | undefined> {
  const recordedAt = clock.now();
  const isOurs = removed.includes('account-record') && (await removedByUs(log, user, at ?? recordedAt));
  const byOthers = isOurs ? removed.filter((what) => what !== 'account-record') : removed;
  const events = byOthers.map(
    (what): ConcordEvent => ({
      _id: position === undefined ? random.id() : changeId(position, what),
      ...{ user, tenant, type: 'resource.removed', at: at ?? recordedAt, recordedAt, cause: [] },
      data: { what, seenBy: 'change-stream' },
    }),
  );
  if (events.length > 0) await log.append(events);
  return events.at(-1)?._id;
}

/** Covers clock differences. A record that others remove meanwhile is missing at the next read. */
const OURS_WITHIN_MS = 120_000;

/** Whether Concord intended a step that removes the account record about then. The intent is in the log before the step. */
async function removedByUs(log: Pick<EventLog, 'read'>, user: UserKey, at: Date): Promise<boolean> {
  const since = new Date(at.getTime() - OURS_WITHIN_MS);
  for await (const event of log.read({ user, types: ['actions.intended'], since })) {
    if (event.at.getTime() > at.getTime() + OURS_WITHIN_MS) return false;
    if (event.type !== 'actions.intended') continue;
    if (event.data.actions.some(({ type }) => dropsRecord(type))) return true;
  }
  return false;
}

/** Hashed, because a position has the key of the document and may be longer than an index of MongoDB 4.0 takes. */
function changeId(position: string, what: string): EventId {
  const hash = createHash('sha256').update(position).digest('base64url');
  return eventId(`change:${hash}:${what}`);
}

/** This many users at once are no longer people who erase themselves. */
const MANY_USERS = 25;
const WITHIN_MS = 60_000;

export function countsRemovals(clock: Clock) {
  const removedAtMs = new Map<UserKey, number>();
  return {
    /** Counts the removal of one user's document: whether they are many users by now. */
    areMany(user: UserKey): boolean {
      const nowMs = clock.now().getTime();
      for (const [known, atMs] of removedAtMs) {
        // In the order of time: the first recent one ends the loop.
        if (nowMs - atMs < WITHIN_MS) break;
        removedAtMs.delete(known);
      }
      removedAtMs.delete(user);
      removedAtMs.set(user, nowMs);
      return removedAtMs.size > MANY_USERS;
    },
  };
}
