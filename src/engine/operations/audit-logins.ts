/**
 * Tests the stored password of every account by one login on the PDS each, throttled, and ends each session. Changes
 * nothing; a person decides what to do about a user. Its position is stored with its findings, so that a run continues
 * where another one stopped or was killed.
 */
import { z } from 'zod';
import { inStep } from '../../concurrency/map-ordered.ts';
import { CredentialsError, UpstreamError, UsageError } from '../../errors.ts';
import type { KeySpace } from '../../exclusion.ts';
import { storedUserKey, type TenantId, type UserKey } from '../../identity.ts';
import type { AccountHost, PdsAccount } from '../../ports/accounts.ts';
import type { Clock } from '../../ports/clock.ts';
import type { PasswordVault, StoredLogin, StoredPasswordReader } from '../../ports/passwords.ts';
import type { RunLease, Runs } from '../../ports/runs.ts';
import { shellQuoted } from '../../reconcilers/command-lines.ts';
import { isExcluded, tenantOf } from '../intake/owner.ts';

export interface LoginAuditDeps {
  readonly passwords: Pick<StoredPasswordReader, 'logins'>;
  readonly vault: Pick<PasswordVault, 'open'>;
  readonly accounts: Pick<AccountHost, 'account' | 'canLogIn'>;
  readonly runs: Runs;
  readonly clock: Clock;
  readonly tenants: readonly KeySpace[];
}

export interface LoginAuditOptions {
  /** Users of this tenant only. */
  readonly tenant?: TenantId | undefined;
  /** Logins begun in a second, at most. */
  readonly perSecond: number;
  /** Ignore the position of an earlier run. */
  readonly restart: boolean;
  readonly onProgress?: (accounts: number) => void;
  /** No further login is begun after it aborts. */
  readonly signal?: AbortSignal;
}

/**
 * refused: the PDS does not accept the stored password. missing: none is stored. unopened: no key opens it.
 * account-unreadable: the document names an account and no readable DID. account-missing: the PDS does not have it.
 * untried: the PDS did not answer; `code` says how.
 */
const STATES = [
  'refused',
  'missing',
  'unopened',
  'account-unreadable',
  'account-missing',
  'untried',
] as const;
type FailedState = (typeof STATES)[number];

export interface FailedLogin {
  readonly user: UserKey;
  readonly state: FailedState;
  /** The state on the PDS; null where it was not read. */
  readonly account: PdsAccount['state'] | null;
  readonly code: string | null;
}

const COUNTED = ['opens', 'opens-deactivated', 'opens-takendown', ...STATES] as const;
export type LoginCounts = Readonly<Record<(typeof COUNTED)[number], number>>;

export interface LoginAuditReport {
  readonly accounts: number;
  readonly counts: LoginCounts;
  /** Users whose password does not work or was not tried, up to `MOST_KEPT`; all are counted. */
  readonly failed: readonly FailedLogin[];
  /** How many accounts an earlier run had tested. */
  readonly resumedAfter: number;
  readonly interrupted: boolean;
}

/** More than a person reads one by one, and small enough to be stored with the position. */
export const MOST_KEPT = 5_000;
/** Of one run; the PDS allows 30 logins in five minutes for one account, and a login takes 350 ms at least. */
const AT_ONCE = 4;
const TRIES = 3;
/** After this many untried accounts in a row, the cause is the PDS and not the accounts. */
const MOST_UNTRIED_IN_A_ROW = 8;
const UNNAMED_WAIT_MS = 5_000;
const LEASE_MS = 60_000;
const KEEP_EVERY_MS = 2_000;

const count = z.number().int().nonnegative();
const Kept = z.object({
  after: z.string(),
  accounts: count,
  counts: z.record(z.enum(COUNTED), count),
  failed: z.array(
    z.object({
      user: z.string().transform(storedUserKey),
      state: z.enum(STATES),
      account: z.enum(['active', 'deactivated', 'takendown', 'no-repo', 'unknown']).nullable(),
      code: z.string().nullable(),
    }),
  ),
});

