/** The deaths of a process over one thing that it does, each explored without a run of its own. */

import type { Work } from '../model/work.ts';
import { type Fault, isOfWorld } from './faults.ts';
import type { Run } from './run.ts';

interface Moment<T> {
  readonly call: number;
  readonly restore: () => void;
  /** What came of a death then. */
  place?: { readonly value: T | undefined };
}

/**
 * The moments at which a process may die over what it does. What is left of it is what it has written, so
 * there is one moment after each write, seen on the way of a run that does not die.
 */
export class Deaths<Place> {
  readonly #run: Run;
  readonly #work: Work;
  readonly #moments: Moment<Place>[] = [];

  /** Not where others go on meanwhile, which is not this process's, nor where a call may not even begin. */
  static isTold({ world: { outage, nowMs } }: Run, faults: readonly Fault[]): boolean {
    const isAway = outage !== undefined && nowMs < outage.untilMs;
    return !isAway && faults.every(({ kind }) => !kind.startsWith('stall') && !isOfWorld(kind));
  }

  constructor(run: Run, work: Work) {
    this.#run = run;
    this.#work = work;
  }

  /** Before a call, or after the last one. */
  note(call: number): void {
    this.#moments.push({ call, restore: this.#run.save() });
  }

  async at({ at, kind }: Fault, arrive: () => Promise<Place | undefined>): Promise<Place | undefined> {
    const before = kind === 'crash-before' ? at : at + 1;
    const moment = this.#moments.findLast(({ call }) => call <= before);
    if (moment === undefined) throw new Error('No moment was noted.');
    if (moment.place === undefined) {
      const { progress } = this.#run;
      moment.restore();
      progress.calls = at + 1;
      progress.struck += 1;
      progress.broken += 1;
      progress.sinceFault = {};
      this.#work.settle({ type: 'died' });
      this.#run.watch.read();
      moment.place = { value: await arrive() };
    }
    return moment.place.value;
  }
}
