/**
 * Policy is a filter over a plan: observe-only and pause withhold its actions, and say so.
 * Which kinds of action a policy allows (deactivate, delete, recreate) is in the reconcilers' truth tables.
 */
import type { ConditionDraft } from '../../events/condition.ts';
import type { Facts } from '../../events/facts.ts';
import type { Policy } from './settings.ts';

export interface Withheld {
  readonly condition: ConditionDraft;
  /** When it ends by itself. */
  readonly until: Date | undefined;
}

/** Why no action is allowed for this user now; undefined when actions are allowed. */
export function withheld(facts: Facts, policy: Pick<Policy, 'observeOnly'>, now: Date): Withheld | undefined {
  const { paused } = facts;
  if (paused !== undefined && (paused.until === undefined || now < paused.until)) {
    const until = paused.until === undefined ? 'until resumed' : `until ${paused.until.toISOString()}`;
    const message = `Paused by ${paused.by} ${until}: ${paused.reason}`;
    return {
      condition: { type: 'pause', status: 'False', reason: 'Paused', message, held: false },
      until: paused.until,
    };
  }
  if (!policy.observeOnly) return undefined;
  const message = 'The policy is to observe only; what would be done is shown by: concord plan';
  return {
    condition: { type: 'pause', status: 'False', reason: 'ObserveOnly', message, held: false },
    until: undefined,
  };
}
