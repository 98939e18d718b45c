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
  /** What to type, or where to look, to see more or to mend it. */
  readonly command: string;
  /** False for what may be over in a moment: it has to last, or to concern several users, before anybody is told. */
  readonly isSettled: boolean;
}

/** A look at the whole. */
export interface Sighting {
  readonly causes: readonly Cause[];
  /** The ids, or beginnings of ids, of what could not be looked at: not to see it is no proof that it is gone. */
  readonly blind: readonly string[];
}

/** An alert as it is kept: what is known of one cause, and what was told of it. */
export interface Alert {
  readonly cause: Cause;
  /** pending: seen, and not told yet. closed: told, and kept until everybody knows. */
  readonly phase: 'pending' | 'open' | 'closed';
  /** Of this time that the cause is there; what is told of it is recognised by that. */
  readonly opening: string;
  readonly firstSeenAt: Date;
  /** Since when it is not seen any more. */
  readonly clearSince: Date | undefined;
  /** When somebody was last told, and of how many users. */
  readonly toldAt: Date | undefined;
  readonly toldUsers: number;
  /** How often somebody was told. */
  readonly tellings: number;
}

export type NoticeType = 'opened' | 'reminded' | 'closed';

/** What somebody is told. */
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
  readonly nextAt: Date;
}

/** One document a cause. Every change is made by whoever holds the lease on alerting, and survives a restart. */
export interface AlertStore extends AlertReader {
  /** Keeps alerts, with what is to be told of each and to whom, in one write each. */
  keep(alerts: readonly Alert[], deliveries: readonly Delivery[]): Promise<void>;
  /** Drops what nobody was ever told of. */
  drop(ids: readonly string[]): Promise<void>;
  /** Everything that is to be told, the oldest first. */
  deliveries(): Promise<readonly Delivery[]>;
  /** A receiver has taken it, or never will; a closed alert whose last it was goes with it. */
  done(delivery: Delivery): Promise<void>;
  /** To be tried again. */
  later(delivery: Delivery, nextAt: Date): Promise<void>;
}

// ── Long runs ──
