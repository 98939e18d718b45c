import type { DesiredPolicy } from '../../reconcilers/policy.ts';

/** One resource may wait for another, and a refusal for another choice; more rounds of one reconciliation are a loop. */
export const MAX_ROUNDS = 6;

/** Settings of the engine; durations in milliseconds. The defaults are in config/default.yaml. */
export interface EngineSettings {
  /** Reconciliations at once in this process. */
  readonly concurrency: number;
  /** How long a worker may hold a user without renewing. */
  readonly leaseMs: number;
  /** How long a worker may hold a user in all; at least `leaseMs`. */
  readonly maxLeaseMs: number;
  /** How long workers wait before they check for due users again, unless they are woken. */
  readonly pollMs: number;
  /** How young a read of Auth0 must be, besides newer than the trigger, to be used without another. */
  readonly freshForMs: number;
  /** How long ago a user in sync may have been read or listed for a login to cost no read; 0: every login costs one. */
  readonly loginFreshForMs: number;
  readonly backoff: {
    readonly firstMs: number;
    readonly factor: number;
    readonly maxMs: number;
    /** Share of the wait that is random, 0 to 1. */
    readonly jitter: number;
  };
  /** Failed reconciliations in a row after which a user is quarantined. */
  readonly quarantineAfter: number;
  /** How long an account creation with unknown outcome is not touched. */
  readonly settleMs: number;
  /** After how long a handle or address that was taken is tried again. */
  readonly refusalRetryMs: number;
  /** After how long a user who needs action is read again although nothing has changed; up to a quarter longer. */
  readonly recheckMs: number;
  /** How long after one listing of inactive accounts a failed creation may ask for another. */
  readonly listInactiveMs: number;
  readonly policy: Policy;
}

/** What may be done at all. Everything that removes something is off by default. */
export interface Policy extends DesiredPolicy {
  /** Plan and report, and change nothing. */
  readonly observeOnly: boolean;
  /** The account of a deleted user that Auth0 has linked into another one: report it, or transfer it to that user. */
  readonly linked: 'report' | 'transfer';
}

/** Milliseconds to wait before try number `attempt` + 1; `random` is from 0 up to 1. */
export function backoffMs(settings: EngineSettings['backoff'], attempt: number, random: number): number {
  const full = Math.min(settings.maxMs, settings.firstMs * settings.factor ** Math.max(0, attempt - 1));
  return Math.round(full * (1 - settings.jitter * random));
}
