/**
 * The PDS has no call that shows whether a handle is available. It is found out from what it says of the repository of that
 * name, and from calls that are made so that they must fail: each names a DID that cannot exist, and so has nothing that it
 * could change.
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
 * resolveHandle does not see accounts that are deactivated or taken down. So where it finds no account, the repository is
 * asked for by the handle: the PDS refuses to show the repository of such an account, and its error names the reason.
 * `nobody` also means that the directory answers the PDS, so that an account of this handle can be made now.
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
  const holder = await xrpc<HandleHolder>({
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
  if (holder.type === 'nobody') await askDirectory(xrpc, handle);
  return holder;
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
 * Throws SERVER_ERROR where the directory does not answer the PDS. The token names a DID that cannot exist as its issuer, and
 * before the PDS can refuse it, it has to ask the directory for the key of that DID. A call that is refused so does not count
 * among the creations that the PDS allows.
 */
async function askDirectory(xrpc: Xrpc, handle: AccountHandle): Promise<void> {
  await xrpc<'asked'>({
    name: 'server.createAccount',
    as: { token: tokenOfNobody('com.atproto.server.createAccount') },
    input: { handle, email: PROBE_EMAIL, password: NO_INVITE, inviteCode: NO_INVITE, did: NO_DID },
    parse: () => {
      throw accepted('server.createAccount');
    },
    refusal: (answer) => (says(answer, 401, 'AuthenticationRequired') ? 'asked' : undefined),
  });
}

const TOKEN_LIFE_SECONDS = 3_600;

/** In the form of a service token, with a signature that no key has made. */
function tokenOfNobody(method: string): string {
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
