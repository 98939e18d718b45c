/** What one listener has not received yet: at most one overview and a set of keys, however slow it is. */
import type { OverviewAnswer } from './answers/overview.ts';
import type { LiveMessage } from './data.ts';

/** In one message; the others go in the next. */
const MOST_USERS = 500;

export class Listener {
  readonly #signal: AbortSignal;
  #overview: OverviewAnswer | undefined;
  /** The last overview that was sent, without its time. */
  #told: string | undefined;
  #users: Set<string> | null = new Set();
  #sweeps = false;
  #failure: { readonly error: unknown } | undefined;
  #wake = (): void => {};

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  overview(answer: OverviewAnswer): void {
    this.#overview = answer;
    this.#wake();
  }

  /** `null` stands for any user. */
  changed(users: ReadonlySet<string> | null, sweeps: boolean): void {
    if (users === null) this.#users = null;
    else for (const user of users) this.#users?.add(user);
    this.#sweeps ||= sweeps;
    this.#wake();
  }

  fail(error: unknown): void {
    this.#failure = { error };
    this.#wake();
  }

  /** Until the signal aborts. Throws the error given to `fail`. */
  async *messages(): AsyncIterable<LiveMessage> {
    while (!this.#signal.aborted) {
      if (this.#failure !== undefined) throw this.#failure.error;
      const message = this.#nextOverview() ?? this.#nextChanged();
      if (message === undefined) await this.#woken();
      else yield message;
    }
  }

  #nextOverview(): LiveMessage | undefined {
    const answer = this.#overview;
    this.#overview = undefined;
    if (answer === undefined) return undefined;
    const text = JSON.stringify({ ...answer, asOf: '' });
    if (text === this.#told) return undefined;
    this.#told = text;
    return { name: 'overview', data: answer };
  }

  #nextChanged(): LiveMessage | undefined {
    const [users, sweeps] = [this.#users, this.#sweeps];
    if (users !== null && users.size === 0 && !sweeps) return undefined;
    const some = users === null ? null : [...users].slice(0, MOST_USERS);
    this.#users = new Set(users === null ? [] : [...users].slice(MOST_USERS));
    this.#sweeps = false;
    return { name: 'changed', data: { users: some, sweeps } };
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#signal.removeEventListener('abort', wake);
        this.#wake = () => {};
        resolve();
      };
      this.#wake = wake;
      this.#signal.addEventListener('abort', wake, { once: true });
      if (this.#signal.aborted) wake();
    });
  }
}
