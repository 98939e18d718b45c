import type { UserKey } from '../../../src/identity.ts';
import type { ReconciliationCounts } from '../judge/reconciliation-counts.ts';

/** Where a run stands in its scenario, as plain data. */
export interface Progress {
  step: number;
  phase: number;
  /** Of the phase: the tenant that is delivered to, or the person who is looked at. */
  part: number;
  tries: number;
  /** Calls and faults so far. */
  calls: number;
  struck: number;
  /** Passes in this step in all and by user, and those since the last fault that did not wait for time. */
  counted: number;
  reconciliations: ReconciliationCounts;
  sinceFault: ReconciliationCounts;
  stalls: number;
  lates: number;
  /** Those of them that come after the time to settle. */
  tooLates: number;
  hasStalled: boolean;
  struckBeforeMending: number;
  /** Steps that the platform has taken of those of this step. */
  taken: number;
  /** Others did something at a place of its own, so that there is nothing to compare this run with. */
  isOnItsOwn: boolean;
  /** Something became of a user that the scenario does not speak of. */
  isBefallen: boolean;
  /** Faults so far that are no doing of the world. */
  broken: number;
  /** A user who is to be forgotten at the end. */
  forgets: UserKey | undefined;
  /** The first step after which things stood otherwise than they should. */
  difference: string | undefined;
  isOver: boolean;
}

export const BEGINNING: Progress = {
  step: 0,
  phase: 0,
  part: 0,
  tries: 0,
  calls: 0,
  struck: 0,
  counted: 0,
  reconciliations: {},
  sinceFault: {},
  stalls: 0,
  lates: 0,
  tooLates: 0,
  hasStalled: false,
  struckBeforeMending: 0,
  taken: 0,
  isOnItsOwn: false,
  isBefallen: false,
  broken: 0,
  forgets: undefined,
  difference: undefined,
  isOver: false,
};
