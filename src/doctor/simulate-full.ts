/**
 * Creates a test user, with documents in the platform's database and an account on the PDS, and removes it again.
 *
 * | what is real                                            | what is not                                        |
 * |---------------------------------------------------------|----------------------------------------------------|
 * | `users` and `verifications`, their unique indexes, codes | the log, the queue and the read model: a database of its own, which is dropped |
 * | the account, its password, the login, the deletion       | Auth0, which is not called: a user there would send mail, run actions and be in every listing |
 *
 * The key of the user is reserved (`identity.ts`), so no process treats its documents as a user's or as orphans. A killed
 * run leaves them, and the next one removes them: by that key, and an account only if its address is the one made from
 * the key. The DID of each run stays in the public directory for ever.
 */
import { type ReconcileDeps, type ReconciledTenant, reconcile } from '../engine/reconcile/reconcile.ts';
import { describeError, UpstreamError, UsageError } from '../errors.ts';
import {
  type Auth0UserId,
  type Did,
  isSimulatedKey,
  parseAuth0UserId,
  SIMULATED_PREFIX,
  type TenantId,
  type UserKey,
  userKey,
} from '../identity.ts';
import type { Auth0User, Directory } from '../ports/auth0.ts';
import type { SimulatedUsers } from '../ports/inspection.ts';
import type { RunLease, Runs } from '../ports/runs.ts';
import { codeHandle } from '../reconcilers/derived-names.ts';

export interface FullSimulationDeps {
  /** The log and everything derived from it are in the database that is dropped; documents and accounts are the platform's. */
  readonly reconcile: Omit<ReconcileDeps, 'tenants' | 'people' | 'onStep'>;
  readonly simulated: SimulatedUsers;
  /** In the platform's database, so that one run at a time is active. */
  readonly runs: Runs;
  readonly tenant: TenantId;
}

export interface SimulationStep {
  readonly step: string;
  readonly durationMs: number;
  /** `done`, or the error. */
  readonly outcome: string;
}

export interface FullSimulation {
  readonly user: UserKey;
  readonly did: Did | null;
  readonly steps: readonly SimulationStep[];
  /** How many users of earlier runs were removed. */
  readonly leftovers: number;
  /** What failed first; null when every step was done. */
  readonly failed: string | null;
  /** False when this run left something, which the next one removes. */
  readonly removed: boolean;
}

const LEASE_MS = 120_000;
const ID_LENGTH = 12;

/** Throws UsageError RUN_UNDER_WAY while another process simulates. */
export async function simulateFully(
  deps: FullSimulationDeps,
  {
    signal,
    onStep,
  }: { readonly signal?: AbortSignal; readonly onStep?: (step: SimulationStep) => void } = {},
): Promise<FullSimulation> {
  const { clock } = deps.reconcile;
  const lease = await deps.runs.begin('doctor-simulation', clock.now(), LEASE_MS);
  if ('heldUntil' in lease) {
    throw new UsageError(
      `Another process simulates a user. If it was killed, run this again after ${lease.heldUntil.toISOString()} to remove what it left.`,
      'RUN_UNDER_WAY',
    );
  }
  try {
    return await new Simulation(deps, lease, signal, onStep).run();
  } finally {
    await deps.runs.end(lease, 'done').catch(() => undefined);
  }
}

class Simulation {
  readonly #deps: FullSimulationDeps;
  readonly #lease: RunLease;
  readonly #signal: AbortSignal | undefined;
  readonly #onStep: (step: SimulationStep) => void;
  readonly #steps: SimulationStep[] = [];
  readonly #userId: Auth0UserId;
  readonly #user: UserKey;

