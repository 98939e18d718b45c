import type { Clock } from '../clock.ts';
import type { TenantUser } from './user.ts';

interface IndexChange {
  readonly visibleAtMs: number;
  readonly userId: string;
  readonly user: TenantUser | undefined;
}

export interface UserChange {
  readonly type: 'created' | 'updated' | 'deleted';
  /** As it is now, or was last. */
  readonly user: TenantUser;
}

/**
 * The tenant's users, seen in two ways. By id and by email a write is visible at once; list, search and
 * export read an index that lags by `indexDelayMs`, so that no code relies on a listing as the truth.
 */
export class UserStore {
  readonly #clock: Clock;
  readonly #indexDelayMs: number;
  readonly #users = new Map<string, TenantUser>();
  readonly #index = new Map<string, TenantUser>();
  readonly #listeners: ((change: UserChange) => void)[] = [];
  #waiting: IndexChange[] = [];
  #indexVersion = 0;

  constructor(clock: Clock, indexDelayMs: number) {
    this.#clock = clock;
    this.#indexDelayMs = indexDelayMs;
  }

  /** Every change reaches every listener, except to users who are meant to have been there, or gone, before. */
  onChange(listener: (change: UserChange) => void): void {
    this.#listeners.push(listener);
  }

  /**
   * Stores the user as given. `indexed: 'now'` is for users who are meant to have been there before. Listeners do
   * not hear of them, nor of a change that is not `announced`.
   */
  put(user: TenantUser, indexed: 'now' | 'later' = 'later', announced = true): void {
    const type = this.#users.has(user.user_id) ? 'updated' : 'created';
    this.#users.set(user.user_id, user);
    this.#schedule(user.user_id, user, indexed);
    if (indexed === 'later' && announced) this.#tell({ type, user });
  }

  remove(userId: string, indexed: 'now' | 'later' = 'later', announced = true): void {
    const user = this.#users.get(userId);
    this.#users.delete(userId);
    this.#schedule(userId, undefined, indexed);
    if (indexed === 'later' && announced && user !== undefined) this.#tell({ type: 'deleted', user });
  }

  byId(userId: string): TenantUser | undefined {
    return this.#users.get(userId);
  }

  all(): readonly TenantUser[] {
    return [...this.#users.values()];
  }

  /** Exact match: Auth0's lookup by email is case-sensitive, although database emails are lower-case. */
  byEmail(email: string): TenantUser[] {
    return [...this.#users.values()].filter((user) => user.email === email);
  }

  /** The lagging index, and a version that changes with it, for caches of query results. */
  index(): { readonly users: Iterable<TenantUser>; readonly version: number } {
    const now = this.#clock().getTime();
    const due = this.#waiting.filter((change) => change.visibleAtMs <= now);
    if (due.length > 0) {
      this.#waiting = this.#waiting.filter((change) => change.visibleAtMs > now);
      for (const change of due) this.#apply(change.userId, change.user);
    }
    return { users: this.#index.values(), version: this.#indexVersion };
  }

  #tell(change: UserChange): void {
    for (const listener of this.#listeners) listener(change);
  }

  #schedule(userId: string, user: TenantUser | undefined, indexed: 'now' | 'later'): void {
    if (indexed === 'now') {
      this.#waiting = this.#waiting.filter((change) => change.userId !== userId);
      this.#apply(userId, user);
      return;
    }
    this.#waiting.push({ visibleAtMs: this.#clock().getTime() + this.#indexDelayMs, userId, user });
  }

  #apply(userId: string, user: TenantUser | undefined): void {
    this.#indexVersion += 1;
    if (user === undefined) this.#index.delete(userId);
    else this.#index.set(userId, user);
  }
}
