/**
 * The past, by the log: whether Auth0's log was read before Auth0 deleted it, and what is still open.
 *
 * | check     | finding                                                    | level   |
 * |-----------|------------------------------------------------------------|---------|
 * | log read  | last read longer ago than Auth0 keeps entries               | error   |
 * | log read  | last read longer ago than half of that                      | warning |
 * | gaps      | events may be missing                                       | error   |
 * | user listing | the last sweep was cut off                               | warning |
 * | user listing | the last sweep was not exact                             | in the summary, no finding: only Auth0 can change it |
 * | halted runs | a safety limit halted a run, and the halt is open         | warning |
 */

import { counted } from '../count.ts';
import { openGaps } from '../engine/intake/gaps.ts';
import { type LogPosition, parsePosition, positionName } from '../engine/intake/log-position.ts';
import { haltedRuns, isOpen } from '../engine/sweep/halted-runs.ts';
import { UpstreamError } from '../errors.ts';
import type { EventOf } from '../events/event.ts';
import { isHealedBySweep } from '../events/gap.ts';
import { gapSentence } from '../events/gap-text.ts';
import { inexactSentence, isListedToEnd } from '../events/inexact.ts';
import type { TenantId } from '../identity.ts';
import type { Clock } from '../ports/clock.ts';
import type { EventReader } from '../ports/event-log.ts';
import type { Cursors } from '../ports/runs.ts';
import { type Check, type Finding, found, idOf, type Seen, well } from './check.ts';
import type { ExaminedTenant } from './tenant.ts';

export interface History {
  readonly events: Pick<EventReader, 'read'>;
  readonly cursors: Pick<Cursors, 'get'>;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export function historyChecks(
  { id, logRetentionDays, logs }: ExaminedTenant,
  history: () => History,
  clock: Pick<Clock, 'now'>,
): readonly Check[] {
  return [
    {
      name: 'log read',
      tenant: id,
      needs: ['mongodb', idOf({ name: 'auth0', tenant: id })],
      run: async () => {
        const stored = await history().cursors.get(positionName(id));
        if (stored === undefined) return well('not yet');
        return checkPosition(id, parsePosition(stored), logRetentionDays, logs, clock.now());
      },
    },
    {
      name: 'user listing',
      tenant: id,
      needs: ['mongodb'],
      run: async () => checkListing(id, await lastSweep(history().events, id)),
    },
    {
      name: 'gaps',
      tenant: id,
      needs: ['mongodb'],
      run: async () => {
        const gaps = await openGaps(history().events, id);
        const findings = gaps.map((gap): Finding => {
          const what = gapSentence(gap);
          const why = 'Events of that time may be missing, so no user is removed until the gap is closed.';
          const bySweep = isHealedBySweep(gap, clock.now());
          return {
            level: 'error',
            code: 'GAP_OPEN',
            what,
            why,
            mend: bySweep ? 'concord reconcile --all' : 'concord pull',
          };
        });
        return found(gaps.length === 0 ? 'none' : `${gaps.length} open`, ...findings);
      },
    },
  ];
}

/** All tenants are swept equally often, one after another. */
const SWEEPS_READ = 200;

async function lastSweep(
  events: History['events'],
  tenant: TenantId,
): Promise<EventOf<'sweep.finished'> | undefined> {
  const query = { types: ['sweep.finished'], newestFirst: true, limit: SWEEPS_READ } as const;
  for await (const event of events.read(query))
    if (event.type === 'sweep.finished' && event.tenant === tenant) return event;
  return undefined;
}

function checkListing(tenant: TenantId, last: EventOf<'sweep.finished'> | undefined): Seen {
  if (last === undefined) return well('no sweep yet');
  const { users, complete, inexact } = last.data;
  if (complete) return well(`${counted(users, 'user')}, complete`);
  if (inexact !== undefined && isListedToEnd(last.data))
    return well(
      `${counted(users, 'user')}, incomplete: ${inexactSentence(inexact)} It concludes of no user that it is missing.`,
    );
  const why = inexact === undefined ? 'It broke off.' : inexactSentence(inexact);
  return found(`${counted(users, 'user')}, cut off`, {
    level: 'warning',
    code: 'LISTING_CUT_OFF',
    what: `The listing of users that the last sweep of ${tenant} read did not complete. ${why}`,
    why: 'A sweep does not reconcile users who are not listed. Only events about them do.',
    mend: `concord reconcile --all --tenant ${tenant}`,
  });
}

export function haltCheck(history: () => History, clock: Pick<Clock, 'now'>): Check {
  return {
    name: 'halted runs',
    needs: ['mongodb'],
    run: async () => {
      const open = (await haltedRuns(history().events, clock.now(), 1)).filter(isOpen);
      const findings = open.map(
        ({ run, kind, count, of, limit, tenant, at }): Finding => ({
          level: 'warning',
          code: 'RUN_HALTED',
          what: `A sweep of ${tenant} was halted at ${at.toISOString()}: ${kind}, ${count} of ${of}, and the limit is ${limit}.`,
          why: 'None of it is done until the run is approved. A later complete sweep closes the halt.',
          mend: `List the users concerned: concord approve. Approve the run: concord approve ${run}`,
        }),
      );
      return found(open.length === 0 ? 'none' : `${open.length}`, ...findings);
    },
  };
}

async function checkPosition(
  tenant: TenantId,
  { from, until }: LogPosition,
  retentionDays: number | undefined,
  logs: ExaminedTenant['logs'],
  now: Date,
): Promise<Seen> {
  const behindMs = now.getTime() - until.getTime();
  const keptMs = (retentionDays ?? 1) * DAY_MS;
  const summary = `up to ${until.toISOString()}`;
  const mend = `concord pull --tenant ${tenant}, and check that concord serve runs`;
  const isOver = behindMs > keptMs;
  // The retention is not configured: while the last entry that was read exists, so do all later ones.
  const isKept = isOver && retentionDays === undefined && from !== undefined && (await has(logs, from));
  if (isOver && !isKept)
    return found(summary, {
      level: 'error',
      code: 'RETENTION_PASSED',
      what: `The log of ${tenant} was last read ${daysOf(behindMs)} ago, and Auth0 keeps entries for ${daysOf(keptMs)}${retentionDays === undefined ? ' or more' : ''}.`,
      why: 'Entries of the time between may be lost. Only a full sweep finds their changes.',
      mend: `${mend}; then: concord reconcile --all`,
    });
  if (behindMs > keptMs / 2)
    return found(summary, {
      level: 'warning',
      code: 'LOG_BEHIND',
      what: `The log of ${tenant} was last read ${daysOf(behindMs)} ago.`,
      why: `Auth0 keeps entries for ${daysOf(keptMs)}${retentionDays === undefined ? ' or more' : ''}; entries that are not read until then are lost.`,
      mend,
    });
  return well(summary);
}

/** A missing permission is another check's finding, and no proof that the entry is gone. */
async function has(logs: ExaminedTenant['logs'], entry: string): Promise<boolean> {
  try {
    return await logs().has(entry);
  } catch (error) {
    if (error instanceof UpstreamError && error.code === 'FORBIDDEN') return true;
    throw error;
  }
}

function daysOf(ms: number): string {
  return ms < 2 * DAY_MS
    ? counted(Math.round(ms / HOUR_MS), 'hour')
    : counted(Math.round(ms / DAY_MS), 'day');
}
