/**
 * All that a reconciliation would do if nothing else changed. It applies its plan in rounds, since one resource may wait
 * for another; here each round is planned from the documents that the round before is predicted to lead to. Reads only.
 */
import type { UserKey } from '../../identity.ts';
import type { Documents } from '../../ports/documents.ts';
import type { Learned } from '../../reconcilers/observe.ts';
import { describeAction, leadsOn, predict } from '../../reconcilers/registry.ts';
import type { Action, View } from '../../reconcilers/view.ts';
import { type ObserveDeps, observeUser } from './observe.ts';
import type { AssessedTenant } from './read-side.ts';
import { MAX_ROUNDS } from './settings.ts';

export interface Ahead {
  /** Of all rounds, in the order in which they are applied. */
  readonly actions: readonly PlannedAction[];
  /** The documents that they lead to; undefined where none could be read. */
  readonly documents: Documents | undefined;
  /** Of the last round, in which nothing new was planned. */
  readonly view: View;
  /** Why more actions may follow that are not known yet, as a sentence. */
  readonly mayFollow: string | undefined;
}

/** An action, and the documents before and after it, as far as they are known. */
export interface PlannedAction {
  readonly action: Action;
  readonly before: Documents | undefined;
  readonly after: Documents | undefined;
}

/** `first`: the view of the first round. Where a later round cannot be read, it ends there. */
export async function lookAhead(
  deps: ObserveDeps,
  tenant: AssessedTenant,
  user: UserKey,
  learned: Pick<Learned, 'facts' | 'linkedUser'>,
  first: View,
  now: Date,
): Promise<Ahead> {
  const actions = new Map<string, PlannedAction>();
  let view = first;
  let { documents } = first;
  for (let round = 0; ; round += 1) {
    const known = actions.size;
    for (const action of view.actions) {
      const { type, detail } = describeAction(action);
      // What an action does to the account is not predicted, so the next round plans it again.
      if (actions.has(`${type} ${detail}`)) continue;
      const before = documents;
      documents = before === undefined ? undefined : predict(before, action);
      actions.set(`${type} ${detail}`, { action, before, after: documents });
    }
    const isLast = actions.size === known || round === MAX_ROUNDS;
    if (isLast || documents === undefined || view.failures.length > 0)
      return {
        ...{ actions: [...actions.values()], documents, view },
        mayFollow: whatMayFollow([...actions.values()], view, learned.facts, deps),
      };
    const facts = { ...learned.facts, platformHandle: documents.handle };
    view = await observeUser(deps, tenant, user, { ...learned, facts, documents }, now);
  }
}

function whatMayFollow(
  actions: readonly PlannedAction[],
  { failures: [failure] }: View,
  { incoming, outgoing, retiring, auth0 }: Learned['facts'],
  { settings }: Pick<ObserveDeps, 'settings'>,
): string | undefined {
  if (actions.length === 0) return undefined;
  if (failure !== undefined)
    return `What follows is not known: ${failure.resource} could not be read (${failure.code}).`;
  const open = actions.find(({ action }) => leadsOn(action));
  if (open !== undefined) return `What follows depends on what ${open.action.type} finds.`;
  if (incoming !== undefined || outgoing !== undefined || retiring !== undefined)
    return 'A transfer is open: what follows depends on the other user.';
  if (settings.policy.linked === 'transfer' && (auth0?.linked ?? []).length > 0)
    return 'Auth0 has linked other users into this one: what they have may be transferred first.';
  return undefined;
}
