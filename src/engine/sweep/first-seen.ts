/**
 * Records what a sweep sees of users who are in sync and whose state the log does not have yet. Without it, a resource
 * that is removed later would count as never created, and be created again. In batches, without further reads.
 */
import type { ConcordEvent, EventData } from '../../events/event.ts';
import type { Facts } from '../../events/facts.ts';
import { fold } from '../../events/fold.ts';
import type { EventLog } from '../../ports/event-log.ts';
import type { WorkQueue } from '../../ports/queue.ts';
import type { FirstSeen } from '../../ports/subjects.ts';
import { type DecideDeps, draft } from '../intake/decision.ts';
import { newlySeen } from '../reconcile/learn.ts';
import type { AssessedTenant } from '../reconcile/read-side.ts';
import { subjectView, withListed } from '../reconcile/subject-view.ts';
import { isDrifted } from './assess.ts';
import type { Assessment } from './assessment.ts';

export interface FirstSeenDeps extends Pick<DecideDeps, 'clock' | 'random'> {
  readonly log: Pick<EventLog, 'append'>;
  readonly queue: Pick<WorkQueue, 'showSeen'>;
}

/**
 * A user who is out of sync is due, and is left to the reconciliation. `readAt` dates the events, so that what happened
 * to the user since then counts as later.
 */
export async function recordFirstSeen(
  deps: FirstSeenDeps,
  { id: tenant }: Pick<AssessedTenant, 'id'>,
  assessments: readonly Assessment[],
  readAt: Date,
): Promise<void> {
  const events: ConcordEvent[] = [];
  const seen: FirstSeen[] = [];
  for (const assessment of assessments) {
    const data = firstSeen(assessment);
    if (data === undefined) continue;
    const { user, auth0, facts } = assessment;
    const event = { ...draft(deps, user, tenant, 'subject.observed', data), at: readAt };
    events.push(event);
    const view = subjectView(fold([event], asTold(facts)));
    // The mark that the read model has; any other one would make the user due.
    const mark = withListed(view.mark, auth0);
    seen.push({ user, tenant, userId: auth0.userId, view: { ...view, mark } });
  }
  if (events.length === 0) return;
  await deps.log.append(events);
  await deps.queue.showSeen(seen, deps.clock.now());
}

/** Without what the listing and the documents have and the log does not. */
function asTold(facts: Facts): Facts {
  return { ...facts, auth0: undefined, platformHandle: undefined };
}

/** Undefined where the log has everything, and for a user that a reconciliation is about to read. */
function firstSeen(assessment: Assessment): EventData['subject.observed'] | undefined {
  const { facts, view, known } = assessment;
  if (known === 'same' || isDrifted(assessment) || known?.isSeen === false) return undefined;
  const sights = newlySeen(facts, view);
  if (known !== undefined && Object.keys(sights).length === 0) return undefined;
  const { account, documents } = view;
  const isNew = account !== undefined && account.did !== known?.did;
  return {
    code: known?.code === undefined ? (documents?.user?.code ?? null) : null,
    account: isNew
      ? { did: account.did, handle: account.handle, email: account.email?.toLowerCase() ?? null }
      : null,
    ...sights,
    inSync: true,
  };
}