/** Throws UsageError RUN_UNDER_WAY while another process runs it, and UpstreamError when the PDS answers no login. */
export async function auditLogins(
  deps: LoginAuditDeps,
  options: LoginAuditOptions,
): Promise<LoginAuditReport> {
  const { runs, clock } = deps;
  const name = `audit-logins${options.tenant === undefined ? '' : `:${options.tenant}`}`;
  const lease = await runs.begin(name, clock.now(), LEASE_MS);
  if ('heldUntil' in lease) {
    throw new UsageError(
      `Another process tests the stored passwords. If it was killed, run this again after ${lease.heldUntil.toISOString()}.`,
      'RUN_UNDER_WAY',
    );
  }
  const run = new Run(deps, options, lease);
  try {
    const report = await run.toItsEnd();
    await runs.end(lease, report.interrupted ? 'broken-off' : 'done');
    return report;
  } catch (error) {
    await runs.end(lease, 'broken-off').catch(() => undefined);
    throw error;
  }
}

class Run {
  readonly #deps: LoginAuditDeps;
  readonly #options: LoginAuditOptions;
  readonly #lease: RunLease;
  readonly #counts: Record<keyof LoginCounts, number>;
  readonly #failed: FailedLogin[];
  readonly #resumedAfter: number;
  #after: UserKey;
  #accounts: number;
  #nextLoginMs = 0;

  constructor(deps: LoginAuditDeps, options: LoginAuditOptions, lease: RunLease) {
    const kept = options.restart ? undefined : readKept(lease.position);
    this.#deps = deps;
    this.#options = options;
    this.#lease = lease;
    this.#counts = { ...NOTHING, ...kept?.counts };
    this.#failed = kept?.failed ?? [];
    this.#accounts = kept?.accounts ?? 0;
    this.#resumedAfter = this.#accounts;
    this.#after = storedUserKey(kept?.after ?? '');
  }

