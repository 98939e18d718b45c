/** Paused users, by the log: a batch has no history of a user, and a paused user must not be shown as in sync. */

import type { ConditionDraft } from '../../events/condition.ts';
import type { ConcordEvent } from '../../events/event.ts';
import type { Facts } from '../../events/facts.ts';
import { fold } from '../../events/fold.ts';
import type { UserKey } from '../../identity.ts';
import type { EventReader } from '../../ports/event-log.ts';
import type { View } from '../../reconcilers/view.ts';
import { withheld } from '../reconcile/policy.ts';
import type { Assessment } from './assessment.ts';

/** The users who are paused now, with the condition that says so. They are few: a person pauses each one. */
export async function pausedUsers(
  events: Pick<EventReader, 'read'>,
  now: Date,
): Promise<ReadonlyMap<UserKey, ConditionDraft>> {
  const decisions = new Map<UserKey, ConcordEvent[]>();
  for await (const event of events.read({ types: ['user.paused', 'user.resumed'] })) {
    if (event.user === null) continue;
    const known = decisions.get(event.user);
    if (known === undefined) decisions.set(event.user, [event]);
    else known.push(event);
  }
  const paused = new Map<UserKey, ConditionDraft>();
  for (const [user, history] of decisions) {
    const pause = withheld(fold(history), { observeOnly: false }, now);
    if (pause !== undefined) paused.set(user, pause.condition);
  }
  return paused;
}

/** The same for one user, whose history is known. */
export function pausedView(view: View, facts: Facts, now: Date): View {
  const pause = withheld(facts, { observeOnly: false }, now)?.condition;
  return pause === undefined ? view : { ...view, actions: [], conditions: [pause, ...view.conditions] };
}

/** What an audit says of a user who may be paused: that, and that nothing would be done. */
export function withPause(assessment: Assessment, paused: ReadonlyMap<UserKey, ConditionDraft>): Assessment {
  const { user, view } = assessment;
  const pause = paused.get(user);
  if (pause === undefined) return assessment;
  return { ...assessment, view: { ...view, actions: [], conditions: [pause, ...view.conditions] } };
}
