/** What a person decides, and the evidence for it. */

/** The evidence for and against an account being this user's. */
export interface AdoptionAnswer {
  readonly did: string;
  readonly handle: string;
  readonly state: string;
  readonly evidence: readonly { readonly says: 'for' | 'against'; readonly what: string }[];
  /** What becomes of the password of the account; `what` is a sentence. */
  readonly password: { readonly type: 'kept' | 'new'; readonly what: string };
}

export const REMOVABLES = [
  'verification',
  'user-document',
  'code',
  'account-record',
  'account',
  'handle',
] as const;

export type Removable = (typeof REMOVABLES)[number];

/** What was removed of a user, and what a restore writes. */
export interface RestorationAnswer {
  readonly what: readonly Removable[];
  /** The account that is gone, and that a new one replaces. */
  readonly lostAccount: string | null;
  readonly writes: readonly { readonly resource: string; readonly type: string; readonly what: string }[];
  /** What a person must know before the decision. */
  readonly warnings: readonly string[];
}

/** Everything is recorded with who (1 to 80 characters) and why (1 to 500). */
export interface Decider {
  readonly by: string;
  readonly reason: string;
}

export type Decision = Decider &
  (
    | { readonly type: 'reconcile'; readonly user: string }
    /** Until a moment in the future, or null for until resumed. */
    | { readonly type: 'pause'; readonly user: string; readonly until: string | null }
    | { readonly type: 'resume'; readonly user: string }
    | { readonly type: 'retry'; readonly user: string }
    | { readonly type: 'adopt'; readonly user: string; readonly did: string }
    /** `what` is what the person was shown: refused when it is something else by then. */
    | { readonly type: 'restore'; readonly user: string; readonly what: readonly Removable[] }
    | { readonly type: 'approve'; readonly run: string }
  );

export interface DecisionAnswer {
  /** How many users are due because of it. */
  readonly users: number;
  /** What was done, in a sentence. */
  readonly what: string;
}
