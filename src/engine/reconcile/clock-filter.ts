/**
 * The clock is a filter over a plan, as the policy is: while ours differs from the database's, what would end something of
 * the user is withheld, and its condition says so. The clocks are compared only where a plan has something to withhold.
 *
 * No time is set for the next reconciliation, because it would be by the wrong clock: the schedule and the next sweep
 * reconcile the user.
 */
import type { ConditionDraft } from '../../events/condition.ts';
import type { DatabaseClock } from '../../ports/clock.ts';
import { CLOCK_COMMAND, clockDifference } from '../../ports/clock-agreement.ts';
import { attempt } from '../../reconcilers/attempt.ts';
import { pending } from '../../reconcilers/reconciler.ts';
import { isEnding } from '../../reconcilers/registry.ts';
import type { Action, View } from '../../reconcilers/view.ts';

/** Without the difference, which is never the same twice. */
const CLOCK_WITHHOLDS = `It is left as it is while the clock of this machine differs from that of MongoDB by more than a minute. Run ${CLOCK_COMMAND}`;
/** A grace period is over, by our clock. */
const ENDED: ReadonlySet<string> = new Set(['RemovalDue', 'RemovalGranted']);

export async function withClock(view: View, clock: DatabaseClock): Promise<View> {
  if (!view.actions.some(isEnding) && !view.conditions.some(isEnded)) return view;
  const compared = await attempt('account', () => clockDifference(clock));
  if (!compared.ok) return { ...withoutEnding(view), failures: [...view.failures, compared.failure] };
  if (compared.value === undefined) return view;
  const ending = new Set(view.actions.filter(isEnding).map(({ resource }) => resource));
  const conditions = view.conditions.map((condition) =>
    isEnded(condition) || ending.has(condition.type as Action['resource'])
      ? pending({
          type: condition.type,
          reason: 'ClockDiffers',
          message: `${condition.message} ${CLOCK_WITHHOLDS}`,
        })
      : condition,
  );
  return { ...withoutEnding(view), conditions };
}

function isEnded({ type, reason }: ConditionDraft): boolean {
  return type === 'account' && ENDED.has(reason);
}

function withoutEnding(view: View): View {
  return { ...view, actions: view.actions.filter((action) => !isEnding(action)) };
}
