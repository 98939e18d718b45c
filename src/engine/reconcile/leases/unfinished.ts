/**
 * Users whose reconciliations begin and never end: the process dies, or they outlast their lease. The queue counts them,
 * since nothing else is left of them, and the worker that takes over an expired lease decides by the count.
 *
 * | unfinished  | the next worker                                                                          |
 * |-------------|------------------------------------------------------------------------------------------|
 * | 1           | reconciles the user: a restart explains it                                               |
 * | from 2 on   | records a failure and leaves the user for the backoff, as after any other failure        |
 * | from 5 on   | quarantines the user without reading its log: not even the failure could be recorded     |
 *
 * A process that dies of one user loses the leases of all users in flight, which are taken over together. So a process works
 * on one user with an unfinished reconciliation at a time (`workers.ts`): a user who only was in flight ends, and is none of
 * them any more.
 */
import { fold } from '../../../events/fold.ts';
import type { Clock, Random } from '../../../ports/clock.ts';
import type { EventLog } from '../../../ports/event-log.ts';
import type { Lease, WorkQueue } from '../../../ports/queue.ts';
import type { SubjectView } from '../../../ports/subjects.ts';
import type { Failure } from '../../../reconcilers/attempt.ts';
import { endReconciliation } from '../ending.ts';
import { createJournal } from '../journal.ts';
import { withRepeat } from '../repeats.ts';
import type { EngineSettings } from '../settings.ts';
import { subjectView, UNSEEN } from '../subject-view.ts';
import type { HeldLease } from './held-lease.ts';

export interface UnfinishedDeps {
  readonly log: Pick<EventLog, 'append'>;
  readonly queue: Pick<WorkQueue, 'complete'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: Pick<EngineSettings, 'backoff' | 'quarantineAfter'>;
}

const REPEATED = 2;
/** After two reconciliations and three records of a failure that did not end. */
const UNRECORDED = 5;

/** What a takeover counts against its user; undefined where it says nothing about the user. */
export function failureOfTakeover({ isTakeover, unfinished }: Lease): Failure | undefined {
  return isTakeover && unfinished >= REPEATED ? FAILURE : undefined;
}

export function isUnrecorded({ isTakeover, unfinished }: Lease): boolean {
  return isTakeover && unfinished >= UNRECORDED;
}

/** The code of these failures. Their message is ours, with nothing personal. */
export const LEASE_EXPIRED = 'LEASE_EXPIRED';

/** The same words each time, so that conditions keep since when they say so. */
const FAILURE: Failure = {
  resource: 'reconciliation',
  code: LEASE_EXPIRED,
  error: new Error(
    'the last reconciliations of this user did not end: their process died, or they took longer than engine.maxLeaseMs',
  ),
  retryAfterMs: undefined,
};

/**
 * Records a failure and the quarantine from what the read model shows. The rest of what it shows stays as it is: the next
 * reconciliation that ends, or `replay`, shows what the log says.
 */
export async function quarantineUnread(deps: UnfinishedDeps, held: HeldLease): Promise<Failure> {
  const { queue, clock, random, settings } = deps;
  const { user, tenant, causes, shown = UNSEEN } = held.current;
  const { conditions, quarantined, failure } = shown;
  const attempts = Math.max(shown.attempts, settings.quarantineAfter - 1);
  const known = { ...fold([]), conditions, attempts, quarantined, failure };
  const journal = createJournal(deps, user, tenant, known);
  const { drafts, retryAt, repeat } = endReconciliation(
    {
      ...{ facts: known, view: undefined, withheld: undefined, failures: [FAILURE] },
      ...{ applied: 0, hasAppended: false, latencyMs: 0 },
      ...{ now: clock.now(), jitter: random.int(1_000) / 1_000 },
    },
    settings,
  );
  await held.ensure();
  if (drafts.length > 0) await journal.append(causes, ...drafts);
  const now = subjectView(repeat === undefined ? journal.facts() : withRepeat(journal.facts(), repeat));
  const ended: SubjectView = {
    ...shown,
    ...{ conditions: now.conditions, sync: now.sync, health: 'Degraded' as const },
    ...{ attempts: now.attempts, quarantined: now.quarantined, failure: now.failure },
  };
  await queue.complete(held.current, ended, undefined, retryAt, true);
  return FAILURE;
}
