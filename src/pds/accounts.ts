/**
 * Accounts on an ATProto PDS, over its administrator's methods.
 * Source: @atproto/pds 0.4.217 and 0.5.35, checked against the real ones by test/pds.
 */
import { UpstreamError } from '../errors.ts';
import type { AccountHandle, Did } from '../identity.ts';
import type { AccountHost, AccountReader, CreateAccountResult, PdsAccount } from '../ports/accounts.ts';
import {
  readAccountInfo,
  readAccountInfos,
  readCreated,
  readHandleDomains,
  readRefreshToken,
  readRefusal,
  readRepoPage,
  readRepoState,
  says,
} from './answers.ts';
import { allowsHandle, holderOf } from './handle-probe.ts';
import { type InviteCodes, inviteCodes } from './invites.ts';
import type { Xrpc } from './xrpc.ts';

/** The URL of a query must stay under 16 kB, and one account's answer may carry all uses of a shared invite code. */
const ACCOUNTS_PER_CALL = 100;
const REPOSITORIES_PER_CALL = 1_000;

/** Reads, and the probe of `holderOf`, which changes nothing. */
export function createAccountReader(xrpc: Xrpc): AccountReader {
  return {
    account: (did) => readAccount(xrpc, did),
    accounts: async (dids) => {
      const found = new Map<Did, PdsAccount | 'unreadable'>();
      for (let from = 0; from < dids.length; from += ACCOUNTS_PER_CALL) {
        const batch = await readAccounts(xrpc, dids.slice(from, from + ACCOUNTS_PER_CALL));
        for (const [did, account] of batch) found.set(did, account);
      }
      return found;
    },
    repositories: () => listRepositories(xrpc),
    holderOf: (handle) => holderOf(xrpc, handle),
    handleDomains: () => xrpc({ name: 'server.describeServer', as: 'none', parse: readHandleDomains }),
  };
}

/** The reader, and what makes and changes accounts. No method is repeated by itself. */
export function createAccountHost(xrpc: Xrpc): AccountHost {
  const invites = inviteCodes(xrpc);
  return {
    ...createAccountReader(xrpc),
    createInvite: () => invites.take(),
    createAccount: (account) => createAccount(xrpc, invites, account),
    allowsHandle: (handle) => allowsHandle(xrpc, handle),
    changeHandle: (did, handle) => changeHandle(xrpc, did, handle),
    changeEmail: (did, email) => changeEmail(xrpc, did, email),
    setActive: (did, active) => setActive(xrpc, did, active),
    deleteAccount: (did) => deleteAccount(xrpc, did),
    setPassword: (did, password) => setPassword(xrpc, did, password),
    canLogIn: (did, password) => canLogIn(xrpc, did, password),
  };
}

/** The PDS answers 500 for an address that another account has, and 400 for a missing account, so the account is read. */
async function changeEmail(xrpc: Xrpc, did: Did, email: string): ReturnType<AccountHost['changeEmail']> {
  try {
    await xrpc({
      name: 'admin.updateAccountEmail',
      as: 'admin',
      input: { account: did, email },
      parse: () => undefined,
    });
    return 'changed';
  } catch (error) {
    if (!(error instanceof UpstreamError && (error.code === 'SERVER_ERROR' || error.code === 'BAD_REQUEST')))
      throw error;
  }
  const account = await readInfo(xrpc, did);
  if (account === 'missing') return 'missing';
  return account.email?.toLowerCase() === email.toLowerCase() ? 'changed' : 'refused';
}

// A PDS of the line 0.4 answers 200 to these three for any DID, also when it has no such account. A newer one refuses some
// of them with 400 and no name of its own. So the account is read afterwards.

async function setActive(xrpc: Xrpc, did: Did, active: boolean): ReturnType<AccountHost['setActive']> {
  const name = 'admin.updateSubjectStatus';
  const subject = { $type: 'com.atproto.admin.defs#repoRef', did };
  const input = { subject, deactivated: { applied: !active } };
  const refusal = await xrpc({ name, as: 'admin', input, parse: () => undefined }).catch(badRequest);
  const account = await readInfo(xrpc, did);
  if (account === 'missing') return 'missing';
  if (refusal !== undefined) throw refusal;
  if ((account.state !== 'deactivated') !== active) throw withoutEffect(name);
  return 'set';
}

/** Called also where the account is missing: a deletion that broke off there leaves the repository. */
async function deleteAccount(xrpc: Xrpc, did: Did): ReturnType<AccountHost['deleteAccount']> {
  const name = 'admin.deleteAccount';
  const before = await readInfo(xrpc, did);
  await xrpc({ name, as: 'admin', input: { did }, parse: () => undefined });
  if (before === 'missing') return 'missing';
  if ((await readInfo(xrpc, did)) !== 'missing') throw withoutEffect(name);
  return 'deleted';
}

/** Only a login proves that a password was set. */
async function setPassword(xrpc: Xrpc, did: Did, password: string): ReturnType<AccountHost['setPassword']> {
  await xrpc({
    name: 'admin.updateAccountPassword',
    as: 'admin',
    input: { did, password },
    parse: () => undefined,
  });
  return (await canLogIn(xrpc, did, password)) ? 'set' : 'refused';
}

/** Throws all other errors. */
function badRequest(error: unknown): UpstreamError {
  if (error instanceof UpstreamError && error.code === 'BAD_REQUEST') return error;
  throw error;
}

function withoutEffect(name: string): UpstreamError {
  const message = `pds ${name} reported success, but the account did not change.`;
  return new UpstreamError(message, {
    ...{ upstream: 'pds', code: 'NOT_APPLIED', retryable: true, effect: 'unknown' },
  });
}

// ── Reading ──

