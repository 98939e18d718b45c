/**
 * After a pass that broke off: steps that were intended, and are no longer needed, were done. Their
 * outcomes are told now, so that the log explains every effect.
 *
 * Account creation is not among them: it has an intent of its own and is settled by its reconciler.
 */
import type { Facts } from '../../events/facts.ts';
import type { EventId } from '../../identity.ts';
import type { Told } from '../../reconcilers/reconciler.ts';
import type { View } from './observe.ts';

type OpenAction = Facts['openActions'][number];

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
    .map((action) => ({ intent: action.event, told: outcomesOf(action, facts, view) }))
    .filter(({ told }) => told.length > 0);
}

/** A rename to another handle than the one that was intended does not speak against that one. */
function nameOf(action: { readonly type: string; readonly to?: string }): string {
  return action.type === 'change-handle' ? `${action.type} ${action.to}` : action.type;
}

function outcomesOf(action: OpenAction, facts: Facts, { documents, account }: View): Told[] {
  const code = documents?.user?.code;
  switch (action.type) {
    case 'record-verification': {
      const count = documents?.verificationCount;
      return count === undefined ? [] : [{ type: 'verification.recorded', data: { count, recovered: true } }];
    }
    case 'create-user-document':
      if (code === undefined || (facts.code !== undefined && facts.sights.document)) return [];
      return [
        { type: 'user-document.created', data: { recovered: true } },
        { type: 'code.assigned', data: { code, recovered: true } },
      ];
    case 'assign-code':
    case 'restore-code':
      if (code === undefined || (facts.code !== undefined && !facts.removed.has('code'))) return [];
      return [{ type: 'code.assigned', data: { code, recovered: true } }];
    case 'drop-account-record': {
      const did = facts.lostAccount;
      const isDropped = documents?.user !== undefined && documents.user.account === undefined;
      return did === undefined || !isDropped ? [] : [{ type: 'account.record-dropped', data: { did } }];
    }
    case 'change-handle': {
      const { from } = action;
      if (account === undefined || from === undefined || action.to !== account.handle) return [];
      const data = { did: account.did, from, to: action.to, recovered: true } as const;
      return [{ type: 'handle.changed', data }];
    }
    case 'change-email': {
      const to = account?.email?.toLowerCase();
      const before = facts.account?.email;
      if (account === undefined || to === undefined || before === undefined || to === before) return [];
      return [{ type: 'email.changed', data: { did: account.did, to, recovered: true } }];
    }
    case 'park-email': {
      const { parked } = facts;
      const isParked = parked !== undefined && account?.email?.toLowerCase() === parked.to;
      if (!isParked || facts.account?.email === parked.to) return [];
      const { did, from, to } = parked;
      return [{ type: 'email.parked', data: { did, from, to, recovered: true } }];
    }
    case 'deactivate-account': {
      if (account?.state !== 'deactivated' || facts.deactivated !== undefined) return [];
      const because = facts.absentSince === undefined ? 'blocked' : 'removed';
      return [{ type: 'account.deactivated', data: { did: account.did, because } }];
    }
    case 'reactivate-account':
      if (account?.state !== 'active' || facts.deactivated === undefined) return [];
      return [{ type: 'account.reactivated', data: { did: account.did } }];
    default:
      return [];
  }
}
