/**
 * A PDS in memory, with the habits of the real one: what it hides it still holds, an invite is used up
 * only by success, and a creation that fails late leaves a DID in the public directory.
 */
import { createHash } from 'node:crypto';
import { UpstreamError } from '../../../src/errors.ts';
import { type AccountHandle, type Did, parseDid } from '../../../src/identity.ts';
import type {
  AccountHost,
  CreateAccountResult,
  DidDirectory,
  PdsAccount,
} from '../../../src/ports/accounts.ts';
import { CALLS } from './calls.ts';
import { type Hooks, hooked } from './hooks.ts';
import { all, type Kept, saveMap, saveSet } from './kept.ts';

export interface StoredAccount {
  readonly did: Did;
  readonly handle: AccountHandle;
  /** Lower-case. Missing, like the password, when it was created without a password. */
  readonly email: string | undefined;
  readonly password: string | undefined;
  readonly inviteCode: string | undefined;
  readonly status: 'active' | 'deactivated' | 'takendown';
  readonly hasRepo: boolean;
}

export interface InMemoryAccounts extends AccountHost, Kept {
  readonly domain: string;
  /** The accounts themselves, for a test to look at and to be a moderator, an owner or another client. */
  readonly stored: Map<Did, StoredAccount>;
  /** An account that somebody else made. */
  put(account: Pick<StoredAccount, 'handle' | 'email'> & Partial<StoredAccount>): Did;
  change(did: Did, changes: Partial<StoredAccount>): void;
  /** From now on the row of this account in answers about many cannot be read, or can again. */
  spoil(did: Did, isSpoilt?: boolean): void;
  /** DIDs in the public directory that came to no account. */
  leakedDids(): readonly Did[];
  /** The public directory, as whoever asks it sees it. */
  readonly dids: DidDirectory;
  /** Which DIDs name another PDS. */
  readonly movedDids: ReadonlyMap<Did, string>;
  /** The owner moves the account to another PDS, which deactivates the one here. */
  moveAway(did: Did, origin?: string): void;
  /** The DID names this PDS again; the account is active if it is still here. */
  moveBack(did: Did): void;
}

export interface InMemoryAccountsOptions {
  readonly domain?: string;
  /** Addresses the PDS does not accept, such as disposable ones. */
  readonly refusesEmail?: (email: string) => boolean;
}

const RESERVED = new Set(['admin', 'test', 'app', 'chat', 'user', 'music']);
/** Another PDS. */
export const ELSEWHERE = 'https://elsewhere.example';
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

