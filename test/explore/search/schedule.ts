/** What is explored: a scenario, how its entries are delivered, and which calls break. */

import type { Watch } from '../judge/watch.ts';
import type { Point } from '../model/ports.ts';
import type { Scenario } from '../model/scenario.ts';
import type { Fault } from './faults.ts';

export interface Schedule {
  readonly scenario: Scenario;
  /** Doubled: every entry comes twice in its batch, and again later, behind the one that came after it. */
  readonly delivery: 'once' | 'doubled';
  /** In the order of `at`. */
  readonly faults: readonly Fault[];
  readonly workers: number;
  /** Who goes first, with several workers. */
  readonly seed: number;
}

export interface Outcome {
  readonly violations: readonly string[];
  readonly trace: readonly Point[];
  /** How things stood after each step. */
  readonly states: readonly string[];
  /** How many faults were met. */
  readonly struck: number;
  /** Passes after each step that ended otherwise than by waiting for time. */
  readonly reconciliations: readonly number[];
  /** How many calls there were when each step ended. */
  readonly ends: readonly number[];
  readonly outwards: Readonly<Watch['outwards']>;
  readonly judged: Readonly<Watch['judged']>;
}

/** What is right: how a scenario ends when nothing breaks. */
export interface Reference {
  readonly states: readonly string[];
  readonly reconciliations: readonly number[];
}

export interface Violation {
  readonly schedule: Schedule;
  readonly flaws: readonly string[];
}

export function plain(scenario: Scenario): Schedule {
  return { scenario, delivery: 'once', faults: [], workers: 1, seed: 1 };
}
