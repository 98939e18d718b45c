/**
 * After a pass that broke off: steps that were intended, and are no longer needed, were done. Their
 * outcomes are told now, so that the log explains every effect.
 *
 * Account creation is not among them: it has an intent of its own and is settled by its reconciler.
 */
import type { Facts } from '../../events/facts.ts';
import type { EventId } from '../../identity.ts';
import type { Told } from '../../reconcilers/reconciler.ts';
import { recover } from '../../reconcilers/registry.ts';
import type { View } from './observe.ts';

export interface Recovered {
  readonly intent: EventId;
  /** What one step leaves in the log; appended together, as the step itself would have. */
  readonly told: readonly Told[];
}

export function recoverOutcomes(facts: Facts, view: View): Recovered[] {
  const wanted = new Set(view.actions.map(nameOf));
  // Several passes may have broken off over the same step; it was done once, so it is told once.
  const newest = new Map(facts.openActions.map((action) => [`${action.type} ${action.to ?? ''}`, action]));
  return [...newest.values()]
    .filter((action) => !wanted.has(nameOf(action)))
    .map((action) => ({ intent: action.event, told: recover(action, facts, view) }))
    .filter(({ told }) => told.length > 0);
}

/** A rename to another handle than the one that was intended does not speak against that one. */
function nameOf(action: { readonly type: string; readonly to?: string }): string {
  return action.type === 'change-handle' ? `${action.type} ${action.to}` : action.type;
}
