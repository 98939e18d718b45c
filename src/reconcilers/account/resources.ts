/** The account of a user as three resources: the account itself, its address and its handle. */

import { handleLabel } from '../derived-names.ts';
import { withAccount, withHandle, withNewAccount, withoutAccount } from '../predicted.ts';
import { defineResource, NOT_LOGGED, predictsNothing, recoversNothing, UNREAD } from '../resource.ts';
import { ofAccount, unseen } from '../shared.ts';
import * as account from './account.ts';
import { adopt, complete, create, record, resetPassword, resolve } from './account-creation.ts';
import { applyEnd, removeAccount } from './account-end.ts';
import type { AccountAction, DesiredAccount, DesiredEnd } from './account-state.ts';
import { type DesiredEmail, ownAddresses } from './address.ts';
import * as email from './email.ts';
import * as handle from './handle.ts';
import { listInactive } from './inactive-accounts.ts';

const didOf = ({ did }: { readonly did: string }): string => did;

export const accountResource = defineResource<AccountAction>({
  name: 'account',
  plan: ofAccount(
    'account',
    ({ actual }, { desired, transfers, now }, isOnHold) =>
      transfers.account ?? account.plan(desired.account, actual, now, isOnHold),
  ),
  // A creation is settled by its own intent: see planIntent in account-planning.ts.
  actions: {
    'list-inactive-accounts': {
      apply: (deps, _action, _read, context) => listInactive(deps, context),
      detail: () => 'those that the PDS does not show',
      predict: predictsNothing,
      recover: recoversNothing,
    },
    'create-account': {
      apply: (deps, action, _read, context) => create(deps, action, context),
      detail: (action) => action.handle,
      predict: predictsNothing,
      recover: recoversNothing,
    },
    'complete-creation': {
      apply: complete,
      detail: (action) => action.account.did,
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
      predict: predictsNothing,
      recover: recoversNothing,
      resolves: true,
    },
    'resolve-creation': {
      apply: (_deps, action, _read, context) => resolve(action, context),
      detail: (action) => action.account.did,
      predict: predictsNothing,
      recover: recoversNothing,
      resolves: true,
    },
    'record-account': {
      apply: record,
      detail: (action) => action.account.did,
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
      predict: (documents, action) => withNewAccount(documents, action.account),
      recover: recoversNothing,
    },
    'reset-password': {
      apply: (deps, { did }, _read, context) => resetPassword(deps, did, context),
      detail: didOf,
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
      predict: predictsNothing,
      recover: (_open, { deactivated }, { account }) => {
        if (account?.state !== 'active' || deactivated === undefined) return [];
        return [{ type: 'account.reactivated', data: { did: account.did } }];
      },
    },
    'deactivate-account': {
      apply: (deps, action, _read, context) => applyEnd(deps, action, context),
      detail: didOf,
      predict: predictsNothing,
      recover: (_open, { deactivated, absentSince }, { account }) => {
        if (account?.state !== 'deactivated' || deactivated !== undefined) return [];
        const because = absentSince === undefined ? 'blocked' : 'removed';
        return [{ type: 'account.deactivated', data: { did: account.did, because } }];
      },
    },
    'delete-account': {
      apply: (deps, action, _read, context) => applyEnd(deps, action, context),
      detail: didOf,
      predict: withoutAccount,
      recover: recoversNothing,
    },
    'delete-remnant': {
      apply: async (deps, { did }, _read, context) => {
        await context.ensureLease();
        const applied = await removeAccount(deps, did, context);
        await context.append({ type: 'account.remnant-deleted', data: { did } });
        return applied;
      },
      detail: didOf,
      predict: withoutAccount,
      recover: recoversNothing,
    },
    'drop-account-record': {
      apply: async ({ documents }, { did }, _read, context) => {
        await context.ensureLease();
        const dropped = await documents.dropAccount(context.user, did);
        await context.append({ type: 'account.record-dropped', data: { did } });
        return dropped === 'dropped' ? 'applied' : 'unchanged';
      },
      detail: didOf,
      predict: withoutAccount,
      recover: (_open, { lostAccount: did }, { documents }) => {
        const isDropped = documents?.user !== undefined && documents.user.account === undefined;
        return did === undefined || !isDropped ? [] : [{ type: 'account.record-dropped', data: { did } }];
      },
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
  plan: ofAccount('email', ({ actual, managed }, { desired, transfers, now }) => {
    const { emailHolders: holders, isInRing } = actual;
    return transfers.email ?? email.plan(emailOf(desired.account), { ...managed, holders, isInRing }, now);
  }),
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
  plan: ofAccount('handle', ({ actual, managed, holder }, { desired, transfers, failure, now }) => {
    if (transfers.handle !== undefined) return transfers.handle;
    if (failure !== undefined) return unseen('handle', failure);
    const { recorded, code } = actual;
    return handle.plan(desired.handle, { ...managed, recorded, code, holder }, now);
  }),
  actions: {
    'change-handle': {
      apply: ({ documents, accounts }, action, _read, context) =>
        handle.changeHandle(documents, accounts, action, context),
      detail: ({ account: { handle: carried }, to }) => `${carried} to ${to}`,
      predict: (documents, { to }) => withHandle(documents, to),
      recover: ({ from, to }, _facts, { account: found }) => {
        if (found === undefined || from === undefined || to !== found.handle) return [];
        return [{ type: 'handle.changed', data: { did: found.did, from, to, recovered: true } }];
      },
    },
    'record-handle': {
      apply: ({ documents }, action, _read, context) => handle.recordHandle(documents, action, context),
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

const NO_EMAIL: DesiredEmail = { addresses: [], refused: new Map(), refusalRetryMs: 0 };

function emailOf(wanted: DesiredAccount): DesiredEmail {
  return wanted.type === 'account' ? wanted.email : { ...NO_EMAIL, parked: wanted.parked };
}

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
