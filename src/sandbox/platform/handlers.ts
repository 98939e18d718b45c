/**
 * A small stand-in of the platform's own handlers. They write to the same database, PDS and tenant as Concord
 * does, at the same time, and know nothing of Concord.
 */
import type { Randomness } from '../auth0/randomness.ts';
import type { HandleChange, PlatformDocuments } from './documents.ts';
import type { UpstreamCalls } from './upstream-calls.ts';

export interface PlatformDeps {
  readonly documents: PlatformDocuments;
  readonly calls: UpstreamCalls;
  readonly randomness: Randomness;
  readonly now: () => Date;
  /** Ends early when the platform stops. */
  readonly delay: (ms: number) => Promise<void>;
  /** True once the platform stops: handlers leave their work where it is, as at a crash. */
  readonly isStopping: () => boolean;
}

/** What a sign-up leaves in the database. */
export interface SignUpWrites {
  /** The count of the verifications document. */
  readonly count: 0 | 1;
  /** Whether the platform inserts a users document of its own. */
  readonly userDocument: boolean;
}

export interface ErasureOptions {
  /** Whether the users document is deleted; otherwise only `users.atproto` is removed. */
  readonly userDocument: 'stays' | 'goes';
  /** Waits before each step after the first, in ms. The last one given is used for the rest; default none. */
  readonly pausesMs?: readonly number[];
}

export interface PurgeOptions {
  /** From the block to the first deletion: days on the real platform. */
  readonly graceMs: number;
  readonly pausesMs?: readonly number[];
}

export type RemovedPart =
  | 'auth0-block'
  | 'verification'
  | 'handle'
  | 'account'
  | 'account-record'
  | 'user-document'
  | 'auth0-user';

export interface RemovalStep {
  readonly part: RemovedPart;
  readonly at: Date;
  /** False when there was nothing to remove. */
  readonly removed: boolean;
  /** Of the account. */
  readonly did?: string;
  /** Of the users document as it was last seen. */
  readonly code?: string;
}

const HANDLE = /^[a-z0-9]+([._][a-z0-9]+)*$/i;
const HANDLE_LENGTH = 16;

export class PlatformHandlers {
  readonly #deps: PlatformDeps;

  constructor(deps: PlatformDeps) {
    this.#deps = deps;
  }

  /** What the platform does when Auth0 reports a sign-up. Answers the code, when it assigned one. */
  async onSignUp(userId: string, { count, userDocument }: SignUpWrites): Promise<string | undefined> {
    const { documents, randomness, now } = this.#deps;
    await documents.addVerification(userId, count);
    return userDocument ? documents.addUser(userId, now(), randomness) : undefined;
  }

  async changeHandle(userId: string, handle: string): Promise<HandleChange | 'invalid'> {
    if (!HANDLE.test(handle) || handle.length > HANDLE_LENGTH) return 'invalid';
    return this.#deps.documents.setHandle(userId, handle, this.#deps.now());
  }

  /** Immediate erasure. Until its last step Auth0 still has the user, verified. */
  async erase(userId: string, { userDocument, pausesMs = [] }: ErasureOptions): Promise<RemovalStep[]> {
    const steps = [
      () => this.#removeVerification(userId),
      () => this.#removeHandle(userId),
      () => this.#removeAccount(userId),
      () => this.#unsetAccountRecord(userId),
      ...(userDocument === 'goes' ? [() => this.#removeUserDocument(userId)] : []),
      () => this.#removeAuth0User(userId),
    ];
    return this.#inTurn(steps, pausesMs);
  }

  /** Scheduled purge: the user is blocked first, and everything else goes after a grace period. */
  async purge(userId: string, { graceMs, pausesMs = [] }: PurgeOptions): Promise<RemovalStep[]> {
    const steps = [
      () => this.#block(userId),
      () => this.#removeVerification(userId),
      () => this.#removeAccount(userId),
      () => this.#removeHandle(userId),
      () => this.#removeUserDocument(userId),
      () => this.#removeAuth0User(userId),
    ];
    return this.#inTurn(steps, [graceMs, ...(pausesMs.length > 0 ? pausesMs : [0])]);
  }

  async #inTurn(
    steps: readonly (() => Promise<RemovalStep>)[],
    pausesMs: readonly number[],
  ): Promise<RemovalStep[]> {
    const done: RemovalStep[] = [];
    for (const [index, step] of steps.entries()) {
      if (index > 0) await this.#deps.delay(pausesMs[index - 1] ?? pausesMs.at(-1) ?? 0);
      if (this.#deps.isStopping()) break;
      done.push(await step());
    }
    return done;
  }

  async #block(userId: string): Promise<RemovalStep> {
    await this.#deps.calls.block(userId);
    return this.#step('auth0-block', true);
  }

  async #removeVerification(userId: string): Promise<RemovalStep> {
    const { deletedCount } = await this.#deps.documents.verifications.deleteOne({ _id: userId });
    return this.#step('verification', deletedCount > 0);
  }

  async #removeHandle(userId: string): Promise<RemovalStep> {
    const { deletedCount } = await this.#deps.documents.handles.deleteOne({ _id: userId });
    return this.#step('handle', deletedCount > 0);
  }

  /** The account that the users document names. An account that is not recorded yet is not found. */
  async #removeAccount(userId: string): Promise<RemovalStep> {
    const user = await this.#deps.documents.users.findOne({ _id: userId });
    const did = user?.atproto?.did;
    if (did !== undefined) await this.#deps.calls.deleteAccount(did);
    return this.#step('account', did !== undefined, { ...(did === undefined ? {} : { did }) });
  }

  async #unsetAccountRecord(userId: string): Promise<RemovalStep> {
    const update = { $unset: { atproto: 1 as const } };
    const before = await this.#deps.documents.users.findOneAndUpdate({ _id: userId }, update);
    return this.#step('account-record', before?.atproto !== undefined, codeOf(before?.code));
  }

  async #removeUserDocument(userId: string): Promise<RemovalStep> {
    const before = await this.#deps.documents.users.findOneAndDelete({ _id: userId });
    return this.#step('user-document', before !== null, codeOf(before?.code));
  }

  async #removeAuth0User(userId: string): Promise<RemovalStep> {
    await this.#deps.calls.deleteUser(userId);
    return this.#step('auth0-user', true);
  }

  #step(part: RemovedPart, removed: boolean, more: Pick<RemovalStep, 'did' | 'code'> = {}): RemovalStep {
    return { part, at: this.#deps.now(), removed, ...more };
  }
}

function codeOf(code: string | undefined): Pick<RemovalStep, 'code'> {
  return code === undefined ? {} : { code };
}