  async toItsEnd(): Promise<LoginAuditReport> {
    const { clock } = this.#deps;
    const { signal, onProgress } = this.#options;
    let keptMs = clock.now().getTime();
    // From the first of these on, the cause may be the accounts or the PDS.
    let inDoubt: (readonly [StoredLogin, Outcome])[] = [];
    onProgress?.(this.#accounts);
    for await (const tested of inStep(this.#logins(), (login) => this.#test(login), AT_ONCE)) {
      if (tested === 'not-begun') break;
      inDoubt.push(tested);
      if (tested[1].state === 'untried' && inDoubt.length < MOST_UNTRIED_IN_A_ROW) continue;
      if (tested[1].state === 'untried') {
        await this.#keep();
        throw tested[1].error;
      }
      this.#note(inDoubt);
      inDoubt = [];
      onProgress?.(this.#accounts);
      const nowMs = clock.now().getTime();
      if (nowMs - keptMs < KEEP_EVERY_MS) continue;
      keptMs = nowMs;
      await this.#keep();
    }
    const interrupted = signal?.aborted === true;
    // A later run tries those again that were in doubt when this one was stopped.
    if (!interrupted) this.#note(inDoubt);
    await this.#keep();
    const { accounts, counts, failed } = this.#state();
    return { accounts, counts, failed, resumedAfter: this.#resumedAfter, interrupted };
  }

  async *#logins(): AsyncIterable<StoredLogin> {
    const { tenant } = this.#options;
    const { passwords, tenants } = this.#deps;
    for await (const login of passwords.logins(this.#after)) {
      if (this.#options.signal?.aborted === true) return;
      const owner = tenantOf(login.user, tenants);
      // A login changes an account, so excluded users are left out.
      if (owner !== undefined && isExcluded(owner, login.user)) continue;
      if (tenant === undefined || owner?.id === tenant) yield login;
    }
  }

  async #test(login: StoredLogin): Promise<readonly [StoredLogin, Outcome] | 'not-begun'> {
    const { clock } = this.#deps;
    const { signal, perSecond } = this.#options;
    for (let tries = 1; ; tries += 1) {
      const nowMs = clock.now().getTime();
      const atMs = Math.max(nowMs, this.#nextLoginMs);
      this.#nextLoginMs = atMs + 1_000 / perSecond;
      await clock.delay(atMs - nowMs, signal);
      if (signal?.aborted === true) return 'not-begun';
      try {
        return [login, await this.#tryOnce(login)];
      } catch (error) {
        if (!(error instanceof UpstreamError && error.retryable)) throw error;
        if (tries === TRIES) return [login, { state: 'untried', account: null, code: error.code, error }];
        // The other logins wait too: a limit applies to all logins from this address.
        const waitMs = error.retryAfterMs ?? UNNAMED_WAIT_MS;
        this.#nextLoginMs = Math.max(this.#nextLoginMs, clock.now().getTime() + waitMs);
      }
    }
  }

  async #tryOnce({ user, did, stored }: StoredLogin): Promise<Outcome> {
    const { accounts, vault } = this.#deps;
    if (did === undefined) return { state: 'account-unreadable', account: null, code: null };
    const account = await accounts.account(did);
    if (account === 'missing') return { state: 'account-missing', account: null, code: null };
    if (stored === undefined) return { state: 'missing', account: account.state, code: null };
    let password: string;
    try {
      password = vault.open(stored, user);
    } catch (error) {
      if (!(error instanceof CredentialsError)) throw error;
      return { state: 'unopened', account: account.state, code: error.code };
    }
    const opens = await accounts.canLogIn(did, password);
    return { state: opens ? 'opens' : 'refused', account: account.state, code: null };
  }

  #note(tested: readonly (readonly [StoredLogin, Outcome])[]): void {
    for (const [{ user }, { state, account, code }] of tested) {
      this.#after = user;
      this.#accounts += 1;
      if (state === 'opens') {
        const isInactive = account === 'deactivated' || account === 'takendown';
        this.#counts[isInactive ? (`opens-${account}` as const) : 'opens'] += 1;
        continue;
      }
      this.#counts[state] += 1;
      if (this.#failed.length < MOST_KEPT) this.#failed.push({ user, state, account, code });
    }
  }

  async #keep(): Promise<void> {
    const { runs, clock } = this.#deps;
    const position = JSON.stringify({ after: this.#after, ...this.#state() });
    await runs.keep(this.#lease, clock.now(), LEASE_MS, position);
  }

  #state() {
    return { accounts: this.#accounts, counts: { ...this.#counts }, failed: [...this.#failed] };
  }
}

type Outcome =
  | {
      readonly state: 'opens' | Exclude<FailedState, 'untried'>;
      readonly account: FailedLogin['account'];
      readonly code: string | null;
    }
  | {
      readonly state: 'untried';
      readonly account: null;
      readonly code: string;
      readonly error: UpstreamError;
    };

const NOTHING = Object.fromEntries(COUNTED.map((name) => [name, 0])) as Record<keyof LoginCounts, number>;

/** Undefined when there is none, or another version wrote it: then the run begins anew. */
function readKept(text: string | undefined): z.infer<typeof Kept> | undefined {
  if (text === undefined) return undefined;
  try {
    return Kept.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** What a person runs about this user. */
export function commandFor({ user, state, account }: FailedLogin): string {
  if (state === 'untried') return `concord password ${shellQuoted(user)}`;
  const isResettable = state === 'refused' || state === 'missing' || state === 'unopened';
  // Where the account is inactive or missing, its password is not the first problem.
  if (!isResettable || account === 'deactivated' || account === 'takendown')
    return `concord explain ${shellQuoted(user)}`;
  return `concord password ${shellQuoted(user)} --reset`;
}
