/** The account of one key in an import: what is moved to `atproto`, and what is left to a person. The table is in plan.ts. */
import { CredentialsError } from '../../../errors.ts';
import type { AccountHandle, Did } from '../../../identity.ts';
import type { OldAccount, OldDocument, OldUser } from '../../../ports/old-documents.ts';
import { showInfo, updateUser } from '../../../reconcilers/command-lines.ts';
import type { ImportContext, Location, Say, UserImport } from './plan-state.ts';

export interface AccountPlan {
  readonly move?: UserImport['account'];
  readonly passwordFor?: Did;
  /** What `atproto` then names. */
  readonly final?: Did;
  /** The old fields name it too. */
  readonly isOld: boolean;
  /** The PDS has it. */
  readonly isHere: boolean;
  readonly isRenamed: boolean;
  readonly elsewhere?: string;
  readonly foreignHandle?: AccountHandle;
}

const NO_ACCOUNT: AccountPlan = { isOld: false, isHere: false, isRenamed: false };

export function planAccount(
  user: OldUser,
  known: Did | undefined,
  context: ImportContext,
  say: Say,
): AccountPlan {
  const { document } = user;
  if (document === undefined) return NO_ACCOUNT;
  const { account, old } = document;
  const named = account ?? old;
  if (named === undefined) return NO_ACCOUNT;
  const { did } = named;
  if (did === undefined) {
    sayUnreadable(document, say);
    return NO_ACCOUNT;
  }
  const shared = (context.dids.get(did) ?? []).filter((one) => one !== user.key);
  if (shared.length > 0) sayShared(did, shared, account === undefined, say);
  if (account === undefined && shared.length > 0) return NO_ACCOUNT;
  if (account === undefined && known !== undefined) {
    say(
      'DocumentRemoved',
      `Concord has seen the account ${known} in atproto, and it was removed there. It is not taken from the old fields again: concord restore <user>`,
    );
    return NO_ACCOUNT;
  }
  const seen = seenOf(did, named.handle ?? old?.handle, context, say);
  if (account === undefined) return { ...seen, ...planMove(user.key, did, named, context, say) };
  return { ...seen, ...planNamed(user.key, document, did, context, say) };
}

/** The old fields alone name it. */
function planMove(
  key: string,
  did: Did,
  { handle, password, createdAt }: OldAccount,
  { open }: ImportContext,
  say: Say,
): Pick<AccountPlan, 'move' | 'final' | 'isOld'> {
  const opened = password === undefined ? undefined : openedBy(open, password, key);
  if (opened?.code !== undefined) sayUnopened(opened.code, say);
  const hasPassword = opened !== undefined && opened.code === undefined;
  return { move: { did, handle, createdAt, hasPassword }, final: did, isOld: true };
}

/** `atproto` names it, and the old fields may do so too. */
function planNamed(
  key: string,
  { account, old }: OldDocument,
  did: Did,
  { open }: ImportContext,
  say: Say,
): Pick<AccountPlan, 'final' | 'passwordFor' | 'isOld'> {
  if (old === undefined) return { final: did, isOld: false };
  if (old.did === undefined) {
    say(
      'AccountUnreadable',
      `atproto names ${did}, which stays, and atproto_did is no DID. Remove the old fields: ${UNSET_OLD}`,
    );
    return { final: did, isOld: false };
  }
  if (old.did !== did) {
    say(
      'AccountsDiffer',
      `atproto names ${did}, which stays, and atproto_did names ${old.did}. Where ${did} is right, remove the old fields: ${UNSET_OLD}. Where ${old.did} is right, name it in atproto: ${updateUser(`{$set: {atproto: {did: "${old.did}"}}}`)}; then move its password: concord import --apply`,
    );
    return { final: did, isOld: false };
  }
  const right = { final: did, isOld: true };
  if (old.password === undefined) return right;
  const stored = openedBy(open, old.password, key);
  if (stored.code !== undefined) {
    sayUnopened(stored.code, say);
    return right;
  }
  if (account?.password === undefined) return { ...right, passwordFor: did };
  const current = openedBy(open, account.password, key);
  if (current.code === undefined && current.password === stored.password) return right;
  say(
    'PasswordsDiffer',
    `atproto.password, which stays, and atproto_password differ. See whether the stored one opens the account: concord password <user>. If it does, remove the other one: ${updateUser('{$unset: {atproto_password: 1}}')}`,
  );
  return right;
}

