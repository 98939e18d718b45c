/** Documents as they are after an action; for `predict` of the resources. */
import type { AccountHandle } from '../identity.ts';
import type { AccountRecord, Documents } from '../ports/documents.ts';

export function withAccount(documents: Documents, account: AccountRecord | undefined): Documents {
  const { user } = documents;
  return user === undefined ? documents : { ...documents, user: { ...user, account } };
}

export function withoutAccount(documents: Documents): Documents {
  return withAccount(documents, undefined);
}

export function withHandle(documents: Documents, handle: AccountHandle): Documents {
  const account = documents.user?.account;
  return account === undefined ? documents : withAccount(documents, { ...account, handle });
}