export function inMemoryAccounts(
  hooks?: Hooks,
  { domain = '.at.test', refusesEmail = () => false }: InMemoryAccountsOptions = {},
): InMemoryAccounts {
  const stored = new Map<Did, StoredAccount>();
  const directory = new Set<Did>();
  const deleted = new Set<Did>();
  const unusedInvites = new Set<string>();
  const movedDids = new Map<Did, string>();
  const spoilt = new Set<Did>();
  let invites = 0;

  const newDid = (): Did => {
    const did = didOf(directory.size + 1);
    directory.add(did);
    return did;
  };
  const refusedHandle = (handle: AccountHandle): string | undefined => {
    const label = labelOf(handle, domain);
    if (label === undefined) return 'The handle is in a domain the PDS does not serve.';
    return hasAllowedLength(label) ? undefined : 'The handle is too short or too long.';
  };
  const holding = (handle: AccountHandle): StoredAccount | undefined =>
    [...stored.values()].find((account) => account.handle === handle);

  const dids: DidDirectory = {
    async serviceOf(did) {
      const origin = movedDids.get(did);
      if (origin !== undefined) return { type: 'elsewhere', origin };
      return { type: directory.has(did) ? 'here' : 'nowhere' };
    },
  };

  const host: InMemoryAccounts = {
    domain,
    stored,
    put(account) {
      const did = account.did ?? newDid();
      directory.add(did);
      const rest = {
        password: 'somebody-elses',
        inviteCode: undefined,
        status: 'active',
        hasRepo: true,
      } as const;
      stored.set(did, { ...rest, ...account, did });
      return did;
    },
    change(did, changes) {
      const account = stored.get(did);
      if (account === undefined) throw new Error('There is no such account.');
      stored.set(did, { ...account, ...changes });
    },
    save() {
      const invitesBefore = invites;
      const restore = all([
        ...[saveMap(stored), saveMap(movedDids)],
        ...[saveSet(directory), saveSet(deleted), saveSet(unusedInvites)],
      ]);
      return () => {
        restore();
        invites = invitesBefore;
      };
    },
    dids: hooked('dids', dids, CALLS.dids, hooks),
    movedDids,
    moveAway(did, origin = ELSEWHERE) {
      movedDids.set(did, origin);
      const account = stored.get(did);
      if (account !== undefined) stored.set(did, { ...account, status: 'deactivated' });
    },
    moveBack(did) {
      movedDids.delete(did);
      const account = stored.get(did);
      if (account !== undefined) stored.set(did, { ...account, status: 'active' });
    },
    spoil: (did, isSpoilt = true) => void (isSpoilt ? spoilt.add(did) : spoilt.delete(did)),
    leakedDids: () => [...directory].filter((did) => !stored.has(did) && !deleted.has(did)),

    async account(did) {
      const account = stored.get(did);
      if (account === undefined) return 'missing';
      return { ...toAccount(account), state: account.hasRepo ? account.status : 'no-repo' };
    },
    async accounts(dids) {
      const found = new Map<Did, PdsAccount | 'unreadable'>();
      for (const did of dids) {
        const account = stored.get(did);
        if (account !== undefined) found.set(did, spoilt.has(did) ? 'unreadable' : toAccount(account));
      }
      return found;
    },
    async *repositories() {
      const page = [...stored.values()].map(({ did, status }) =>
        spoilt.has(did) ? ('unreadable' as const) : { did, state: status },
      );
      if (page.length > 0) yield page;
    },
    async holderOf(handle) {
      const holder = holding(handle);
      if (holder === undefined) return { type: 'nobody' };
      return holder.status === 'active' ? { type: 'account', did: holder.did } : { type: 'hidden' };
    },
    handleDomains: async () => [domain],

    async createInvite() {
      invites += 1;
      unusedInvites.add(`invite-${invites}`);
      return `invite-${invites}`;
    },
    async createAccount({ handle, email, password, inviteCode }): Promise<CreateAccountResult> {
      const address = email.toLowerCase();
      if (!address.includes('@') || refusesEmail(address)) {
        return refused('email', 'not-allowed', 'The address is not one the PDS accepts.');
      }
      const notAllowed = refusedHandle(handle);
      if (notAllowed !== undefined) return refused('handle', 'not-allowed', notAllowed);
      if (RESERVED.has(labelOf(handle, domain) ?? '')) {
        return refused('handle', 'not-allowed', 'The handle is a reserved word.');
      }
      if (!unusedInvites.has(inviteCode)) throw failed('refused the invite code', 'INVITE_REFUSED', 'none');
      const rivals = [...stored.values()].filter(
        (account) => account.handle === handle || account.email === address,
      );
      // What is hidden is not seen here, and stands in the way only after the DID has been made.
      const seen = rivals.filter(({ status }) => status === 'active');
      if (seen.some((account) => account.handle === handle)) {
        return refused('handle', 'taken', 'The handle is taken.');
      }
      if (seen.length > 0) return refused('email', 'taken', 'The address is taken.');
      const did = newDid();
      if (rivals.length > 0) throw failed('answered 500', 'SERVER_ERROR', 'unknown');
      const hasPassword = password !== '';
      stored.set(did, {
        did,
        handle,
        email: hasPassword ? address : undefined,
        password: hasPassword ? password : undefined,
        inviteCode,
        status: 'active',
        hasRepo: true,
      });
      unusedInvites.delete(inviteCode);
      return { type: 'created', did, handle };
    },
    allowsHandle: async (handle) =>
      refusedHandle(handle) === undefined && !RESERVED.has(labelOf(handle, domain) ?? ''),
    async changeHandle(did, handle) {
      if (refusedHandle(handle) !== undefined) return 'not-allowed';
      const holder = holding(handle);
      if (holder !== undefined && holder.did !== did) return 'taken';
      const account = stored.get(did);
      if (account === undefined) throw failed('does not know this DID', 'BAD_REQUEST', 'none');
      stored.set(did, { ...account, handle });
      return 'changed';
    },
    async changeEmail(did, email) {
      const address = email.toLowerCase();
      const account = stored.get(did);
      const isTaken = [...stored.values()].some((other) => other.did !== did && other.email === address);
      if (account === undefined) return 'missing';
      if (isTaken) return 'refused';
      stored.set(did, { ...account, email: address });
      return 'changed';
    },
    async setActive(did, active) {
      const account = stored.get(did);
      if (account === undefined) return 'missing';
      // A takedown is another flag, which this one does not lift.
      if (account.status !== 'takendown')
        stored.set(did, { ...account, status: active ? 'active' : 'deactivated' });
      return 'set';
    },
    async deleteAccount(did) {
      if (!stored.delete(did)) return 'missing';
      deleted.add(did);
      return 'deleted';
    },
    async setPassword(did, password) {
      const account = stored.get(did);
      if (account?.password === undefined) return 'refused';
      stored.set(did, { ...account, password });
      return 'set';
    },
    canLogIn: async (did, password) => stored.get(did)?.password === password,
  };
  return hooked('accounts', host, CALLS.accounts, hooks);
}

function didOf(number: number): Did {
  let text = '';
  for (let rest = number; text.length < 24; rest = Math.floor(rest / 32))
    text = BASE32.charAt(rest % 32) + text;
  const did = parseDid(`did:plc:${text}`);
  if (did === undefined) throw new Error('A made-up DID does not parse.');
  return did;
}

function labelOf(handle: AccountHandle, domain: string): string | undefined {
  const label = handle.endsWith(domain) ? handle.slice(0, -domain.length) : undefined;
  return label === undefined || label.includes('.') ? undefined : label;
}

function hasAllowedLength(label: string): boolean {
  return label.length >= 3 && label.length <= 18;
}

const inviteHashes = new Map<string, string>();

function hashOf(inviteCode: string): string {
  const known = inviteHashes.get(inviteCode);
  if (known !== undefined) return known;
  const hash = createHash('sha256').update(inviteCode).digest('hex');
  inviteHashes.set(inviteCode, hash);
  return hash;
}

function toAccount({ did, handle, email, inviteCode, status }: StoredAccount): PdsAccount {
  return {
    did,
    handle,
    email,
    inviteHash: inviteCode === undefined ? undefined : hashOf(inviteCode),
    // Many at once come without the state of their repositories.
    state: status === 'deactivated' ? 'deactivated' : 'unknown',
  };
}

function refused(
  field: 'handle' | 'email',
  reason: 'taken' | 'not-allowed',
  message: string,
): CreateAccountResult {
  return { type: 'refused', field, reason, message };
}

function failed(what: string, code: string, effect: 'none' | 'unknown'): UpstreamError {
  return new UpstreamError(`pds ${what}`, { upstream: 'pds', code, effect, retryable: effect === 'unknown' });
}