const UNSET_OLD = updateUser(
  '{$unset: {atproto_did: 1, atproto_handle: 1, atproto_password: 1, atproto_created_at: 1}}',
);

function sayShared(did: Did, others: readonly string[], isOld: boolean, say: Say): void {
  const left = isOld ? 'It is not moved' : 'It stays';
  const remove = isOld ? UNSET_OLD : updateUser('{$unset: {atproto: 1}}');
  say(
    'AccountShared',
    `The users document of ${others.join(', ')} also names the account ${did}. ${left}. See its address on the PDS: ${showInfo(did)}; where it is not this user's, remove it here: ${remove}`,
  );
}

function sayUnreadable({ account, old }: OldDocument, say: Say): void {
  const field = account === undefined ? 'atproto_did' : 'atproto.did';
  const did = account === undefined ? '<did>' : (old?.did ?? '<did>');
  say(
    'AccountUnreadable',
    `${field} is no DID. Set the account's: ${updateUser(`{$set: {"${field}": "${did}"}}`)}; or remove what is there: ${account === undefined ? UNSET_OLD : updateUser('{$unset: {atproto: 1}}')}`,
  );
}

function sayUnopened(code: string, say: Say): void {
  say(
    'PasswordUnreadable',
    `No key opens atproto_password (${code}), so it is not moved. Add the key to CONCORD_CREDENTIAL_KEYS, or set a new password after the import: concord password <user> --reset`,
  );
}

type Opened =
  | { readonly password: string; readonly code?: undefined }
  | { readonly password?: undefined; readonly code: string };

function openedBy(open: ImportContext['open'], stored: string, key: string): Opened {
  try {
    return { password: open(stored, key) };
  } catch (error) {
    if (!(error instanceof CredentialsError)) throw error;
    return { code: error.code };
  }
}

function seenOf(
  did: Did,
  handle: AccountHandle | undefined,
  { accounts, locations, domains }: ImportContext,
  say: Say,
): Pick<AccountPlan, 'isHere' | 'isRenamed' | 'elsewhere' | 'foreignHandle' | 'isOld'> {
  const isOfPds = (one: AccountHandle) => domains.some((domain) => one.endsWith(domain));
  const account = accounts.get(did);
  if (account !== undefined) {
    const isForeign = !isOfPds(account.handle);
    return {
      ...{ isOld: false, isHere: true, isRenamed: account.handle !== handle },
      ...(isForeign ? { foreignHandle: account.handle } : {}),
    };
  }
  const location = locations.get(did);
  const missing = { isOld: false, isHere: false, isRenamed: false };
  if (location?.type === 'elsewhere') return { ...missing, elsewhere: location.origin };
  const former =
    handle === undefined || isOfPds(handle)
      ? ''
      : ` Its handle ${handle} is of a domain that the PDS does not have.`;
  say(
    'AccountMissing',
    `The PDS has no account ${did}, and ${whereText(location)}.${former} Check PDS_URL first. After the import, replace it by a new account, with a new DID and an empty repository: concord restore <user>`,
  );
  return missing;
}

function whereText(location: Location | undefined): string {
  if (location === undefined || location.type === 'unknown')
    return `the directory of its DID could not be asked${location === undefined ? '' : ` (${location.code})`}`;
  return location.type === 'here' ? 'its DID names this PDS, so it was deleted here' : 'its DID names no PDS';
}
