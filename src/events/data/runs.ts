/** Sweeps, and the gaps of a tenant's log. */
import type { EventId, UserKey } from '../../identity.ts';
import type { ConditionDraft } from '../condition.ts';
import type { InexactReason } from '../inexact.ts';
import type { Decided } from './decisions.ts';

export type GapCause =
  /** Entries have been lost: they were older than Auth0 keeps them when the log was read again. */
  | 'retention-passed'
  /** Entries may have been lost: Auth0 does not know the position to read the log on from. */
  | 'checkpoint-gone'
  /** The log could not be read for as long as Auth0 is sure to keep it. */
  | 'pull-failing'
  /** The log stream does not deliver: a person paused it, Auth0 gave it up, it is no longer there. */
  | 'stream-paused'
  | 'stream-suspended'
  | 'stream-missing';

export interface Share {
  readonly have: number;
  readonly of: number;
}

/** How many users have what they should have. */
export interface ResourceTotals {
  readonly verifications: Share;
  readonly users: Share;
  readonly codes: Share;
  readonly handles: Share;
  /** Of those with a verified email: the only ones who should have an account. */
  readonly accounts: Share;
  readonly waitingForEmailVerification: number;
  /** Of those who should have it, by the name of the independent resource; absent where there is none. */
  readonly independent?: Readonly<Record<string, Share>>;
}

/** How many users are out of sync in one resource, for one reason. */
export interface Situation {
  readonly resource: ConditionDraft['type'];
  readonly reason: string;
  readonly users: number;
}

export interface RunEventData {
  'sweep.started': { readonly users: number | null };
  /** A safety limit stopped the run before its first write of that kind. */
  'sweep.halted': {
    readonly run: EventId;
    readonly kind: 'removals' | 'renames' | 'source' | 'disappearances';
    readonly limit: number;
    readonly count: number;
    /** Of so many users. */
    readonly of: number;
    /** Those concerned: an approval covers exactly them. */
    readonly users: readonly UserKey[];
  };
  'sweep.approved': Decided & { readonly run: EventId };
  'sweep.finished': {
    readonly users: number;
    readonly drifted: number;
    /** In the listing, and not as Auth0 documents a user; absent for zero. */
    readonly unreadable?: number;
    /** In the listing, and excluded by the configuration; absent for zero. */
    readonly excluded?: number;
    /** False when the listing broke off, or was not exact: then nothing was concluded about who was not in it. */
    readonly complete: boolean;
    /** Why a listing that was read to its end was not exact. Absent where it was, or broke off. */
    readonly inexact?: InexactReason;
    readonly durationMs: number;
    /** How often it was taken up again after it had broken off. */
    readonly resumes: number;
    /** As they were found, before anything was repaired. */
    readonly totals: ResourceTotals;
    readonly situations: readonly Situation[];
    /** By the listings alone; null where they were not complete. */
    readonly orphans: { readonly documents: number; readonly accounts: number | null } | null;
  };
  /** Events of this tenant may have been missed; until the gap is closed, no account is removed. */
  'gap.opened': {
    readonly cause: GapCause;
    readonly from: string;
    /** Null while the period has not ended. */
    readonly until: string | null;
  };
  'gap.closed': { readonly gap: EventId; readonly by: 'sweep' | 'pull' };
}
