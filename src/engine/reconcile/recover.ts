/**
 * After a reconciliation that broke off: steps that were intended, and are no longer needed, were done. Their
 * outcomes are logged now, so that the log explains every effect.
 *
 * Account creation is excluded: it has an intent of its own, and its reconciler settles it.
 */
import type { IntendedAction } from '../../events/data/reconciliation.ts';
import type { Facts } from '../../events/facts.ts';
import type { EventId } from '../../identity.ts';
import type { EventDraft } from '../../reconcilers/reconciler.ts';
import { intended, recover } from '../../reconcilers/registry.ts';
import type { View } from '../../reconcilers/view.ts';

export interface Recovered {
  readonly intent: EventId;
  /** The events of one step; appended together, as the step itself would have. */
  readonly drafts: readonly EventDraft[];
}

export function recoverOutcomes(facts: Facts, view: View): Recovered[] {
  const wanted = new Set(view.actions.map((action) => nameOf(intended(action))));
  // Several reconciliations may have broken off over the same step; it was done once, so it is logged once.
  const newest = new Map(facts.openActions.map((action) => [nameOf(action), action]));
  return [...newest.values()]
    .filter((action) => !wanted.has(nameOf(action)))
    .map((action) => ({ intent: action.event, drafts: recover(action, facts, view) }))
    .filter(({ drafts }) => drafts.length > 0);
}

/** A rename to another handle does not contradict the intended one. */
function nameOf({ type, to }: IntendedAction): string {
  return to === undefined ? type : `${type} ${to}`;
}
