/**
 * Everything that the PDS holds, from one listing: what the answers about many accounts leave out (that an
 * account is taken down), and which accounts no document names. Eight bytes an account.
 */
import type { Did } from '../identity.ts';
import type { AccountReader, PdsAccount } from '../ports.ts';
import { NameSet } from './name-set.ts';

export class Repositories {
  readonly #all = new NameSet();
  readonly #hidden = { deactivated: new NameSet(), takendown: new NameSet() };
  /** One for each that a document names, by its place among all. */
  #named = new Uint8Array(0);

  /** Throws UpstreamError when the listing breaks off. */
  static async list(accounts: Pick<AccountReader, 'repositories'>): Promise<Repositories> {
    const listed = new Repositories();
    for await (const page of accounts.repositories()) {
      for (const { did, state } of page) {
        listed.#all.add(did);
        if (state === 'deactivated' || state === 'takendown') listed.#hidden[state].add(did);
      }
    }
    listed.#named = new Uint8Array(listed.#all.size);
    return listed;
  }

  /** The same reader, whose answers about many accounts also say who is hidden. */
  completing(accounts: AccountReader): AccountReader {
    return {
      ...accounts,
      accounts: async (dids) => {
        const found = await accounts.accounts(dids);
        return new Map([...found].map(([did, account]) => [did, this.#complete(account)]));
      },
    };
  }

  #complete(account: PdsAccount): PdsAccount {
    if (account.state !== 'unknown') return account;
    if (this.#hidden.takendown.has(account.did)) return { ...account, state: 'takendown' };
    return this.#hidden.deactivated.has(account.did) ? { ...account, state: 'deactivated' } : account;
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
