/**
 * The steps of creating, completing and recording an account. Their order is the guarantee: the address and the handle
 * are reserved before anything else, the sealed password and the intent are durable before the call that cannot be repeated, and the users
 * document names the account before the log says that it was created.
 */
import { createHash } from 'node:crypto';
import { CredentialsError, UpstreamError } from '../../errors.ts';
import type { OpenIntent } from '../../events/facts.ts';
import type { AccountHandle, Did, EventId, UserKey } from '../../identity.ts';
import type { AccountHost, PdsAccount } from '../../ports/accounts.ts';
import type { DocumentStore, Documents } from '../../ports/documents.ts';
import type { PasswordVault } from '../../ports/passwords.ts';
import type { Applied, ApplyContext, Reserved } from '../reconciler.ts';
import { emailValue, handleValue } from '../reservation.ts';
import type { AccountDeps, AdoptAccount } from './account-state.ts';

interface Wanted {
  readonly handle: AccountHandle;
  readonly email: string;
}

/** Before anything is spent on it, the address and the handle are reserved. */
export async function create(deps: AccountDeps, wanted: Wanted, context: ApplyContext): Promise<Applied> {
  const { handle, email } = wanted;
  const reserved = await context.reserve([emailValue(email), handleValue(handle)], deps.random.id());
  if (reserved === undefined) return 'reserved';
  const intended = await intend(deps, wanted, reserved, context).catch(async (error: unknown) => {
    await reserved.release();
    throw error;
  });
  // From here on the log says how long they are reserved.
  reserved.done();
  return createIntended(deps, { ...wanted, ...intended }, reserved, context);
}

interface Intended {
  readonly inviteCode: string;
  readonly password: string;
  readonly sealed: string;
}

async function intend(
  { accounts, documents, vault }: AccountDeps,
  { handle, email }: Wanted,
  { intent }: Reserved,
  context: ApplyContext,
): Promise<Intended> {
  const inviteCode = await accounts.createInvite();
  const inviteHash = createHash('sha256').update(inviteCode).digest('hex');
  const password = vault.generate();
  const sealed = vault.seal(password, context.user);
  await context.ensureLease();
  await documents.keepPendingPassword(context.user, intent, sealed);
  await context.append({
    type: 'account.creation-intended',
    id: intent,
    data: { handle, email, inviteHash },
  });
  return { inviteCode, password, sealed };
}

async function createIntended(
  { accounts, documents }: AccountDeps,
  { handle, email, inviteCode, password, sealed }: Wanted & Intended,
  reserved: Reserved,
  context: ApplyContext,
): Promise<Applied> {
  const { intent } = reserved;
  await context.ensureLease();
  const result = await callCreate(accounts, { handle, email, password, inviteCode }, reserved).catch(
    async (error: unknown) => {
      await appendFailure(error, intent, context);
      throw error;
    },
  );
  if (result.type === 'refused') {
    const value = result.field === 'handle' ? handle : email;
    const data = { intent, field: result.field, value, reason: result.reason };
    await context.append({ type: 'account.creation-refused', data });
    return 'refused';
  }
  // Also after the lease expired: its next holder may have given up the intent, and then only this links account and user.
  await recordOrThrow(documents, context.user, NO_ACCOUNT, {
    did: result.did,
    handle: result.handle,
    password: sealed,
    createdAt: context.now(),
  });
  await context.append({ type: 'account.created', data: { did: result.did, handle: result.handle, email } });
  return 'applied';
}

/** An intent that came into the log too late did not keep others from taking its values. */
async function callCreate(
  accounts: AccountHost,
  account: Parameters<AccountHost['createAccount']>[0],
  reserved: Reserved,
): ReturnType<AccountHost['createAccount']> {
  reserved.ensure();
  return accounts.createAccount(account);
}

