/** What a user's documents are once an action is applied, as far as the next plan depends on them. Pure. */
import type { AccountHandle } from '../../identity.ts';
import type { AccountRecord, Documents } from '../../ports/documents.ts';
import type { Action } from './observe.ts';

export function predict(documents: Documents, action: Action): Documents {
  const { user } = documents;
  switch (action.type) {
    case 'record-verification':
      return { ...documents, verificationCount: Math.max(action.count, documents.verificationCount ?? 0) };
    case 'create-user-document': {
      const { code, when } = action;
      return { ...documents, user: { code, when, account: undefined, pending: undefined } };
    }
    case 'restore-code':
      return user === undefined ? documents : { ...documents, user: { ...user, code: action.code } };
    case 'delete-account':
    case 'delete-remnant':
    case 'drop-account-record':
    case 'release-account':
      return withAccount(documents, undefined);
    case 'record-account': {
      const { did, handle } = action.account;
      const hasPassword = user?.account?.hasPassword === true || user?.pending !== undefined;
      return withAccount(documents, { did, handle, hasPassword });
    }
    case 'complete-creation':
    case 'adopt-account': {
      const { did, handle } = action.account;
      return withAccount(documents, { did, handle, hasPassword: true });
    }
    case 'take-account': {
      const { did, handle } = action.account;
      return withAccount(documents, { did, handle, hasPassword: true });
    }
    case 'take-handle':
      return { ...documents, handle: action.handle };
    case 'release-handle':
      return { ...documents, handle: undefined };
    case 'release-code':
      return user === undefined ? documents : { ...documents, user: { ...user, code: undefined } };
    case 'change-handle':
      return withHandle(documents, action.to);
    case 'record-handle':
      return withHandle(documents, action.account.handle);
    // A drawn code and a new account are not known before; the others change nothing in the documents.
    case 'assign-code':
    case 'create-account':
    case 'change-email':
    case 'park-email':
    case 'reset-password':
    case 'reactivate-account':
    case 'deactivate-account':
    case 'resolve-creation':
    case 'abandon-creation':
    case 'retire-account':
    case 'return-handle':
    case 'record-code':
    case 'decline-transfer':
    case 'close-transfer':
    case 'list-inactive-accounts':
      return documents;
  }
}

function withAccount(documents: Documents, account: AccountRecord | undefined): Documents {
  const { user } = documents;
  return user === undefined ? documents : { ...documents, user: { ...user, account } };
}

function withHandle(documents: Documents, handle: AccountHandle): Documents {
  const account = documents.user?.account;
  return account === undefined ? documents : withAccount(documents, { ...account, handle });
}
