/** The actions of a transfer, beside those of the resources that it moves. */
import { withAccount, withoutAccount } from '../predicted.ts';
import { type ActionDefinitions, predictsNothing, recoversNothing } from '../resource.ts';
import type { TransferAction } from './state.ts';
import { apply } from './steps.ts';

// Each may be repeated, and appends its outcome when it finds itself done: nothing is recovered.
const recover = recoversNothing;

export const transferActions: ActionDefinitions<TransferAction> = {
  'take-account': {
    apply: (deps, action, _read, context) => apply(deps, action, context),
    detail: ({ account }) => account.did,
    predict: (documents, { account: { did, handle } }) =>
      withAccount(documents, { did, handle, hasPassword: true }),
    recover,
  },
  'retire-account': {
    apply: (deps, action, _read, context) => apply(deps, action, context),
    detail: ({ account }) => account.did,
    predict: predictsNothing,
    recover,
  },
  'release-account': {
    apply: (deps, action, _read, context) => apply(deps, action, context),
    detail: ({ did, to }) => `${did} to ${to}`,
    predict: withoutAccount,
    recover,
  },
  'release-handle': {
    apply: (deps, action, _read, context) => apply(deps, action, context),
    detail: ({ to }) => `to ${to}`,
    predict: (documents) => ({ ...documents, handle: undefined }),
    recover,
  },
  'return-handle': {
    apply: (deps, action, _read, context) => apply(deps, action, context),
    detail: ({ to }) => `not taken by ${to}`,
    predict: predictsNothing,
    recover,
  },
  'take-handle': {
    apply: (deps, action, _read, context) => apply(deps, action, context),
    detail: ({ handle }) => `@${handle}`,
    predict: (documents, { handle }) => ({ ...documents, handle }),
    recover,
  },
  'release-code': {
    apply: (deps, action, _read, context) => apply(deps, action, context),
    detail: ({ code }) => code,
    predict: (documents) => {
      const { user } = documents;
      return user === undefined ? documents : { ...documents, user: { ...user, code: undefined } };
    },
    recover,
  },
  'record-code': {
    apply: (deps, action, _read, context) => apply(deps, action, context),
    detail: ({ code }) => code,
    predict: predictsNothing,
    recover,
  },
  'decline-transfer': {
    apply: (deps, action, _read, context) => apply(deps, action, context),
    detail: ({ what, because }) => `${what.join(', ')}: ${because}`,
    predict: predictsNothing,
    recover,
  },
  'close-transfer': {
    apply: (deps, action, _read, context) => apply(deps, action, context),
    detail: ({ what, because }) => `${what.join(', ')}: ${because}`,
    predict: predictsNothing,
    recover,
  },
};
