/** What was delivered and concerns no user, or could not be read. */
import type { IgnoredCounts, IgnoreReason } from '../events/ignored.ts';
import type { TenantId } from '../identity.ts';

/** A log entry that could not be read, kept with the reason. */
export interface Reject {
  readonly tenant: TenantId;
  readonly reason: string;
  /** The entry as it came, as one string, cut at a limit. */
  readonly raw: string;
  readonly receivedAt: Date;
  /** How many entries it stands for. */
  readonly count: number;
}

export interface Rejects {
  /**
   * Keeps rejects; the same tenant, reason and raw text is kept once. Where there are too many, a new one is only counted.
   * Majority and journaled.
   */
  add(rejects: readonly Reject[]): Promise<void>;
}

/** How many entries and changes of a tenant were ignored for one reason. */
export interface Ignored {
  readonly tenant: TenantId;
  readonly reason: IgnoreReason;
  readonly count: number;
  readonly firstAt: Date;
  readonly lastAt: Date;
}

export interface IgnoredReader {
  /** Of these tenants, each tenant and reason once. */
  read(tenants: readonly TenantId[]): Promise<readonly Ignored[]>;
}

/** What was ignored is counted and not kept; what comes twice is counted twice. */
export interface IgnoredTotals extends IgnoredReader {
  add(tenant: TenantId, counts: IgnoredCounts, at: Date): Promise<void>;
}

/** The codes of Auth0's log that this version does not know and that came before, over restarts. */
export interface SeenCodes {
  /** True for one caller, once for each code; false for all beyond the two hundredth. */
  isFirst(code: string): Promise<boolean>;
}
