/**
 * The steps of a transfer. Each may be repeated: what it finds done it leaves, and tells the log all the same. Nothing is
 * removed from the deleted user that is not durable elsewhere before: the record of the account is in the document of the
 * other user, the row of `@handles` in the log.
 */
import { CredentialsError, UpstreamError } from '../../errors.ts';
import type { UserKey } from '../../identity.ts';
import type { DocumentStore, PasswordVault } from '../../ports.ts';
import type { AccountDeps } from '../account/account-state.ts';
import type { ApplyContext } from '../reconciler.ts';
import type { TransferAction } from './state.ts';

type Step<T extends TransferAction['type']> = Extract<TransferAction, { type: T }>;

export async function apply(deps: AccountDeps, action: TransferAction, context: ApplyContext): Promise<void> {
  const { documents } = deps;
  switch (action.type) {
    case 'take-account':
      return takeAccount(deps, action, context);
    case 'retire-account':
      return retireAccount(deps, action, context);
    case 'release-account': {
      const { promise, to, did } = action;
      await context.ensureLease();
      await documents.dropAccount(context.user, did);
      return context.tell({ type: 'account.released', data: { promise, to, did } });
    }
    case 'release-handle':
      return releaseHandle(documents, action, context);
    case 'return-handle':
      return returnHandle(documents, action, context);
    case 'take-handle':
      return takeHandle(documents, action, context);
    case 'release-code': {
      const { promise, to, code } = action;
      await context.tell({ type: 'code.release-intended', data: { promise, to, code } });
      await context.ensureLease();
      await documents.removeCode(context.user, code);
      return context.tell({ type: 'code.released', data: { promise, to, code } });
    }
    case 'record-code':
      return context.tell({ type: 'code.assigned', data: { code: action.code, recovered: true } });
    case 'decline-transfer': {
      const { promise, from, what, because } = action;
      return context.tell({ type: 'transfer.declined', data: { promise, from, what, because } });
    }
    case 'close-transfer': {
      const { promise, to, what, because } = action;
      return context.tell({ type: 'transfer.closed', data: { promise, to, what, because } });
    }
  }
}

/** One write takes the place of the account before, so the users document names exactly one at any time. */
async function takeAccount(
  { documents, vault }: AccountDeps,
  { promise, from, account, over, replaced, deactivated }: Step<'take-account'>,
  context: ApplyContext,
): Promise<void> {
  const { user } = context;
  const { did, handle } = account;
  const former = await documents.storedRecord(from, did);
  // A step that broke off may have written it, under another seal of the same password.
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
  return context.tell({
    type: 'account.transferred',
    data: {
      ...{ promise, from, did, handle, email: account.email?.toLowerCase() ?? null },
      ...(replaced === undefined ? {} : { replaced }),
      ...(deactivated === undefined ? {} : { deactivated }),
    },
  });
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

async function retireAccount(
  { accounts }: AccountDeps,
  { account, handle, email, isActive }: Step<'retire-account'>,
  context: ApplyContext,
): Promise<void> {
  const { did } = account;
  if (email !== undefined) {
    await context.ensureLease();
    if ((await accounts.changeEmail(did, email)) !== 'changed') throw refused('an address');
  }
  if (handle !== undefined) {
    await context.ensureLease();
    if ((await accounts.changeHandle(did, handle)) !== 'changed') throw refused('a handle');
  }
  if (isActive) {
    await context.ensureLease();
    await accounts.setActive(did, false);
  }
  return context.tell({ type: 'account.retired', data: { did } });
}

function refused(what: string): UpstreamError {
  return new UpstreamError(`the PDS refused ${what} that names the account`, {
    upstream: 'pds',
    code: 'PARKING_REFUSED',
    retryable: true,
  });
}

/** The whole row is in the log before it is removed. */
async function releaseHandle(
  documents: DocumentStore,
  { promise, to, handle }: Step<'release-handle'>,
  context: ApplyContext,
): Promise<void> {
  const row = await documents.handleRow(context.user, handle);
  // Changed since it was looked at: the next look decides.
  if (row === undefined) throw documentChanged('the row of the handle has changed');
  await context.tell({ type: 'handle.release-intended', data: { promise, to, row } });
  await context.ensureLease();
  if ((await documents.removeHandleRow(context.user, row)) === 'other')
    throw documentChanged('the row of the handle has changed');
}

async function returnHandle(
  documents: DocumentStore,
  { promise, to, row }: Step<'return-handle'>,
  context: ApplyContext,
): Promise<void> {
  await context.ensureLease();
  const outcome = await documents.insertHandleRow(context.user, row);
  if (outcome !== 'taken') return context.tell({ type: 'handle.returned', data: { promise, to } });
  const what = ['handle'] as const;
  return context.tell({ type: 'transfer.closed', data: { promise, to, what, because: 'changed' } });
}

async function takeHandle(
  documents: DocumentStore,
  { promise, from, handle, row }: Step<'take-handle'>,
  context: ApplyContext,
): Promise<void> {
  await context.ensureLease();
  const outcome = await documents.insertHandleRow(context.user, row);
  if (outcome !== 'taken')
    return context.tell({ type: 'handle.transferred', data: { promise, from, handle } });
  const what = ['handle'] as const;
  return context.tell({ type: 'transfer.declined', data: { promise, from, what, because: 'handle-taken' } });
}

function documentChanged(message: string): UpstreamError {
  return new UpstreamError(message, { upstream: 'mongodb', code: 'DOCUMENT_CHANGED', retryable: true });
}
