/** What an assessment means for the sweep, beside that the user is out of sync. */
import { isMigrated, isRemovedReason } from '../../events/condition.ts';
import { limitOf } from '../../reconcilers/registry.ts';
import { isDrifted } from './assess.ts';
import type { Assessment } from './assessment.ts';

/** Removals at once are found within that time, partly by reconciliations and partly by the sweep. */
const RECENT_MS = 3_600_000;

/** A resource that was there is missing, and the last reconciliation did not find that. */
export function hasDisappeared({ view, known }: Assessment): boolean {
  const isKnown = typeof known === 'object' && known.lackedSince !== undefined;
  return !isKnown && view.conditions.some(({ reason }) => isRemovedReason(reason));
}

/** Found by a reconciliation a moment ago: part of the same removal as this run's findings. */
export function lacksRecently({ known }: Assessment, now: Date): boolean {
  const since = typeof known === 'object' ? known.lackedSince : undefined;
  return since !== undefined && now.getTime() - since.getTime() < RECENT_MS;
}

/** No trigger reports that what needed action is resolved, the user is no longer excluded, or a moved account is back. */
export function isResolved(one: Assessment): boolean {
  if (typeof one.known !== 'object' || isDrifted(one)) return false;
  return (
    one.known.needsAction ||
    one.known.wasExcluded ||
    (wasMigrated(one) && !one.view.conditions.some(isMigrated))
  );
}

/** By the last reconciliation. A batch cannot distinguish such an account from one that was deactivated or deleted. */
export function wasMigrated({ known }: Assessment): boolean {
  return typeof known === 'object' && known.hasMigrated;
}

/** Also beside other actions: the reconciliation that fixes those would rename as well, beyond the limit. */
export function isRename({ view }: Assessment): boolean {
  return view.actions.some((action) => limitOf(action) === 'renames');
}
