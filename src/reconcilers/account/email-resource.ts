/** The address of a user's account as a resource. */

import { defineResource, NOT_LOGGED, predictsNothing, UNREAD } from '../resource.ts';
import { ofAccount } from '../shared.ts';
import type { DesiredAccount } from './account-state.ts';
import { type DesiredEmail, ownAddresses } from './address.ts';
import * as email from './email.ts';

const NO_EMAIL: DesiredEmail = { addresses: [], refused: new Map(), refusalRetryMs: 0 };

function emailOf(wanted: DesiredAccount): DesiredEmail {
  return wanted.type === 'account' ? wanted.email : { ...NO_EMAIL, parked: wanted.parked };
}

export const emailResource = defineResource<email.EmailAction>({
  name: 'email',
  plan: ofAccount('email', ({ actual, managed }, { desired, transfers, now }) => {
    const { emailHolders: holders, isInRing } = actual;
    return transfers.email ?? email.plan(emailOf(desired.account), { managed, holders, isInRing }, now);
  }),
  actions: {
    'change-email': {
      apply: ({ accounts }, action, _read, context) => email.apply(accounts, action, context),
      detail: ({ did }) => did,
      written: ({ did }) => `address of the account ${did}`,
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
      written: ({ did }) => `address of the account ${did}`,
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