async function readAccount(xrpc: Xrpc, did: Did): Promise<PdsAccount | 'missing'> {
  // At once, because `reconcile` waits for both. The account's own answer decides whether there is one.
  const [account, repo] = await Promise.all([readInfo(xrpc, did), readRepo(xrpc, did)]);
  if (account === 'missing' || repo !== 'no-account') {
    return account === 'missing' ? account : { ...account, state: repo === 'no-account' ? 'no-repo' : repo };
  }
  // The two disagree. It was deleted between them, or else it is a row that has lost its repository.
  const again = await readInfo(xrpc, did);
  return again === 'missing' ? again : { ...again, state: 'no-repo' };
}

function readInfo(xrpc: Xrpc, did: Did): Promise<PdsAccount | 'missing'> {
  return xrpc<PdsAccount | 'missing'>({
    name: 'admin.getAccountInfo',
    as: 'admin',
    query: { did },
    parse: readAccountInfo,
    refusal: (answer) => (says(answer, 400, 'NotFound') ? 'missing' : undefined),
  });
}

/** `no-repo` is the half-made account that a failure late in createAccount leaves behind. */
function readRepo(xrpc: Xrpc, did: Did): Promise<PdsAccount['state'] | 'no-account'> {
  return xrpc<PdsAccount['state'] | 'no-account'>({
    name: 'sync.getRepoStatus',
    as: 'none',
    query: { did },
    parse: readRepoState,
    refusal: (answer) => {
      if (says(answer, 400, 'NotFound')) return 'no-repo';
      return says(answer, 400, 'RepoNotFound') ? 'no-account' : undefined;
    },
  });
}

/** Halves the batch while the answer is too large, which accounts from one much-used invite code make it. */
async function readAccounts(
  xrpc: Xrpc,
  dids: readonly Did[],
): Promise<ReadonlyMap<Did, PdsAccount | 'unreadable'>> {
  try {
    return await xrpc({
      name: 'admin.getAccountInfos',
      as: 'admin',
      query: { dids: [...dids] },
      bulk: true,
      parse: (body) => readAccountInfos(body, dids),
    });
  } catch (error) {
    const tooLarge = error instanceof UpstreamError && error.code === 'ANSWER_TOO_LARGE';
    if (!tooLarge || dids.length === 1) throw error;
    const half = Math.ceil(dids.length / 2);
    return new Map([
      ...(await readAccounts(xrpc, dids.slice(0, half))),
      ...(await readAccounts(xrpc, dids.slice(half))),
    ]);
  }
}

async function* listRepositories(xrpc: Xrpc) {
  let cursor: string | undefined;
  for (;;) {
    const page = await xrpc({
      name: 'sync.listRepos',
      as: 'none',
      query: { limit: REPOSITORIES_PER_CALL, ...(cursor === undefined ? {} : { cursor }) },
      bulk: true,
      parse: readRepoPage,
    });
    if (page.repos.length > 0) yield page.repos;
    // Also the last page with repositories has a cursor; only the empty one after it has none.
    if (page.cursor === undefined) return;
    if (page.cursor === cursor) {
      const message = 'pds sync.listRepos returned the same cursor twice.';
      throw new UpstreamError(message, { upstream: 'pds', code: 'UNEXPECTED_ANSWER', retryable: false });
    }
    cursor = page.cursor;
  }
}

// ── Writing ──

/**
 * Made without an administrator's authority, which this method refuses. A 5xx, 502 for the PLC directory
 * included, has the effect `unknown`: the account may exist, or a DID without an account may have
 * been left in the directory. Throws INVITE_REFUSED, not retryable, when the code was not good.
 */
function createAccount(
  xrpc: Xrpc,
  invites: InviteCodes,
  { handle, email, password, inviteCode }: Parameters<AccountHost['createAccount']>[0],
): Promise<CreateAccountResult> {
  return xrpc<CreateAccountResult>({
    name: 'server.createAccount',
    as: 'none',
    input: { handle, email, password, inviteCode },
    parse: readCreated,
    refusal: (answer) => {
      if (says(answer, 400, 'InvalidInviteCode')) {
        invites.drop();
        const message = 'pds server.createAccount refused the invite code.';
        throw new UpstreamError(message, { upstream: 'pds', code: 'INVITE_REFUSED', retryable: false });
      }
      return readRefusal(answer);
    },
  });
}

/**
 * Repeatable: the same handle again is `changed`. The administrator's rename also allows reserved
 * words and slurs; ask `allowsHandle` first. A DID that is not registered throws BAD_REQUEST.
 */
function changeHandle(xrpc: Xrpc, did: Did, handle: AccountHandle): ReturnType<AccountHost['changeHandle']> {
  return xrpc<'changed' | 'taken' | 'not-allowed'>({
    name: 'admin.updateAccountHandle',
    as: 'admin',
    input: { did, handle },
    parse: () => 'changed',
    refusal: (answer) => {
      const refused = readRefusal(answer);
      return refused?.field === 'handle' ? refused.reason : undefined;
    },
  });
}

/** A login takes the PDS at least 350 ms, by intent. It allows 30 in five minutes for one account. */
async function canLogIn(xrpc: Xrpc, did: Did, password: string): Promise<boolean> {
  const token = await xrpc<string | false>({
    name: 'server.createSession',
    as: 'none',
    // Without the flag, a takedown hides whether the password is right.
    input: { identifier: did, password, allowTakendown: true },
    parse: readRefreshToken,
    refusal: (answer) => (says(answer, 401, 'AuthenticationRequired') ? false : undefined),
  });
  if (token === false) return false;
  await xrpc({ name: 'server.deleteSession', as: { token }, parse: () => undefined });
  return true;
}
