/** One step of a plan in words, for people and for a kept plan. Never an address. */
import type { Action } from './observe.ts';

export interface PlannedAction {
  readonly resource: string;
  readonly type: string;
  readonly detail: string;
}

export function plannedAction(action: Action): PlannedAction {
  return { resource: action.resource, type: action.type, detail: detailOf(action) };
}

/** What distinguishes this action from another of its type. */
function detailOf(action: Action): string {
  switch (action.type) {
    case 'record-verification':
      return `count ${action.count}`;
    case 'create-user-document':
      return `${action.code === undefined ? 'with a new code' : `code ${action.code}`}, signed up ${action.when.toISOString()}`;
    case 'assign-code':
      return `signed up ${action.signedUpAt.toISOString()}`;
    case 'restore-code':
      return action.code;
    case 'create-account':
      return action.handle;
    case 'complete-creation':
    case 'resolve-creation':
    case 'record-account':
    case 'record-handle':
    case 'adopt-account':
      return action.account.did;
    case 'reset-password':
    case 'reactivate-account':
    case 'deactivate-account':
    case 'delete-account':
    case 'delete-remnant':
    case 'drop-account-record':
    case 'change-email':
    case 'park-email':
      return action.did;
    case 'abandon-creation':
      return action.intent.handle;
    case 'take-account':
    case 'retire-account':
      return action.account.did;
    case 'release-account':
      return `${action.did} to ${action.to}`;
    case 'release-handle':
      return `to ${action.to}`;
    case 'return-handle':
      return `not taken by ${action.to}`;
    case 'take-handle':
      return `@${action.handle}`;
    case 'release-code':
    case 'record-code':
      return action.code;
    case 'decline-transfer':
    case 'close-transfer':
      return `${action.what.join(', ')}: ${action.because}`;
    case 'list-inactive-accounts':
      return 'those that the PDS does not show';
    case 'change-handle':
      return `${action.account.handle} to ${action.to}`;
  }
}
