/**
 * Documents and accounts that belong to no user, with the evidence. Read-only, and nothing is ever done about
 * them: what looks like an orphan may be all that a person has.
 *
 * | a document whose key               | Auth0, read by id   | is       |
 * |------------------------------------|---------------------|----------|
 * | is in a complete listing           |                     | owned    |
 * | is in none                         | has the user        | owned: listings are late   |
 * | is in none                         | 404                 | an orphan, by two proofs   |
 * | is in none                         | could not be read   | unknown  |
 * | is in none                         | 400, no user id     | an orphan                  |
 * | is not `provider|id`               |                     | an orphan                  |
 * | has the form of no configured tenant |                   | an orphan: its user cannot be read |
 *
 * An account on the PDS that no `users` document names is an orphan. The documents are read again at the
 * end, so that an account that was being created meanwhile is not taken for one.
 */

import { sideBySide } from '../../../concurrency/map-limit.ts';
import {
  type AccountHandle,
  type Did,
  isSimulatedKey,
  storedUserKey,
  type TenantId,
  type UserKey,
  userKey,
} from '../../../identity.ts';
import type { AccountReader, PdsAccount, Repository } from '../../../ports/accounts.ts';
import type { DocumentOwner, DocumentReader } from '../../../ports/documents.ts';
import type { EventReader } from '../../../ports/event-log.ts';
import { attempt } from '../../../reconcilers/attempt.ts';
import { isExcluded, ownerOf, tenantOf } from '../../intake/owner.ts';
import type { AssessedTenant } from '../../reconcile/read-side.ts';
import { NameSet } from '../listings/name-set.ts';
import { addressesBehind, inviteEvidence, ownerEvidence, why } from './evidence.ts';

export interface OrphanDeps {
  readonly documents: Pick<DocumentReader, 'owners' | 'namedDids'>;
  readonly accounts: Pick<AccountReader, 'accounts' | 'repositories'>;
  readonly events: Pick<EventReader, 'read'>;
}

interface DoubtedDocument {
  /** The `_id`, as it is stored. */
  readonly key: string;
  /** Null when the key is of no configured tenant. */
  readonly tenant: TenantId | null;
  readonly collection: DocumentOwner['collection'];
  readonly verdict: 'orphan' | 'unknown';
  readonly evidence: readonly string[];
}

interface OrphanAccount {
  readonly did: Did;
  /** Null when the PDS lists the repository but has no such account. */
  readonly handle: AccountHandle | null;
  readonly active: boolean;
  /** Users whose address it has; the address itself is never shown. */
  readonly addressOf: readonly UserKey[];
  /** The user that Concord meant to create it for, by its invite code. */
  readonly intendedFor: UserKey | null;
  readonly evidence: readonly string[];
}

export interface Orphans {
  /** How much was read. */
  readonly looked: { readonly users: number; readonly documents: number; readonly accounts: number };
  readonly orphanDocuments: number;
  /** Documents whose user could not be read from Auth0. */
  readonly unknownDocuments: number;
  readonly orphanAccounts: number;
  /** Up to the limit, as the accounts are. */
  readonly documents: readonly DoubtedDocument[];
  readonly accounts: readonly OrphanAccount[];
}

interface Options {
  /** The most documents, and the most accounts, to keep with their evidence; all are counted. */
  readonly limit: number;
  /** Called with the number of users, documents and accounts read so far. */
  readonly onProgress?: (looked: number) => void;
}

/**
 * Reads all tenants, since an orphan must belong to none of them. Throws UpstreamError when a listing breaks off or
 * the documents cannot be read: nothing can be concluded from a part.
 */
export async function findOrphans(
  deps: OrphanDeps,
  tenants: readonly AssessedTenant[],
  options: Options,
): Promise<Orphans> {
  const search = new Search(deps, tenants, options);
  await search.listUsers();
  await search.searchDocuments();
  await search.searchAccounts();
  return { ...search.counts(), documents: search.documents, accounts: await search.explainAccounts() };
}

