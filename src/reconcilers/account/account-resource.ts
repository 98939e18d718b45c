/** The account of a user as a resource. */

import type { PdsAccount } from '../../ports/accounts.ts';
import { withAccount, withNewAccount, withoutAccount } from '../predicted.ts';
import { defineResource, NOT_LOGGED, predictsNothing, recoversNothing, UNREAD } from '../resource.ts';
import { ofAccount } from '../shared.ts';
import * as account from './account.ts';
import { adopt, complete, create, record, resetPassword, resolve } from './account-creation.ts';
import { applyEnd, removeAccount } from './account-end.ts';
import { unsettled } from './account-planning.ts';
import type { AccountAction, DesiredEnd } from './account-state.ts';
import type { DesiredEmail } from './address.ts';
import { proposeAdoption } from './adoption.ts';
import { listInactive } from './inactive-accounts.ts';
import { restorable } from './restore.ts';

const recordOf = ({ account: { did, handle: carried } }: { readonly account: PdsAccount }): string =>
  `account record in the users document: ${did} (@${carried})`;

const deletionOf = ({ did }: { readonly did: string }): string => `deletion of the account ${did}`;

const didOf = ({ did }: { readonly did: string }): string => did;

export const accountResource = defineResource<AccountAction>({
  name: 'account',
  // An account is recorded in the document: without one, its failure would only repeat that of the document.
  after: ['user-document'],
  plan: ofAccount(
    'account',
    ({ actual }, { desired, transfers, now }, isOnHold) =>
      transfers.account ?? account.plan(desired.account, actual, now, isOnHold),
  ),
  restorable,
  adopt: proposeAdoption,
  removal: { unsettled },
  // A creation is settled by its own intent: see planIntent in account-planning.ts.
  actions: {
    'list-inactive-accounts': {
      apply: (deps, _action, _read, context) => listInactive(deps, context),
      detail: () => 'those that the PDS does not show',
      written: () => 'the index of inactive accounts of the PDS',
      predict: predictsNothing,
      recover: recoversNothing,
      leadsOn: true,
    },
    'create-account': {
      apply: (deps, action, _read, context) => create(deps, action, context),
      detail: (action) => action.handle,
      written: (action) =>
        `new account on the PDS with the handle @${action.handle} and a new password, and its record in the users document`,
      predict: predictsNothing,
      recover: recoversNothing,
    },
    'complete-creation': {
      apply: complete,
      detail: (action) => action.account.did,
      written: recordOf,
      predict: (documents, action) => withNewAccount(documents, action.account),
      recover: recoversNothing,
    },
    'abandon-creation': {
      apply: async (_deps, { intent, leaked }, _read, context) => {
        const reason = leaked ? 'no-account-came-of-it' : 'not-applied';
        await context.append({ type: 'account.creation-abandoned', data: { intent: intent.event, reason } });
        return 'applied';
      },
      detail: ({ intent }) => intent.handle,
      written: () => 'the end of an account creation in the log',
      predict: predictsNothing,
      recover: recoversNothing,
      resolves: true,
      leadsOn: true,
    },
    'resolve-creation': {
      apply: (_deps, action, _read, context) => resolve(action, context),
      detail: (action) => action.account.did,
      written: (action) => `the account ${action.account.did} in the log`,
      predict: predictsNothing,
      recover: recoversNothing,
      resolves: true,
    },
    'record-account': {
      apply: record,
      detail: (action) => action.account.did,
      written: recordOf,
      predict: (documents, { account: { did, handle: carried } }) => {
        const { user } = documents;
        const hasPassword = user?.account?.hasPassword === true || user?.pending !== undefined;
        return withAccount(documents, { did, handle: carried, hasPassword });
      },
      recover: recoversNothing,
    },
    'adopt-account': {
      apply: adopt,
      detail: (action) => action.account.did,
      written: (action) => `${recordOf(action)}${action.keepsPassword ? '' : ', with a new password'}`,
      predict: (documents, action) => withNewAccount(documents, action.account),
      recover: recoversNothing,
    },
    'reset-password': {
      apply: (deps, { did }, _read, context) => resetPassword(deps, did, context),
      detail: didOf,
      written: ({ did }) => `password of the account ${did}`,
      predict: (documents) => {
        const account = documents.user?.account;
        return account === undefined ? documents : withAccount(documents, { ...account, hasPassword: true });
      },
      recover: recoversNothing,
    },
    'reactivate-account': {
      apply: async ({ accounts }, { did }, _read, context) => {
        await context.ensureLease();
        if ((await accounts.setActive(did, true)) === 'missing') return 'unchanged';
        await context.append({ type: 'account.reactivated', data: { did } });
        return 'applied';
      },
      detail: didOf,
      written: ({ did }) => `activation of the account ${did}`,
      predict: predictsNothing,
      recover: (_open, { deactivated }, { account }) => {
        if (account?.state !== 'active' || deactivated === undefined) return [];
        return [{ type: 'account.reactivated', data: { did: account.did } }];
      },
    },
    'deactivate-account': {
      apply: (deps, action, _read, context) => applyEnd(deps, action, context),
      detail: didOf,
      written: ({ did }) => `deactivation of the account ${did}`,
      predict: predictsNothing,
      recover: (_open, { deactivated, absentSince }, { account }) => {
        if (account?.state !== 'deactivated' || deactivated !== undefined) return [];
        const because = absentSince === undefined ? 'blocked' : 'removed';
        return [{ type: 'account.deactivated', data: { did: account.did, because } }];
      },
      ends: true,
      limit: ({ because }) => (because === 'removed' ? 'removals' : undefined),
    },
    'delete-account': {
      apply: (deps, action, _read, context) => applyEnd(deps, action, context),
      detail: didOf,
      written: deletionOf,
      predict: withoutAccount,
      recover: recoversNothing,
      dropsRecord: true,
      ends: true,
      limit: () => 'removals',
      irreversible: true,
    },
    'delete-remnant': {
      apply: async (deps, { did }, _read, context) => {
        await context.ensureLease();
        const applied = await removeAccount(deps, did, context);
        await context.append({ type: 'account.remnant-deleted', data: { did } });
        return applied;
      },
      detail: didOf,
      written: deletionOf,
      predict: withoutAccount,
      recover: recoversNothing,
      dropsRecord: true,
      ends: true,
      irreversible: true,
      leadsOn: true,
    },
    'drop-account-record': {
      apply: async ({ documents }, { did }, _read, context) => {
        await context.ensureLease();
        const dropped = await documents.dropAccount(context.user, did);
        await context.append({ type: 'account.record-dropped', data: { did } });
        return dropped === 'dropped' ? 'applied' : 'unchanged';
      },
      detail: didOf,
      written: ({ did }) => `account record of ${did} removed from the users document`,
      predict: withoutAccount,
      recover: (_open, { lostAccount: did }, { documents }) => {
        const isDropped = documents?.user !== undefined && documents.user.account === undefined;
        return did === undefined || !isDropped ? [] : [{ type: 'account.record-dropped', data: { did } }];
      },
      dropsRecord: true,
    },
  },
  describe: {
    desired: ({ account: wanted }) => {
      if (wanted.type === 'account') return oneAccount(wanted.email);
      return wanted.type === 'none' ? `none (${wanted.reason})` : endOf(wanted.end);
    },
    actual: ({ documents, account: found, movedTo }, _desired, isUnread) => {
      const moved = movedTo === undefined ? '' : `, moved to ${movedTo}`;
      const named = documents?.user?.account?.did;
      if (found !== undefined) return `${found.did}, ${found.state}${moved}`;
      if (isUnread) return named === undefined ? UNREAD : `${named}, which ${UNREAD}`;
      return named === undefined ? 'none' : `${named}, which the PDS does not have${moved}`;
    },
    asLogged: ({ seen, account: known, accountDeleted, deactivated }) => {
      const logged = seen.account ?? known;
      if (logged === undefined) return accountDeleted ? 'deleted' : NOT_LOGGED;
      return deactivated === undefined ? logged.did : `${logged.did}, deactivated`;
    },
  },
});

function oneAccount({ withheld }: DesiredEmail): string {
  return withheld === undefined ? 'one account' : `none that is added (${withheld.reason})`;
}

function endOf(end: DesiredEnd): string {
  switch (end.type) {
    case 'kept':
      return `left as it is (${end.reason})`;
    case 'suspended':
      return 'deactivated, while the user is blocked';
    case 'removed':
      return `${end.how === 'delete' ? 'deleted' : 'deactivated'} from ${end.notBefore.toISOString()}${end.granted ? ', granted' : ', if granted'}`;
  }
}
