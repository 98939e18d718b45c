/** The policy that desired states depend on. */

export interface EndPolicy {
  readonly blocked: 'report' | 'deactivate';
  readonly removal: 'report' | 'deactivate' | 'delete';
  /** Milliseconds between the proof that a user is gone and the removal of the account. */
  readonly removalGraceMs: number;
}

export interface DesiredPolicy extends EndPolicy {
  /** A row without a repository, left by a creation that failed late: report it, or delete and create again. */
  readonly remnant: 'report' | 'recreate';
}
