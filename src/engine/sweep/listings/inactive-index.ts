/** Keeps the index of inactive accounts, which reconciliations ask: the PDS finds none of them by address or handle. */
import type { Logger } from '../../../logger.ts';
import type { AccountReader, InactiveAccount, InactiveAccounts } from '../../../ports/accounts.ts';
import type { Clock } from '../../../ports/clock.ts';
import { attempt } from '../../../reconcilers/attempt.ts';
import type { AssessedTenant } from '../../reconcile/read-side.ts';
import { Repositories } from './repositories.ts';

interface IndexInactiveDeps {
  readonly accounts: AccountReader;
  readonly inactive: InactiveAccounts;
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Logger;
}

export class InactiveIndex {
  /** Undefined when the PDS could not list them: then the index is left as it is. */
  readonly repositories: Repositories | undefined;
  readonly #deps: IndexInactiveDeps;
  readonly #tenant: AssessedTenant;
  /** Inactive accounts that were in an answer, and are not in the index yet. */
  readonly #found: InactiveAccount[] = [];

  private constructor(
    deps: IndexInactiveDeps,
    tenant: AssessedTenant,
    repositories: Repositories | undefined,
  ) {
    this.#deps = deps;
    this.#tenant = tenant;
    this.repositories = repositories;
  }

  static async list(deps: IndexInactiveDeps, tenant: AssessedTenant): Promise<InactiveIndex> {
    const listed = await attempt('account', () => Repositories.list(deps.accounts, deps.clock.now()));
    return new InactiveIndex(deps, tenant, listed.ok ? listed.value : undefined);
  }

  /** The reader whose answers about many accounts also say which are hidden, and which remembers these. */
  accounts(): AccountReader {
    const { accounts } = this.#deps;
    return this.repositories?.completing(accounts, (one) => this.#found.push(one)) ?? accounts;
  }

  /** Puts what the reader remembered into the index. */
  async keepFound(): Promise<void> {
    const found = this.#found.splice(0);
    if (this.repositories !== undefined && found.length > 0)
      await this.#deps.inactive.keep(found, this.repositories.listedAt);
  }

  /**
   * Reads the inactive accounts of no user. Also where the listing of users broke off: that of the PDS is complete. Its
   * failure does not end the sweep. `onPage` is called after every page.
   */
  async keepRest(onPage: () => Promise<void>): Promise<void> {
    const { accounts, inactive, logger } = this.#deps;
    const { repositories } = this;
    if (repositories === undefined) return;
    const { listedAt } = repositories;
    const kept = await attempt('account', async () => {
      for await (const found of repositories.unreadInactive(accounts)) {
        await inactive.keep(found, listedAt);
        await onPage();
      }
      // What could not be read may be an account that an earlier listing found.
      if (repositories.unreadable === 0) await inactive.complete(listedAt);
    });
    const { unreadable: rows } = repositories;
    if (rows > 0)
      logger.warn({ tenant: this.#tenant.id, rows }, 'accounts in the listing of the PDS cannot be read');
    if (kept.ok) return;
    const { code, error: err } = kept.failure;
    logger.error({ err, code, tenant: this.#tenant.id }, 'a sweep could not list the inactive accounts');
  }
}
