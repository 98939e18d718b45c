/** The account of a user as three resources: the account itself, its address and its handle. */
import { withAccount, withHandle, withoutAccount } from '../predicted.ts';
import {
  type ActionDefinition,
  defineResource,
  NOT_LOGGED,
  predictsNothing,
  recoversNothing,
  UNREAD,
} from '../resource.ts';
import * as account from './account.ts';
import type { AccountAction, DesiredEnd } from './account-state.ts';
import { type DesiredEmail, ownAddresses } from './address.ts';
import * as email from './email.ts';
import * as handle from './handle.ts';
import { handleLabel } from './handle-label.ts';

/** An action on one account that changes no documents. */
function onAccount<T extends AccountAction['type']>(
  recover: ActionDefinition<never>['recover'] = recoversNothing,
): ActionDefinition<Extract<AccountAction, { type: T; did: string }>> {
  return { apply: account.apply, detail: ({ did }) => did, predict: predictsNothing, recover };
}

export const accountResource = defineResource<AccountAction>({
  name: 'account',
  // A creation is settled by its own intent: see planIntent in account-planning.ts.
  actions: {
    'list-inactive-accounts': {
      apply: account.apply,
      detail: () => 'those that the PDS does not show',
      predict: predictsNothing,
      recover: recoversNothing,
    },
    'create-account': {
      apply: account.apply,
      detail: (action) => action.handle,
      predict: predictsNothing,
      recover: recoversNothing,
    },
    'complete-creation': {
      apply: account.apply,
      detail: (action) => action.account.did,
      predict: (documents, { account: { did, handle: carried } }) =>
        withAccount(documents, { did, handle: carried, hasPassword: true }),
      recover: recoversNothing,
    },
    'abandon-creation': {
      apply: account.apply,
      detail: ({ intent }) => intent.handle,
      predict: predictsNothing,
      recover: recoversNothing,
    },
    'resolve-creation': {
      apply: account.apply,
      detail: (action) => action.account.did,
      predict: predictsNothing,
      recover: recoversNothing,
    },
    'record-account': {
      apply: account.apply,
      detail: (action) => action.account.did,
      predict: (documents, { account: { did, handle: carried } }) => {
        const { user } = documents;
        const hasPassword = user?.account?.hasPassword === true || user?.pending !== undefined;
        return withAccount(documents, { did, handle: carried, hasPassword });
      },
      recover: recoversNothing,
    },
    'adopt-account': {
      apply: account.apply,
      detail: (action) => action.account.did,
      predict: (documents, { account: { did, handle: carried } }) =>
        withAccount(documents, { did, handle: carried, hasPassword: true }),
      recover: recoversNothing,
    },
    'reset-password': onAccount(),
    'reactivate-account': onAccount((_open, facts, { account: found }) => {
      if (found?.state !== 'active' || facts.deactivated === undefined) return [];
      return [{ type: 'account.reactivated', data: { did: found.did } }];
    }),
    'deactivate-account': onAccount((_open, facts, { account: found }) => {
      if (found?.state !== 'deactivated' || facts.deactivated !== undefined) return [];
      const because = facts.absentSince === undefined ? 'blocked' : 'removed';
      return [{ type: 'account.deactivated', data: { did: found.did, because } }];
    }),
    'delete-account': { ...onAccount<'delete-account'>(), predict: withoutAccount },
    'delete-remnant': { ...onAccount<'delete-remnant'>(), predict: withoutAccount },
    'drop-account-record': {
      ...onAccount<'drop-account-record'>((_open, { lostAccount: did }, { documents }) => {
        const isDropped = documents?.user !== undefined && documents.user.account === undefined;
        return did === undefined || !isDropped ? [] : [{ type: 'account.record-dropped', data: { did } }];
      }),
      predict: withoutAccount,
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

export const emailResource = defineResource<email.EmailAction>({
  name: 'email',
  actions: {
    'change-email': {
      apply: ({ accounts }, action, _read, context) => email.apply(accounts, action, context),
      detail: ({ did }) => did,
      predict: predictsNothing,
      recover: (_open, facts, { account: found }) => {
        const to = found?.email?.toLowerCase();
        const before = facts.account?.email;
        if (found === undefined || to === undefined || before === undefined || to === before) return [];
        return [{ type: 'email.changed', data: { did: found.did, to, recovered: true } }];
      },
    },
    'park-email': {
      apply: ({ accounts }, action, _read, context) => email.apply(accounts, action, context),
      detail: ({ did }) => did,
      predict: predictsNothing,
      recover: (_open, { parked, account: known }, { account: found }) => {
        const isParked = parked !== undefined && found?.email?.toLowerCase() === parked.to;
        if (!isParked || known?.email === parked.to) return [];
        const { did, from, to } = parked;
        return [{ type: 'email.parked', data: { did, from, to, recovered: true } }];
      },
    },
  },
  describe: {
    desired: ({ account: wanted }) =>
      wanted.type === 'account' && wanted.email.withheld === undefined
        ? 'the address in Auth0'
        : 'left as it is',
    actual: ({ account: found }, { account: wanted }, isUnread) => {
      if (found === undefined) return isUnread ? UNREAD : 'no account';
      if (found.email === undefined) return 'none';
      const own = wanted.type === 'account' ? ownAddresses(wanted.email) : [];
      return own.includes(found.email.toLowerCase()) ? 'that address' : 'another address';
    },
    asLogged: ({ seen, account: known, auth0 }) => {
      const logged = (seen.account ?? known)?.email;
      if (logged === undefined) return NOT_LOGGED;
      return logged.toLowerCase() === auth0?.email?.toLowerCase() ? 'that address' : 'another address';
    },
  },
});

export const handleResource = defineResource<handle.HandleAction>({
  name: 'handle',
  actions: {
    'change-handle': {
      apply: ({ documents, accounts }, action, _read, context) =>
        handle.apply(documents, accounts, action, context),
      detail: ({ account: { handle: carried }, to }) => `${carried} to ${to}`,
      predict: (documents, { to }) => withHandle(documents, to),
      recover: ({ from, to }, _facts, { account: found }) => {
        if (found === undefined || from === undefined || to !== found.handle) return [];
        return [{ type: 'handle.changed', data: { did: found.did, from, to, recovered: true } }];
      },
    },
    'record-handle': {
      apply: ({ documents, accounts }, action, _read, context) =>
        handle.apply(documents, accounts, action, context),
      detail: (action) => action.account.did,
      predict: (documents, action) => withHandle(documents, action.account.handle),
      recover: recoversNothing,
    },
  },
  describe: {
    desired: ({ account: wanted, handle: wantedHandle }) =>
      wanted.type === 'account' ? handleOf(wantedHandle) : 'left as it is',
    actual: ({ account: found }, _desired, isUnread) => found?.handle ?? (isUnread ? UNREAD : 'no account'),
    asLogged: ({ seen, account: known }) => (seen.account ?? known)?.handle ?? NOT_LOGGED,
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

function handleOf({ preferred, platformHandle, isKnown, carriedBy, domain }: handle.DesiredHandle): string {
  if (preferred !== undefined) return preferred;
  if (!isKnown) return 'not decided: the linked user is not known';
  if (carriedBy !== undefined) return `the code; ${carriedBy} has the handle`;
  // As the log knows it, before there is an account whose handle shows the domain.
  if (platformHandle !== undefined && domain === '') return handleLabel(platformHandle);
  return platformHandle === undefined ? 'the code' : `the code; ${platformHandle} is not available`;
}