/** A call that surely did nothing closes its intent, so that the next try need not wait for it to settle. */
async function appendFailure(error: unknown, intent: EventId, context: ApplyContext): Promise<void> {
  if (!(error instanceof UpstreamError)) return;
  if (error.effect === 'none')
    return context.append({ type: 'account.creation-abandoned', data: { intent, reason: 'not-applied' } });
  return context.append({ type: 'account.creation-failed', data: { intent, code: error.code } });
}

export async function complete(
  deps: AccountDeps,
  { intent, account }: { readonly intent: OpenIntent; readonly account: PdsAccount },
  documents: Documents,
  context: ApplyContext,
): Promise<Applied> {
  const password = await setOwnPassword(deps, account.did, intent.event, documents, context);
  await context.ensureLease();
  await recordOrThrow(deps.documents, context.user, documents, {
    did: account.did,
    handle: account.handle,
    password,
    createdAt: intent.at,
  });
  await context.append(recovered(account, intent));
  return 'applied';
}

/**
 * Gives an account a password of ours and returns it as it is stored. It is kept as pending before it is set, so that a
 * run that stops in between is finished with the same one, and no document holds a password that is not the account's.
 */
async function setOwnPassword(
  { accounts, documents, vault }: AccountDeps,
  did: Did,
  intent: EventId,
  read: Documents,
  context: ApplyContext,
): Promise<string> {
  const pending = read.user?.pending;
  const kept = pending?.intent === intent ? pending.password : undefined;
  const password = kept === undefined ? vault.generate() : vault.open(kept, context.user);
  const sealed = kept ?? vault.seal(password, context.user);
  if (kept === undefined) {
    await context.ensureLease();
    await documents.keepPendingPassword(context.user, intent, sealed);
  }
  await context.ensureLease();
  await setOrThrow(accounts, did, password);
  return sealed;
}

/** Throws unless the PDS sets the password: a password that the log records as set has to log in. */
async function setOrThrow(accounts: AccountHost, did: Did, password: string): Promise<void> {
  if ((await accounts.setPassword(did, password)) === 'set') return;
  throw new UpstreamError('the account does not accept the password that was set', {
    upstream: 'pds',
    code: 'LOGIN_REFUSED',
    retryable: true,
  });
}

/** Records that the account of an intent exists. Its future is up to the policy, or to a later decision. */
export async function resolve(
  {
    intent,
    account,
    documented,
  }: { readonly intent: OpenIntent; readonly account: PdsAccount; readonly documented: boolean },
  context: ApplyContext,
): Promise<Applied> {
  const draft = recovered(account, intent);
  await context.append(documented ? draft : { ...draft, data: { ...draft.data, documented: false } });
  return 'applied';
}

/** The address is the account's: of a creation that was given up, that of the intent may be blank or long gone. */
function recovered({ did, handle, email }: PdsAccount, intent: OpenIntent) {
  const address = email?.toLowerCase() ?? intent.email;
  return { type: 'account.created', data: { did, handle, email: address, recovered: true } } as const;
}

/**
 * A person decided that the account is this user's. It keeps the password that the document has for it, which one login
 * tests. Where the document has none, it gets a password of ours, so that the platform can use it.
 */
export async function adopt(
  deps: AccountDeps,
  { account, grant, evidence }: Pick<AdoptAccount, 'account' | 'grant' | 'evidence'>,
  read: Documents,
  context: ApplyContext,
): Promise<Applied> {
  const { documents } = deps;
  const { did, handle } = account;
  const [owner] = (await documents.findUsers({ did })).filter((user) => user !== context.user);
  if (owner !== undefined) {
    throw new UpstreamError('the account to be adopted is recorded for another user', {
      upstream: 'mongodb',
      code: 'ACCOUNT_OF_ANOTHER',
      retryable: false,
    });
  }
  const stored = await documents.storedPassword(context.user, did);
  const isRefused = stored !== undefined && !(await opens(deps, did, stored, context.user));
  const ours =
    stored === undefined ? { password: await setOwnPassword(deps, did, grant, read, context) } : {};
  await context.ensureLease();
  const createdAt = context.now();
  await recordOrThrow(documents, context.user, read, { did, handle, createdAt, ...ours });
  await context.append(
    { type: 'account.adopted', data: { did, handle, email: account.email ?? null, evidence } },
    ...(isRefused ? [{ type: 'password.refused', data: { did } } as const] : []),
  );
  return 'applied';
}

