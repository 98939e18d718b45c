/**
 * Users who wait for another user: for an address or a handle that only one account can have. They are made due when that
 * user changes.
 *
 * A wait is in the read model, and the event that ends it is in the log. So a reconciliation that ends with a wait reads
 * the log of the other user again after the read model shows the wait: it finds an earlier change there, and a user who
 * changes later finds the wait.
 */
import { fold } from '../../../events/fold.ts';
import type { EventId, UserKey } from '../../../identity.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { EventReader } from '../../../ports/event-log.ts';
import type { WorkQueue } from '../../../ports/queue.ts';
import type { Claimant, SubjectReader, SubjectView } from '../../../ports/subjects.ts';
import type { Trigger } from '../../../ports/trigger.ts';
import type { EngineSettings } from '../settings.ts';
import { subjectView, UNSEEN } from '../subject-view.ts';

export interface WaitingDeps {
  readonly subjects: Pick<SubjectReader, 'get' | 'waitingFor'>;
  readonly events: Pick<EventReader, 'ofUser'>;
  readonly queue: Pick<WorkQueue, 'markDue'>;
  readonly clock: Clock;
  readonly settings: Pick<EngineSettings, 'leaseMs'>;
}

/** Milliseconds after which a user is reconciled again whose wait ended while it was being written. */
const AGAIN_MS = 1_000;

/**
 * Makes users due who wait for this user, when something that they may wait for has changed. Called before a
 * reconciliation ends, while the read model still shows the state before it: so one that breaks off here makes them due
 * again. Called again when it has ended, for waits that were not shown before. `before` is what the log said when the
 * reconciliation began, and what the read model showed. `frees` says that a reservation of the user has ended, which the
 * read model does not show.
 */
export async function wakeWaiting(
  { subjects, queue, clock }: WaitingDeps,
  user: UserKey,
  before: readonly SubjectView[],
  view: SubjectView,
  cause: EventId | undefined,
  frees = false,
): Promise<void> {
  if (!frees && before.every((one) => claimsOf(one) === claimsOf(view))) return;
  const waiting = await subjects.waitingFor(user);
  if (waiting.length === 0) return;
  const triggers = waiting.map((one) => (cause === undefined ? one : { ...one, cause }));
  await queue.markDue(triggers, clock.now(), 'trigger');
}

/**
 * Makes a user due again whose conditions wait for users that have changed since they were read. A change that the
 * read model does not show yet is of a reconciliation that has not ended: that one wakes this user, or breaks off and is
 * repeated when its lease has expired. An event that arrived after another worker's reconciliation is shown by none, so
 * the other user is made due as well.
 */
export async function checkWaits(
  { subjects, events, queue, clock, settings }: WaitingDeps,
  trigger: Trigger,
  view: SubjectView,
  others: readonly Claimant[],
): Promise<void> {
  const waits = new Set(view.conditions.flatMap(({ waitsFor }) => waitsFor ?? []));
  const unshown: Trigger[] = [];
  let isShown = false;
  let isUnshown = false;
  for (const user of waits) {
    const seen = others.find((other) => other.user === user);
    if (seen === undefined) continue;
    const facts = fold(await events.ofUser(user));
    if (claimsOf(subjectView(facts)) === claimsOf(seen)) continue;
    const shown = (await subjects.get(user)) ?? UNSEEN;
    const { auth0 } = facts;
    if (claimsOf(shown) !== claimsOf(seen)) {
      isShown = true;
      continue;
    }
    isUnshown = true;
    if (auth0 !== undefined) unshown.push({ user, tenant: seen.tenant, userId: auth0.userId });
  }
  const due = (triggers: readonly Trigger[], afterMs: number): Promise<void> =>
    queue.markDue(triggers, new Date(clock.now().getTime() + afterMs), 'trigger');
  if (isShown) await due([trigger], AGAIN_MS);
  if (isUnshown) await due([trigger, ...unshown], settings.leaseMs);
}

type Claims = Pick<
  SubjectView,
  'did' | 'accountHandle' | 'accountEmail' | 'email' | 'emailVerified' | 'conditions'
>;

/** Everything that others may wait for, as one text. */
function claimsOf({ did, accountHandle, accountEmail, email, emailVerified, conditions }: Claims): string {
  const said = conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`);
  return JSON.stringify([did, accountHandle, accountEmail, email, emailVerified, said]);
}
