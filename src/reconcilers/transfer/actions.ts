/** The actions of a transfer, beside those of the resources that it moves. */
import type { TransferPart } from '../../events/data/transfer.ts';
import { withCode, withNewAccount, withoutAccount } from '../predicted.ts';
import { type ActionDefinitions, predictsNothing, recoversNothing } from '../resource.ts';
import type { TransferAction } from './state.ts';
import {
  releaseAccount,
  releaseCode,
  releaseHandle,
  retireAccount,
  returnHandle,
  takeAccount,
  takeHandle,
} from './steps.ts';

const endOf = ({ what }: { readonly what: readonly TransferPart[] }): string =>
  `the end of the transfer of ${what.join(', ')} in the log`;

// Each may be repeated, and appends its outcome when it finds itself done: nothing is recovered.
const recover = recoversNothing;

export const transferActions: ActionDefinitions<TransferAction> = {
  'take-account': {
    apply: (deps, action, _read, context) => takeAccount(deps, action, context),
    detail: ({ account }) => account.did,
    written: ({ account: { did, handle }, from }) =>
      `account record in the users document: ${did} (@${handle}), of ${from}`,
    predict: (documents, { account }) => withNewAccount(documents, account),
    recover,
  },
  'retire-account': {
    apply: (deps, action, _read, context) => retireAccount(deps, action, context),
    detail: ({ account }) => account.did,
    written: ({ account }) => `deactivation of the account ${account.did}, which was replaced`,
    predict: predictsNothing,
    recover,
  },
  'release-account': {
    apply: (deps, action, _read, context) => releaseAccount(deps, action, context),
    detail: ({ did, to }) => `${did} to ${to}`,
    written: ({ did }) => `account record of ${did} removed from the users document`,
    predict: withoutAccount,
    recover,
    dropsRecord: true,
  },
  'release-handle': {
    apply: ({ documents }, action, _read, context) => releaseHandle(documents, action, context),
    detail: ({ to }) => `to ${to}`,
    written: ({ handle, to }) => `row of @${handle} removed from @handles, for ${to}`,
    predict: (documents) => ({ ...documents, handle: undefined }),
    recover,
  },
  'return-handle': {
    apply: ({ documents }, action, _read, context) => returnHandle(documents, action, context),
    detail: ({ to }) => `not taken by ${to}`,
    written: () => 'the row of @handles, as it was',
    predict: predictsNothing,
    recover,
  },
  'take-handle': {
    apply: ({ documents }, action, _read, context) => takeHandle(documents, action, context),
    detail: ({ handle }) => `@${handle}`,
    written: ({ handle }) => `row of @${handle} in @handles`,
    predict: (documents, { handle }) => ({ ...documents, handle }),
    recover,
  },
  'release-code': {
    apply: ({ documents }, action, _read, context) => releaseCode(documents, action, context),
    detail: ({ code }) => code,
    written: ({ code }) => `the code ${code} removed from the users document`,
    predict: (documents) => withCode(documents, undefined),
    recover,
  },
  'record-code': {
    apply: async (_deps, { code }, _read, context) => {
      await context.append({ type: 'code.assigned', data: { code, recovered: true } });
      return 'applied';
    },
    detail: ({ code }) => code,
    written: ({ code }) => `the code ${code} in the log`,
    predict: predictsNothing,
    recover,
  },
  'decline-transfer': {
    apply: async (_deps, { promise, from, what, because }, _read, context) => {
      await context.append({ type: 'transfer.declined', data: { promise, from, what, because } });
      return 'applied';
    },
    detail: ({ what, because }) => `${what.join(', ')}: ${because}`,
    written: endOf,
    predict: predictsNothing,
    recover,
    resolves: true,
  },
  'close-transfer': {
    apply: async (_deps, { promise, to, what, because }, _read, context) => {
      await context.append({ type: 'transfer.closed', data: { promise, to, what, because } });
      return 'applied';
    },
    detail: ({ what, because }) => `${what.join(', ')}: ${because}`,
    written: endOf,
    predict: predictsNothing,
    recover,
    resolves: true,
  },
};
