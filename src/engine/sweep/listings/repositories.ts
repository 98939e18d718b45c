/**
 * All repositories of the PDS, from one listing. It has what the answers about many accounts leave out: which accounts
 * are taken down, named by no document, or inactive. Takes eight bytes an account, and forty more for an inactive one.
 */
import type { Did } from '../../../identity.ts';
import {
  type AccountReader,
  type InactiveAccount,
  inactiveAccount,
  type PdsAccount,
  type Repository,
} from '../../../ports/accounts.ts';
import { DidList } from './did-list.ts';
import { NameSet } from './name-set.ts';

/** As many as the PDS answers in one call. */
const READ_AT_ONCE = 100;

export class Repositories {
  /** When the listing began. */
  readonly listedAt: Date;
  /** Rows that name no account, and inactive accounts that cannot be read: they exist all the same. */
  unreadable = 0;
  readonly #all = new NameSet();
  readonly #hidden = { deactivated: new NameSet(), takendown: new NameSet() };
  readonly #inactive = new DidList();
  /** Inactive accounts that were in an answer. */
  readonly #read = new NameSet();
  /** One for each account that a document names, by its index among all. */
  #named = new Uint8Array(0);

  private constructor(listedAt: Date) {
    this.listedAt = listedAt;
  }

  /** Throws UpstreamError when the listing breaks off. */
  static async list(accounts: Pick<AccountReader, 'repositories'>, now: Date): Promise<Repositories> {
    const listed = new Repositories(now);
    for await (const page of accounts.repositories()) {
      for (const repository of page) {
        if (repository === 'unreadable') {
          listed.unreadable += 1;
          continue;
        }
        const { did, state } = repository;
        listed.#all.add(did);
        if (state !== 'deactivated' && state !== 'takendown') continue;
        listed.#hidden[state].add(did);
        listed.#inactive.add(did);
      }
    }
    listed.#named = new Uint8Array(listed.#all.size);
    return listed;
  }

  /** The same reader, whose answers about many accounts also say which are hidden. Calls `onInactive` for each of these. */
  completing(accounts: AccountReader, onInactive?: (account: InactiveAccount) => void): AccountReader {
    return {
      ...accounts,
      accounts: async (dids) => {
        const found = await accounts.accounts(dids);
        return new Map(
          [...found].map(([did, account]) => [
            did,
            account === 'unreadable' ? account : this.#complete(account, onInactive),
          ]),
        );
      },
    };
  }

  #complete(account: PdsAccount, onInactive?: (account: InactiveAccount) => void): PdsAccount {
    const { did } = account;
    const state = this.#stateOf(account);
    if (state === 'deactivated' || state === 'takendown') {
      this.#read.add(did);
      onInactive?.({ did, email: account.email, handle: account.handle, state });
    }
    return state === account.state ? account : { ...account, state };
  }

  #stateOf({ did, state }: PdsAccount): PdsAccount['state'] {
    return state === 'unknown' ? this.#listedState(did) : state;
  }

  #listedState(did: Did): Repository['state'] {
    if (this.#hidden.takendown.has(did)) return 'takendown';
    return this.#hidden.deactivated.has(did) ? 'deactivated' : 'unknown';
  }

  /** Reads the inactive accounts that were in no answer, in pages. */
  async *unreadInactive(
    accounts: Pick<AccountReader, 'accounts'>,
  ): AsyncIterable<readonly InactiveAccount[]> {
    const read = async (dids: readonly Did[]) => {
      const found = [...(await accounts.accounts(dids)).values()];
      return found.flatMap((account) => {
        if (account !== 'unreadable') return inactiveAccount(account, this.#listedState(account.did)) ?? [];
        this.unreadable += 1;
        return [];
      });
    };
    let unread: Did[] = [];
    for (const did of this.#inactive) {
      if (this.#read.has(did)) continue;
      unread.push(did);
      if (unread.length < READ_AT_ONCE) continue;
      yield await read(unread);
      unread = [];
    }
    if (unread.length > 0) yield await read(unread);
  }

  /** A document names this account. */
  name(did: Did): void {
    const at = this.#all.indexOf(did);
    if (at >= 0) this.#named[at] = 1;
  }

  unnamed(): number {
    return this.#named.reduce((count, named) => count - named, this.#named.length);
  }
}
