/** The handle of a user's account as a resource. */

import { handleLabel } from '../derived-names.ts';
import { withHandle } from '../predicted.ts';
import { defineResource, NOT_LOGGED, recoversNothing, UNREAD } from '../resource.ts';
import { ofAccount, unseen } from '../shared.ts';
import * as handle from './handle.ts';
import { dropKnownRenames } from './known-renames.ts';

export const handleResource = defineResource<handle.HandleAction>({
  name: 'handle',
  dropKnown: dropKnownRenames,
  plan: ofAccount('handle', ({ actual, managed, holder }, { desired, transfers, failure, now }) => {
    if (transfers.handle !== undefined) return transfers.handle;
    if (failure !== undefined) return unseen('handle', failure);
    const { recorded, code } = actual;
    return handle.plan(desired.handle, { managed, recorded, code, holder }, now);
  }),
  actions: {
    'change-handle': {
      apply: ({ documents, accounts }, action, _read, context) =>
        handle.changeHandle(documents, accounts, action, context),
      detail: ({ account: { handle: carried }, to }) => `${carried} to ${to}`,
      written: ({ account: { handle: carried }, to }) =>
        `handle of the account: @${to} instead of @${carried}`,
      predict: (documents, { to }) => withHandle(documents, to),
      recover: ({ from, to }, _facts, { account: found }) => {
        if (found === undefined || from === undefined || to !== found.handle) return [];
        return [{ type: 'handle.changed', data: { did: found.did, from, to, recovered: true } }];
      },
      limit: () => 'renames',
      intent: (action) => ({ from: action.account.handle, to: action.to }),
    },
    'record-handle': {
      apply: ({ documents }, action, _read, context) => handle.recordHandle(documents, action, context),
      detail: (action) => action.account.did,
      written: (action) => `handle @${action.account.handle} in the users document`,
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

function handleOf({ preferred, platformHandle, isKnown, carriedBy, domain }: handle.DesiredHandle): string {
  if (preferred !== undefined) return preferred;
  if (!isKnown) return 'not decided: the linked user is not known';
  if (carriedBy !== undefined) return `the code; ${carriedBy} has the handle`;
  // As the log knows it, before there is an account whose handle shows the domain.
  if (platformHandle !== undefined && domain === '') return handleLabel(platformHandle);
  return platformHandle === undefined ? 'the code' : `the code; ${platformHandle} is not available`;
}