class Search {
  readonly documents: DoubtedDocument[] = [];
  readonly #deps: OrphanDeps;
  readonly #tenants: readonly AssessedTenant[];
  readonly #options: Options;
  readonly #listed = new NameSet();
  readonly #named = new NameSet();
  /** Auth0's answers about users who were not listed: one user may have three documents. */
  readonly #answers = new Map<string, 'present' | 'absent' | 'invalid' | { readonly code: string }>();
  readonly #looked = { users: 0, documents: 0, accounts: 0 };
  readonly #suspects: Repository[] = [];
  #orphanDocuments = 0;
  #unknownDocuments = 0;
  #orphanAccounts = 0;

  constructor(deps: OrphanDeps, tenants: readonly AssessedTenant[], options: Options) {
    this.#deps = deps;
    this.#tenants = tenants;
    this.#options = options;
  }

  counts(): Pick<Orphans, 'looked' | 'orphanDocuments' | 'unknownDocuments' | 'orphanAccounts'> {
    return {
      looked: this.#looked,
      orphanDocuments: this.#orphanDocuments,
      unknownDocuments: this.#unknownDocuments,
      orphanAccounts: this.#orphanAccounts,
    };
  }

  async listUsers(): Promise<void> {
    for (const { keyPrefix, directory } of this.#tenants) {
      for await (const { users } of directory.everyone()) {
        for (const { userId } of users) this.#listed.add(userKey(keyPrefix, userId));
        this.#count('users', users.length);
      }
    }
  }

  async searchDocuments(): Promise<void> {
    for await (const page of this.#deps.documents.owners()) {
      for (const { did } of page) if (did !== undefined) this.#named.add(did);
      const doubted = page.filter(
        ({ key }) => !this.#listed.has(key) && !isSimulatedKey(key) && !this.#isExcluded(key),
      );
      await this.#askAuth0(doubted.map(({ key }) => key));
      for (const document of doubted) this.#judge(document);
      this.#count('documents', page.length);
    }
  }

  #isExcluded(key: string): boolean {
    const tenant = tenantOf(key, this.#tenants);
    return tenant !== undefined && isExcluded(tenant, storedUserKey(key));
  }

