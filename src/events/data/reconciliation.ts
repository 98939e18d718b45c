/** What a reconciliation intends, and how it ends. */
import type { Upstream } from '../../errors.ts';
import type { AccountHandle } from '../../identity.ts';
import type { ConditionDraft } from '../condition.ts';
import type { Resource } from '../resources.ts';

/** One planned step in the words of the log: enough to recognise its effect after a crash. */
export interface IntendedAction {
  readonly resource: Resource;
  readonly type: string;
  /** The handle carried and the handle to be carried, of a `change-handle`. */
  readonly from?: AccountHandle;
  readonly to?: AccountHandle;
}

export interface ReconciliationEventData {
  'actions.intended': { readonly actions: readonly IntendedAction[] };
  converged: {
    readonly conditions: readonly ConditionDraft[];
    readonly actions: number;
    /** Milliseconds from the first trigger of this reconciliation to its end. */
    readonly latencyMs: number;
  };
  'converge.deferred': { readonly conditions: readonly ConditionDraft[]; readonly retryAt: string };
  'converge.failed': {
    readonly conditions: readonly ConditionDraft[];
    readonly code: string;
    /** The upstream whose answer failed the step; absent where there was none, and in older events. */
    readonly upstream?: Upstream;
    readonly message: string;
    readonly attempt: number;
    readonly retryAt: string | null;
  };
  'user.quarantined': { readonly attempts: number; readonly code: string };
  /** The configuration excludes the user, by this entry. Nothing is done until a reconciliation finds that it no longer does. */
  'user.excluded': { readonly entry: string };
}
