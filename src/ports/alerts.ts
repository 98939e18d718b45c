/** What may be wrong, in the words of an alert: one for each cause, however many users it concerns. */
import type { TenantId, UserKey } from '../identity.ts';

export const CAUSE_KINDS = [
  'converge-failing',
  'quarantine',
  'unreachable',
  'credentials-refused',
  'stream-unhealthy',
  'stream-silent',
  'gap',
  'log-unread',
  'sweep-halted',
  'sweep-broken-off',
  'sweep-overdue',
  'index-unfit',
  'code-space',
  'clock-differs',
] as const;
export type CauseKind = (typeof CAUSE_KINDS)[number];

/** What is wrong. Nothing in it is personal, and nothing is secret. */
export interface Cause {
  /** The same for as long as the cause is the same: `unreachable:pds`, `gap:main:checkpoint-gone`. */
  readonly id: string;
  readonly kind: CauseKind;
  /** Undefined where it concerns all of them. */
  readonly tenant: TenantId | undefined;
  /** One sentence that names it. */
  readonly what: string;
  /** How many users it concerns, as far as is known; undefined where it concerns none in particular. */
  readonly users: number | undefined;
  /** True when there may be more. */
  readonly orMore: boolean;
  /** One of them, by key. */
  readonly example: UserKey | undefined;
  /** Since when, as far as is known. */
  readonly since: Date;
  /** The command or page that shows more or fixes the cause. */
  readonly command: string;
  /** False for a cause that may pass quickly: it has to last, or to concern several users, before a notice is sent. */
  readonly isSettled: boolean;
}

/** All causes found by one check. */
export interface CheckResult {
  readonly causes: readonly Cause[];
  /** The ids, or beginnings of ids, of causes that could not be checked: their absence does not prove that they ended. */
  readonly blind: readonly string[];
}

/** An alert as it is stored: one cause, and which notices were sent about it. */
export interface Alert {
  readonly cause: Cause;
  /** pending: seen, no notice sent yet. closed: ended, and kept until every receiver has the notice. */
  readonly phase: 'pending' | 'open' | 'closed';
  /** Identifies this occurrence of the cause; its notices carry it. */
  readonly opening: string;
  readonly firstSeenAt: Date;
  /** Since when it is not seen any more. */
  readonly clearSince: Date | undefined;
  /** When the last notice was sent, and for how many users. */
  readonly toldAt: Date | undefined;
  readonly toldUsers: number;
  /** How many notices were sent. */
  readonly tellings: number;
}

export type NoticeType = 'opened' | 'reminded' | 'closed';

/** The content of a notice. */
export interface Notice {
  /** The same however often it is sent: by this a receiver knows what it has. */
  readonly id: string;
  readonly type: NoticeType;
  readonly at: Date;
  readonly opening: string;
  readonly firstSeenAt: Date;
  readonly cause: Cause;
}

export interface AlertReader {
  /** Every alert that is kept, pending and closed ones too. */
  all(): Promise<readonly Alert[]>;
}

/** A notice that one receiver has not taken yet. */
export interface Delivery {
  readonly notice: Notice;
  readonly receiver: string;
  readonly tries: number;
  /** How many of the tries the receiver refused for what the notice is. */
  readonly refusals: number;
  readonly nextAt: Date;
}

/** How a try ended, and what became of a notice that is not sent again; as the metric names it. */
export type NoticeOutcome = 'taken' | 'failed' | 'given_up';

/** A try that the receiver did not take. */
export interface FailedTry {
  readonly nextAt: Date;
  /** The receiver answered, and the answer is about this notice. */
  readonly isRefusal: boolean;
}

/** One document a cause. Only the holder of the alerting lease changes it, and every change survives a restart. */
export interface AlertStore extends AlertReader {
  /** Stores alerts with their outstanding notices and receivers, in one write each. */
  keep(alerts: readonly Alert[], deliveries: readonly Delivery[]): Promise<void>;
  /** Drops alerts for which no notice was ever sent. */
  drop(ids: readonly string[]): Promise<void>;
  /** All outstanding notices, the oldest first. */
  deliveries(): Promise<readonly Delivery[]>;
  /** A receiver has taken it, or it is given up; a closed alert whose last it was goes with it. */
  done(delivery: Delivery): Promise<void>;
  /** To be tried again. */
  later(delivery: Delivery, failed: FailedTry): Promise<void>;
}

// ── Long runs ──