/** False also for a password that no key opens: either takes a reset. */
async function opens({ accounts, vault }: AccountDeps, did: Did, stored: string, user: UserKey) {
  const password = openIfPossible(vault, stored, user);
  return password !== undefined && (await accounts.canLogIn(did, password));
}

/**
 * Sets the stored password on the PDS, which ends the open sessions of the account. Where the document holds none that
 * opens, a new one is stored first: a run that stops between the two is finished by the next one with the stored one.
 */
export async function resetPassword(deps: AccountDeps, did: Did, context: ApplyContext): Promise<Applied> {
  const { accounts, documents, vault } = deps;
  const stored = await documents.storedPassword(context.user, did);
  let password = stored === undefined ? undefined : openIfPossible(vault, stored, context.user);
  if (password === undefined) {
    password = vault.generate();
    await context.ensureLease();
    await documents.replacePassword(context.user, did, stored, vault.seal(password, context.user));
  }
  await context.ensureLease();
  await setOrThrow(accounts, did, password);
  await context.append({ type: 'password.reset', data: { did } });
  return 'applied';
}

/** Undefined when no key opens it. */
function openIfPossible(vault: PasswordVault, stored: string, user: UserKey): string | undefined {
  try {
    return vault.open(stored, user);
  } catch (error) {
    if (error instanceof CredentialsError) return undefined;
    throw error;
  }
}

/** An account is created for a user whose document names none. */
const NO_ACCOUNT: Pick<Documents, 'user'> = { user: undefined };

/** Over what was read before: a handle that has come there since is newer than ours. */
async function recordOrThrow(
  documents: DocumentStore,
  user: UserKey,
  read: Pick<Documents, 'user'>,
  account: Parameters<DocumentStore['recordAccount']>[1],
): Promise<void> {
  const named = read.user?.account?.handle;
  const over = named === undefined ? [] : [named];
  if ((await documents.recordAccount(user, account, over)) === 'recorded') return;
  throw new UpstreamError('the users document names another account or handle, or holds another password', {
    upstream: 'mongodb',
    code: 'DOCUMENT_CHANGED',
    retryable: true,
  });
}

/**
 * The pending password, where it is the account's. It may be left from another creation that came too late: then the
 * PDS refuses it. A password that is in the document already is the account's.
 */
async function pendingPassword(
  { accounts, vault }: AccountDeps,
  { did }: PdsAccount,
  intent: OpenIntent | undefined,
  { user }: Documents,
  key: UserKey,
): Promise<string | undefined> {
  const pending = user?.pending;
  if (pending === undefined || user?.account?.hasPassword === true) return undefined;
  if (pending.intent === intent?.event) return pending.password;
  return (await accounts.canLogIn(did, vault.open(pending.password, key))) ? pending.password : undefined;
}

/**
 * The log or the document knows the account and the other does not: a reconciliation was interrupted between the two.
 * The log says that the account was made where there is an intent of ours, and otherwise that it was found.
 */
export async function record(
  deps: AccountDeps,
  { account, intent }: { readonly account: PdsAccount; readonly intent: OpenIntent | undefined },
  documents: Documents,
  context: ApplyContext,
): Promise<Applied> {
  const pending = await pendingPassword(deps, account, intent, documents, context.user);
  await context.ensureLease();
  await recordOrThrow(deps.documents, context.user, documents, {
    did: account.did,
    handle: account.handle,
    createdAt: intent?.at ?? context.now(),
    ...(pending === undefined ? {} : { password: pending }),
  });
  const { did, handle } = account;
  await context.append(
    intent === undefined ? { type: 'account.recorded', data: { did, handle } } : recovered(account, intent),
  );
  return 'applied';
}
