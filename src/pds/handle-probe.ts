/**
 * The PDS has no call that shows whether a handle is available. It is found out from calls that are made so that they must
 * fail: each names a DID that cannot exist, and so has nothing that it could change. Where that does not tell, it is what the
 * PDS says of the repository of that name.
 * Source: @atproto/pds 0.4.217 and 0.5.35, checked against the real ones by test/pds.
 */
import { UpstreamError } from '../errors.ts';
import type { AccountHandle, Did } from '../identity.ts';
import type { HandleHolder } from '../ports/accounts.ts';
import type { Refusal } from '../upstream/interpret.ts';
import { readHolder, readRefusal, says } from './answers.ts';
import type { Xrpc } from './xrpc.ts';

/** A DID is the hash of its first operation; no hash will ever be the same letter throughout. */
const NO_DID = `did:plc:${'a'.repeat(24)}`;
/** Codes carry the name of the PDS's host, so this one is on no list. */
const NO_INVITE = 'concord-probe-never-issued';
const PROBE_EMAIL = 'probe@example.com';

/**
 * resolveHandle does not see accounts that are deactivated or taken down. So where it finds no account, the rename is asked,
 * and where that does not tell, the repository of the handle: the PDS refuses to show the repository of a hidden account,
 * and its error names the reason.
 */
export async function holderOf(xrpc: Xrpc, handle: AccountHandle): Promise<HandleHolder> {
  const visible = await xrpc<Did | 'nobody-visible'>({
    name: 'identity.resolveHandle',
    as: 'none',
    query: { handle },
    parse: readHolder,
    refusal: (answer) => (isUnresolved(answer) ? 'nobody-visible' : undefined),
  });
  if (visible !== 'nobody-visible') return { type: 'account', did: visible };
  const holder = await askByRename(xrpc, handle);
  return holder === 'not-told' ? holderOfRepository(xrpc, handle) : holder;
}

/**
 * The administrator's rename, for a DID that cannot exist. The line 0.4 first checks whether an account has the handle, hidden
 * or not, and then asks the directory for the DID. The line 0.5 looks for the account of the DID first, and tells nothing.
 */
function askByRename(xrpc: Xrpc, handle: AccountHandle): Promise<HandleHolder | 'not-told'> {
  return xrpc<HandleHolder | 'not-told'>({
    name: 'admin.updateAccountHandle',
    as: 'admin',
    input: { did: NO_DID, handle },
    parse: () => {
      throw accepted('admin.updateAccountHandle');
    },
    refusal: (answer) => {
      if (says(answer, 400, 'InvalidRequest', 'Handle already taken')) return { type: 'hidden' };
      if (says(answer, 400, 'InvalidRequest', 'DID not registered')) return { type: 'nobody' };
      return says(answer, 400, 'InvalidRequest', 'Account not found') ? 'not-told' : undefined;
    },
  });
}

function holderOfRepository(xrpc: Xrpc, handle: AccountHandle): Promise<HandleHolder> {
  return xrpc<HandleHolder>({
    name: 'repo.describeRepo',
    as: 'none',
    query: { repo: handle },
    // It has become visible since the first call.
    parse: (body) => ({ type: 'account', did: readHolder(body) }),
    refusal: (answer) => {
      if (says(answer, 400, 'RepoTakendown') || says(answer, 400, 'RepoDeactivated'))
        return { type: 'hidden' };
      return says(answer, 400, 'RepoNotFound') ? { type: 'nobody' } : undefined;
    },
  });
}

/** The line 0.4, and a newer PDS for a handle of another domain, give it no name of its own. */
function isUnresolved(answer: Refusal): boolean {
  return (
    says(answer, 400, 'HandleNotFound') || says(answer, 400, 'InvalidRequest', 'Unable to resolve handle')
  );
}

/**
 * The PDS checks the rules for handles before the invite code and before the authority to use a DID.
 * Neither the code nor the DID is good, so nothing is created, whether the PDS asks for invites or not.
 */
export function allowsHandle(xrpc: Xrpc, handle: AccountHandle): Promise<boolean> {
  return xrpc<boolean>({
    name: 'server.createAccount',
    as: 'none',
    input: { handle, email: PROBE_EMAIL, password: NO_INVITE, inviteCode: NO_INVITE, did: NO_DID },
    parse: () => {
      throw accepted('server.createAccount');
    },
    refusal: (answer) => {
      if (says(answer, 400, 'InvalidInviteCode') || says(answer, 401, 'AuthenticationRequired')) return true;
      const refused = readRefusal(answer);
      // A taken handle is an allowed one: where no invites are required, the PDS checks that as well.
      if (refused?.reason === 'taken') return true;
      return refused?.field === 'handle' ? false : undefined;
    },
  });
}

/**
 * Throws SERVER_ERROR where the directory of DIDs does not answer the PDS. No account has the handle. On the line 0.5 it is
 * a creation with a token whose issuer cannot exist, for which the PDS needs the key of the issuer: it counts among the
 * creations that the PDS allows, so it is for `doctor` alone.
 */
export async function askDirectory(xrpc: Xrpc, handle: AccountHandle): Promise<void> {
  if ((await askByRename(xrpc, handle)) !== 'not-told') return;
  await xrpc<'asked'>({
    name: 'server.createAccount',
    as: { token: tokenOfNoIssuer('com.atproto.server.createAccount') },
    input: { handle, email: PROBE_EMAIL, password: NO_INVITE, inviteCode: NO_INVITE, did: NO_DID },
    parse: () => {
      throw accepted('server.createAccount');
    },
    refusal: (answer) => (says(answer, 401, 'AuthenticationRequired') ? 'asked' : undefined),
  });
}

const TOKEN_LIFE_SECONDS = 3_600;

/** In the form of a service token, with a signature that no key has made. */
function tokenOfNoIssuer(method: string): string {
  const now = Math.floor(Date.now() / 1_000);
  const header = { typ: 'JWT', alg: 'ES256K' };
  const claims = { iss: NO_DID, aud: NO_DID, lxm: method, iat: now, exp: now + TOKEN_LIFE_SECONDS };
  const encoded = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
  return [...encoded, 'none'].join('.');
}

/** A probe was accepted, so its assumption no longer holds, and a person has to check what the call did. */
function accepted(name: string): UpstreamError {
  const message = `pds ${name} accepted a probe that it had to refuse.`;
  return new UpstreamError(message, {
    upstream: 'pds',
    code: 'UNEXPECTED_ANSWER',
    retryable: false,
    effect: 'unknown',
  });
}
