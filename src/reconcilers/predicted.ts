/** Documents as they are after an action; for `predict` of the resources. */
import type { AccountHandle, Code } from '../identity.ts';
import type { PdsAccount } from '../ports/accounts.ts';
import type { AccountRecord, Documents } from '../ports/documents.ts';

export function withAccount(documents: Documents, account: AccountRecord | undefined): Documents {
  const { user } = documents;
  return user === undefined ? documents : { ...documents, user: { ...user, account } };
}

/** An account whose password is stored with it. */
export function withNewAccount(
  documents: Documents,
  { did, handle }: Pick<PdsAccount, 'did' | 'handle'>,
): Documents {
  return withAccount(documents, { did, handle, hasPassword: true });
}

export function withoutAccount(documents: Documents): Documents {
  return withAccount(documents, undefined);
}

export function withCode(documents: Documents, code: Code | undefined): Documents {
  const { user } = documents;
  return user === undefined ? documents : { ...documents, user: { ...user, code } };
}

export function withHandle(documents: Documents, handle: AccountHandle): Documents {
  const account = documents.user?.account;
  return account === undefined ? documents : withAccount(documents, { ...account, handle });
}
