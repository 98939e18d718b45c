/** What is claimed, and what a measurement of it is told to. */
import type { Mongod } from '../src/sandbox/servers/mongod.ts';
import type { Pds } from '../src/sandbox/servers/pds.ts';
import type { Comparison, Pair, Round } from './measure.ts';

export type Aim = { readonly atLeast: number } | { readonly atMost: number };

export interface Claim {
  /** `P5` has two claims, `P5a` and `P5b`. */
  readonly id: string;
  readonly name: string;
  /** What the ratio is taken to. */
  readonly against: string;
  /** Of both figures: `logs/s`, `ms`. */
  readonly unit: string;
  readonly aim: Aim;
}

/** Claims that are measured on the same parts. */
export interface Family {
  readonly claims: readonly Claim[];
  measure(bench: Bench): Promise<void>;
}

export interface Bench {
  /** Fewer rounds and shorter soaks: a look, and no proof. */
  readonly quick: boolean;
  /** Where `npm install @event-driven-io/emmett-mongodb` was run, if it was. */
  readonly emmett: string | undefined;
  wants(claim: Claim): boolean;
  /** Started when it is first asked for, and the same one for all. */
  mongod(): Promise<Mongod>;
  /** The same one for all of a family. */
  pds(): Promise<Pds>;
  /** Both sides and the control in turns; once more from the start while the control is off. */
  turns(pair: Pair, rounds: Rounds): Promise<Round[]>;
  /** The same, reported as medians. Does nothing when the claim is not wanted. */
  compare(claim: Claim, pair: Pair, rounds: Rounds): Promise<void>;
  report(claim: Claim, comparison: Comparison): void;
  /** A figure of ours that is held against a limit and not against another side. */
  reportFigure(claim: Claim, figure: Figure): void;
  /** What could not be measured, and why. */
  skip(claim: Claim, why: string): void;
}

export interface Rounds {
  readonly full: number;
  readonly quick: number;
}

export interface Figure {
  readonly ours: number;
  readonly against: number;
  readonly ratio: number;
}

export function isMet(aim: Aim, ratio: number): boolean {
  return 'atLeast' in aim ? ratio >= aim.atLeast : ratio <= aim.atMost;
}

export function aimText(aim: Aim): string {
  return 'atLeast' in aim ? `≥ ${aim.atLeast}` : `≤ ${aim.atMost}`;
}