  constructor(
    deps: FullSimulationDeps,
    lease: RunLease,
    signal: AbortSignal | undefined,
    onStep: ((step: SimulationStep) => void) | undefined,
  ) {
    this.#deps = deps;
    this.#lease = lease;
    this.#signal = signal;
    this.#onStep = (step) => {
      this.#steps.push(step);
      onStep?.(step);
    };
    const { random } = deps.reconcile;
    const drawn = Array.from({ length: ID_LENGTH }, () => random.int(36).toString(36)).join('');
    const userId = parseAuth0UserId(`${SIMULATED_PREFIX}${drawn}`);
    if (userId === undefined) throw new Error('an invented user id did not parse');
    this.#userId = userId;
    this.#user = userKey('', userId);
  }

  async run(): Promise<FullSimulation> {
    let leftovers = 0;
    let did: Did | null = null;
    let failed: string | null = null;
    try {
      leftovers = await this.#step('remove what earlier runs left', () => this.#removeLeftovers());
      await this.#reconcile();
      did = await this.#step('read the users document', () => this.#recordedDid());
      await this.#step('log in with the stored password', () => this.#logIn(did));
      await this.#step('reconcile again, with nothing to do', () => this.#reconcileAgain());
    } catch (error) {
      failed = describeError(error);
    }
    // Always, also after a failure or an interruption.
    const removed = await this.#step('remove the account and the documents', () =>
      removeUser(this.#deps, this.#user),
    ).then(
      () => true,
      (error: unknown) => {
        failed ??= describeError(error);
        return false;
      },
    );
    return { user: this.#user, did, steps: this.#steps, leftovers, failed, removed };
  }

  async #step<T>(step: string, work: () => Promise<T>): Promise<T> {
    const { reconcile: engine, runs } = this.#deps;
    const startedMs = engine.clock.now().getTime();
    const drafts = (outcome: string) =>
      this.#onStep({ step, durationMs: engine.clock.now().getTime() - startedMs, outcome });
    try {
      if (this.#signal?.aborted === true && !step.startsWith('remove'))
        throw new UsageError('Interrupted.', 'INTERRUPTED');
      await runs.keep(this.#lease, engine.clock.now(), LEASE_MS);
      const result = await work();
      drafts('done');
      return result;
    } catch (error) {
      drafts(error instanceof UpstreamError ? error.code : describeError(error));
      throw error;
    }
  }

  async #removeLeftovers(): Promise<number> {
    const left = await this.#deps.simulated.keys();
    for (const user of left) await removeUser(this.#deps, user);
    return left.length;
  }

  /** Each action of the plan is a separate step. */
  async #reconcile(): Promise<void> {
    const { applied, end, failures, conditions } = await this.#pass((step, durationMs, outcome) =>
      this.#onStep({ step, durationMs, outcome }),
    );
    if (end === 'converged' && failures.length === 0 && applied.length > 0) return;
    const wrong = conditions.filter(({ status }) => status !== 'True').map(({ message }) => message);
    throw new UsageError(
      `The test user is ${end}: ${[...failures.map(({ code }) => code), ...wrong].join(' ')}`,
      'NOT_RECONCILED',
    );
  }

  async #reconcileAgain(): Promise<void> {
    const { applied, end } = await this.#pass();
    if (applied.length === 0 && end === 'converged') return;
    throw new UsageError(
      `A second reconciliation did ${applied.map(({ type }) => type).join(', ') || 'nothing'} and is ${end}.`,
      'NOT_IDEMPOTENT',
    );
  }

  async #pass(onAction?: (type: string, durationMs: number, outcome: string) => void) {
    const { reconcile: engine, tenant } = this.#deps;
    if (this.#signal?.aborted === true) throw new UsageError('Interrupted.', 'INTERRUPTED');
    const now = engine.clock.now();
    const who = { user: this.#user, userId: this.#userId, tenant };
    const lease = await engine.queue.claimUser(who, now, engine.settings.leaseMs);
    if (lease === undefined) throw new Error('a new test user is already leased');
    const invented: Auth0User = {
      ...{ userId: this.#userId, email: addressOf(this.#user), emailVerified: true, blocked: false },
      createdAt: now,
    };
    // Without a tag and a linked tenant, so that the address of the account proves whose it is.
    const policy: ReconciledTenant = { directory: directoryOf(invented), emailTag: undefined };
    return reconcile(
      {
        ...engine,
        people: { user: async () => undefined },
        tenants: new Map([[tenant, policy]]),
        // The simulation applies its actions even where the platform is observe-only.
        settings: { ...engine.settings, policy: { ...engine.settings.policy, observeOnly: false } },
        onStep: ({ action, durationMs, outcome }) => onAction?.(action.type, durationMs, outcome),
      },
      lease,
    );
  }

  async #recordedDid(): Promise<Did> {
    const did = (await this.#deps.reconcile.documents.read([this.#user])).get(this.#user)?.user?.account?.did;
    if (did === undefined) throw new UsageError('The users document names no account.', 'NO_ACCOUNT');
    return did;
  }

  async #logIn(did: Did | null): Promise<void> {
    const { documents, vault, accounts } = this.#deps.reconcile;
    const stored = did === null ? undefined : await documents.storedPassword(this.#user, did);
    if (did === null || stored === undefined) throw new UsageError('No password is stored.', 'NO_PASSWORD');
    if (!(await accounts.canLogIn(did, vault.open(stored, this.#user))))
      throw new UsageError('The PDS refuses the stored password.', 'PASSWORD_REFUSED');
  }
}

/**
 * The account first: while it may exist, the documents lead to it. May be repeated. Throws NOT_OURS and removes nothing
 * when the account that the documents name has another address than the one made from the key.
 */
async function removeUser(deps: FullSimulationDeps, user: UserKey): Promise<void> {
  if (!isSimulatedKey(user)) throw new Error('only test users are removed');
  const { documents, accounts, handleDomain } = deps.reconcile;
  const stored = (await documents.read([user])).get(user)?.user;
  const handle = codeHandle(stored?.code, await handleDomain());
  const holder = handle === undefined ? undefined : await accounts.holderOf(handle);
  const dids = [stored?.account?.did, holder?.type === 'account' ? holder.did : undefined];
  for (const did of new Set(dids.filter((one) => one !== undefined))) {
    const account = await accounts.account(did);
    if (account === 'missing') continue;
    if (account.email?.toLowerCase() !== addressOf(user)) {
      // An account found by the handle alone belongs to another user, who now has the code.
      if (did !== stored?.account?.did) continue;
      throw new UsageError(
        `The account ${did} of the test user ${user} has another address than that user's. It is not removed.`,
        'NOT_OURS',
      );
    }
    await accounts.deleteAccount(did);
  }
  await deps.simulated.remove(user);
}

/** Nothing is sent to it. */
function addressOf(user: UserKey): string {
  return `${user.replace('|', '-')}@example.com`;
}

function directoryOf(invented: Auth0User): Directory {
  const all = { users: [invented], total: 1 };
  return {
    user: async () => invented,
    usersByEmail: async () => [invented],
    usersByIdentity: async () => [invented],
    newest: async () => all,
    everyone: async function* () {
      yield all;
    },
    changedSince: async function* () {
      yield all;
    },
  };
}
