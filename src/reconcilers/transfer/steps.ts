/**
 * The steps of a transfer. Each may be repeated: it leaves what is done already, and records it all the same. Nothing is
 * removed from the deleted user that is not durable elsewhere before: the record of the account is in the document of the
 * other user, the row of `@handles` in the log.
 */
import { CredentialsError, UpstreamError } from '../../errors.ts';
import type { UserKey } from '../../identity.ts';
import type { DocumentStore } from '../../ports/documents.ts';
import type { PasswordVault } from '../../ports/passwords.ts';
import type { AccountDeps } from '../account/account-state.ts';
import type { Applied, ApplyContext } from '../reconciler.ts';
import type { TransferAction } from './state.ts';

type Step<T extends TransferAction['type']> = Extract<TransferAction, { type: T }>;

export async function releaseAccount(
  { documents }: AccountDeps,
  { promise, to, did }: Step<'release-account'>,
  context: ApplyContext,
): Promise<Applied> {
  await context.ensureLease();
  const record = await documents.dropAccount(context.user, did);
  await context.append({ type: 'account.released', data: { promise, to, did } });
  return record === 'dropped' ? 'applied' : 'unchanged';
}

/** One write takes the place of the account before, so the users document names exactly one at any time. */
export async function takeAccount(
  { documents, vault }: AccountDeps,
  { promise, from, account, over, replaced, deactivated }: Step<'take-account'>,
  context: ApplyContext,
): Promise<Applied> {
  const { user } = context;
  const { did, handle } = account;
  const former = await documents.storedRecord(from, did);
  // An interrupted step may have written it, under another seal of the same password.
  const own = await documents.storedPassword(user, did);
  const password = own ?? resealed(vault, former?.password, from, user);
  const record = {
    ...{ did, handle, createdAt: former?.createdAt ?? context.now() },
    ...(password === undefined ? {} : { password }),
  };
  await context.ensureLease();
  const outcome =
    over === undefined
      ? await documents.recordAccount(user, record, [])
      : await documents.replaceAccount(user, over, record);
  if (outcome === 'other') throw documentChanged('the users document names another account');
  await context.append({
    type: 'account.transferred',
    data: {
      ...{ promise, from, did, handle, email: account.email?.toLowerCase() ?? null },
      ...(replaced === undefined ? {} : { replaced }),
      ...(deactivated === undefined ? {} : { deactivated }),
    },
  });
  return 'applied';
}

/** Passwords are sealed for one user. One that does not open any more is none: the account gets a new one by a reset. */
function resealed(
  vault: PasswordVault,
  stored: string | undefined,
  from: UserKey,
  to: UserKey,
): string | undefined {
  if (stored === undefined) return undefined;
  try {
    return vault.seal(vault.open(stored, from), to);
  } catch (error) {
    if (error instanceof CredentialsError && error.code === 'CREDENTIAL_NOT_OPENED') return undefined;
    throw error;
  }
}

export async function retireAccount(
  { accounts }: AccountDeps,
  { account, handle, email, isActive }: Step<'retire-account'>,
  context: ApplyContext,
): Promise<Applied> {
  const { did } = account;
  let applied: Applied = 'unchanged';
  if (email !== undefined) {
    await context.ensureLease();
    const outcome = await accounts.changeEmail(did, email);
    if (outcome === 'refused') throw refused('an address');
    if (outcome === 'missing') return 'unchanged';
    applied = 'applied';
  }
  if (handle !== undefined) {
    await context.ensureLease();
    if ((await accounts.changeHandle(did, handle)) !== 'changed') throw refused('a handle');
    applied = 'applied';
  }
  if (isActive) {
    await context.ensureLease();
    if ((await accounts.setActive(did, false)) === 'set') applied = 'applied';
  }
  await context.append({ type: 'account.retired', data: { did } });
  return applied;
}

function refused(what: string): UpstreamError {
  return new UpstreamError(`the PDS refused ${what} that names the account`, {
    upstream: 'pds',
    code: 'PARKING_REFUSED',
    retryable: true,
  });
}

/** The whole row is in the log before it is removed. */
export async function releaseHandle(
  documents: DocumentStore,
  { promise, to, handle }: Step<'release-handle'>,
  context: ApplyContext,
): Promise<Applied> {
  const row = await documents.handleRow(context.user, handle);
  // Changed since it was observed: the next observation decides.
  if (row === undefined) throw documentChanged('the row of the handle has changed');
  await context.append({ type: 'handle.release-intended', data: { promise, to, row } });
  await context.ensureLease();
  const outcome = await documents.removeHandleRow(context.user, row);
  if (outcome === 'other') throw documentChanged('the row of the handle has changed');
  return outcome === 'removed' ? 'applied' : 'unchanged';
}

export async function releaseCode(
  documents: DocumentStore,
  { promise, to, code }: Step<'release-code'>,
  context: ApplyContext,
): Promise<Applied> {
  await context.append({ type: 'code.release-intended', data: { promise, to, code } });
  await context.ensureLease();
  const outcome = await documents.removeCode(context.user, code);
  if (outcome === 'other') throw documentChanged('the users document has another code');
  await context.append({ type: 'code.released', data: { promise, to, code } });
  return outcome === 'removed' ? 'applied' : 'unchanged';
}

export async function returnHandle(
  documents: DocumentStore,
  { promise, to, row }: Step<'return-handle'>,
  context: ApplyContext,
): Promise<Applied> {
  await context.ensureLease();
  const outcome = await documents.insertHandleRow(context.user, row);
  if (outcome === 'taken') {
    const what = ['handle'] as const;
    await context.append({ type: 'transfer.closed', data: { promise, to, what, because: 'changed' } });
    return 'refused';
  }
  await context.append({ type: 'handle.returned', data: { promise, to } });
  return outcome === 'inserted' ? 'applied' : 'unchanged';
}

export async function takeHandle(
  documents: DocumentStore,
  { promise, from, handle, row }: Step<'take-handle'>,
  context: ApplyContext,
): Promise<Applied> {
  await context.ensureLease();
  const outcome = await documents.insertHandleRow(context.user, row);
  if (outcome === 'taken') {
    const what = ['handle'] as const;
    await context.append({
      type: 'transfer.declined',
      data: { promise, from, what, because: 'handle-taken' },
    });
    return 'refused';
  }
  await context.append({ type: 'handle.transferred', data: { promise, from, handle } });
  return outcome === 'inserted' ? 'applied' : 'unchanged';
}

function documentChanged(message: string): UpstreamError {
  return new UpstreamError(message, { upstream: 'mongodb', code: 'DOCUMENT_CHANGED', retryable: true });
}