  /** Reads each user who is not listed by id, once. */
  async #askAuth0(keys: readonly string[]): Promise<void> {
    const unasked = [...new Set(keys)].filter((key) => !this.#answers.has(key));
    await sideBySide(unasked, async (key) => {
      const owned = ownerOf(key, this.#tenants);
      if (owned === undefined) return;
      const answer = await attempt('auth0', () => owned.tenant.directory.user(owned.userId));
      if (!answer.ok) this.#answers.set(key, { code: answer.failure.code });
      else this.#answers.set(key, typeof answer.value === 'object' ? 'present' : answer.value);
    });
  }

  #judge({ collection, key, did }: DocumentOwner): void {
    const tenant = tenantOf(key, this.#tenants);
    const answer = this.#answers.get(key);
    if (answer === 'present') return;
    const names = did === undefined ? [] : [`it names the account ${did}`];
    const evidence = [...why(tenant?.id, answer), ...names];
    const verdict = typeof answer === 'object' ? 'unknown' : 'orphan';
    if (verdict === 'orphan') this.#orphanDocuments += 1;
    else this.#unknownDocuments += 1;
    if (this.documents.length < this.#options.limit)
      this.documents.push({ key, tenant: tenant?.id ?? null, collection, verdict, evidence });
  }

  async searchAccounts(): Promise<void> {
    for await (const page of this.#deps.accounts.repositories()) {
      const unnamed = page.filter((one) => one !== 'unreadable').filter(({ did }) => !this.#named.has(did));
      const suspects = await this.#stillUnnamed(unnamed);
      this.#orphanAccounts += suspects.length;
      this.#suspects.push(...suspects.slice(0, this.#options.limit - this.#suspects.length));
      this.#count('accounts', page.length);
    }
    const settled = await this.#stillUnnamed(this.#suspects);
    this.#orphanAccounts -= this.#suspects.length - settled.length;
    this.#suspects.splice(0, this.#suspects.length, ...settled);
  }

  async #stillUnnamed(suspects: readonly Repository[]): Promise<Repository[]> {
    if (suspects.length === 0) return [];
    const named = await this.#deps.documents.namedDids(suspects.map(({ did }) => did));
    return suspects.filter(({ did }) => !named.has(did));
  }

  async explainAccounts(): Promise<OrphanAccount[]> {
    const read = await this.#deps.accounts.accounts(this.#suspects.map(({ did }) => did));
    const infos = new Map(
      [...read].flatMap(([did, one]) => (one === 'unreadable' ? [] : [[did, one] as const])),
    );
    const { intended, owners } = await this.#toldOf(infos);
    const explained = new Map<Did, OrphanAccount>();
    await sideBySide(this.#suspects, async ({ did, state }) => {
      const account = infos.get(did);
      const address = await this.#usersWithAddressOf(account);
      const intendedFor = intended.get(account?.inviteHash ?? '') ?? null;
      const evidence = [
        'no users document names it',
        account === undefined ? 'the PDS says nothing more of it' : address.evidence,
        ...(account === undefined ? [] : [inviteEvidence(account, intendedFor)]),
        ...ownerEvidence(owners.get(did)),
      ];
      const handle = account?.handle ?? null;
      explained.set(did, {
        did,
        handle,
        active: state === 'active',
        addressOf: address.users,
        intendedFor,
        evidence,
      });
    });
    return this.#suspects.flatMap(({ did }) => explained.get(did) ?? []);
  }

  /** The intended and the former users of these accounts: one stream over the log, however many accounts. */
  async #toldOf(infos: ReadonlyMap<Did, PdsAccount>) {
    const wanted = new Set([...infos.values()].flatMap(({ inviteHash }) => inviteHash ?? []));
    const suspects = new Set(this.#suspects.map(({ did }) => did));
    const intended = new Map<string, UserKey>();
    const owners = new Map<Did, UserKey>();
    if (suspects.size === 0) return { intended, owners };
    for await (const event of this.#deps.events.read({ types: OF_ACCOUNTS })) {
      if (event.user === null) continue;
      if (event.type === 'account.creation-intended' && wanted.has(event.data.inviteHash))
        intended.set(event.data.inviteHash, event.user);
      if ('did' in event.data && event.data.did !== undefined && suspects.has(event.data.did))
        owners.set(event.data.did, event.user);
    }
    return { intended, owners };
  }

  async #usersWithAddressOf(account: PdsAccount | undefined) {
    const address = account?.email?.toLowerCase();
    if (address === undefined) return { users: [], evidence: 'it has no address' };
    const read = await attempt('auth0', async () => {
      const users: UserKey[] = [];
      for (const { directory, keyPrefix, emailTag } of this.#tenants) {
        for (const email of addressesBehind(address, emailTag)) {
          const found = await directory.usersByEmail(email);
          users.push(...found.map(({ userId }) => userKey(keyPrefix, userId)));
        }
      }
      return users;
    });
    if (!read.ok)
      return { users: [], evidence: `whose address it has could not be read (${read.failure.code})` };
    const evidence =
      read.value.length === 0 ? 'no user has its address' : `it has the address of ${read.value.join(', ')}`;
    return { users: read.value, evidence };
  }

  #count(what: keyof Orphans['looked'], more: number): void {
    this.#looked[what] += more;
    const { users, documents, accounts } = this.#looked;
    this.#options.onProgress?.(users + documents + accounts);
  }
}

/** Events that the log has about an account and its user. */
const OF_ACCOUNTS = [
  'account.creation-intended',
  'account.created',
  'account.recorded',
  'account.adopted',
] as const;
