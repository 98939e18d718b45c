/** What the processes that explore tell each other. */
import type { Tally, Which } from './merge.ts';
import type { Schedule } from './schedule.ts';

export type Task = { readonly untilMs: number } & (
  | {
      readonly type: 'exhaust';
      readonly scenario: string;
      readonly delivery: Schedule['delivery'];
      readonly depth: number;
      readonly which: Which;
    }
  | {
      readonly type: 'random';
      readonly seed: number;
      readonly count: number;
      readonly workers: number;
    }
);

export interface Found {
  readonly tally: Tally;
  /** False when the time was over first. */
  readonly isExhausted: boolean;
  /** The smallest schedule that shows what is wrong, as a test. */
  readonly flaw: string | undefined;
}
