/**
 * Goes through every schedule of up to so many faults, and through none of them twice from where it has
 * become like another: what follows from a form is explored once.
 *
 * A schedule counts when its faults struck. Most are never run to their end: they come to a form from
 * which everything that can still follow has been found to end well.
 */

import type { Watch } from '../judge/watch.ts';
import { formOf } from '../model/form.ts';
import type { Point } from '../model/ports.ts';
import type { Mutant } from '../mutants/mutant.ts';
import { Deaths } from './deaths.ts';
import { type Fault, faultsOf, isLifeKind, LIFE_KINDS, type Prospect, worldFaults } from './faults.ts';
import { Run } from './run.ts';
import type { Reference, Schedule, Violation } from './schedule.ts';

/**
 * Which faults of a call: all of them, those that differ in what they do to the rest of the world, the places
 * at which the platform may take its next steps, or what may become of the user; the last also with those apart.
 */
export type Which = 'all' | 'apart' | 'platform' | 'lives' | 'lives and apart';

/** A form, with a run that came to it. */
interface Place {
  /** Undefined once the scenario is over. */
  readonly restore: (() => void) | undefined;
  /** The faults of the run that came here, and the number of the next call. */
  readonly faults: readonly Fault[];
  readonly calls: number;
  /** Of the scenario. */
  readonly step: number;
  /** What came of each list of faults in what is done here. */
  readonly ends: Map<string, End>;
  /** How many schedules there are from here, by how many faults are left; -1 while they are being counted. */
  readonly counts: Map<string, number>;
}

interface End {
  /** Undefined when something was wrong. */
  readonly place: Place | undefined;
  readonly trace: readonly Point[];
  readonly prospects: readonly Prospect[];
  readonly deaths?: Deaths<Place> | undefined;
}

export interface Tally {
  /** Schedules whose faults all struck. */
  schedules: number;
  /** Things done by a process, of which a run is made. */
  works: number;
  /** Runs that came to the end of their scenario. */
  ended: number;
  /** Runs that came to a form that was known. */
  merged: number;
  /** Outward effects that were asked for, those that arrived after the lease, and those decided on too little. */
  readonly outwards: Readonly<Watch['outwards']>;
  /** Writes and rests that the rules were held against. */
  readonly judged: Readonly<Watch['judged']>;
}

const NO_FAULTS: readonly Fault[] = [];

export class Merger {
  readonly tally: Tally;
  readonly violations: Violation[] = [];
  goesOn: () => boolean = () => true;
  /** Compares how two runs of one form go on, instead of taking it for granted: for the test of the form. */
  doubts = false;
  compared = 0;
  readonly #schedule: Omit<Schedule, 'faults'>;
  readonly #run: Run;
  readonly #places = new Map<string, Place>();
  #begin: Place | undefined;

  constructor(schedule: Omit<Schedule, 'faults'>, reference: Reference, mutant?: Mutant) {
    this.#schedule = schedule;
    this.#run = new Run(schedule, mutant, reference);
    const { outwards, judged } = this.#run.watch;
    this.tally = { schedules: 0, works: 0, ended: 0, merged: 0, outwards, judged };
  }

  /** Every schedule of up to so many faults. Whatever an earlier call has found is not looked for again. */
  async exhaust(depth: number, which: Which): Promise<void> {
    this.#begin ??= await this.#arrive(NO_FAULTS);
    if (this.#begin !== undefined) this.tally.schedules = await this.#explore(this.#begin, depth, which);
  }

  /** A run that throws is a violation too. */
  threw(error: unknown): void {
    this.#violated(NO_FAULTS, [`the run threw ${String(error)}`]);
  }

  /** How many schedules there are from here. */
  async #explore(place: Place, left: number, which: Which): Promise<number> {
    if (place.restore === undefined) return 1;
    const key = `${left}${which}`;
    const known = place.counts.get(key);
    if (known === -1) this.#violated(place.faults, ['it goes round in a circle']);
    if (known !== undefined) return Math.max(0, known);
    place.counts.set(key, -1);
    const count = await this.#does(place, NO_FAULTS, left, which);
    if (this.goesOn()) place.counts.set(key, count);
    else place.counts.delete(key);
    return count;
  }

  /** Has done what is done here with these faults, and goes on from there; then with one fault more. */
  async #does(place: Place, faults: readonly Fault[], left: number, which: Which): Promise<number> {
    if (!this.goesOn()) return 0;
    const isGiven = place.step < (this.#schedule.scenario.given ?? 0);
    const mayDie = left > 0 && !isGiven && which !== 'platform' && which !== 'lives';
    const end = await this.#end(place, faults, mayDie);
    const { place: next, trace, deaths } = end;
    let count = next === undefined ? 1 : await this.#explore(next, left, which);
    if (left === 0 || isGiven) return count;
    const from = (faults.at(-1)?.at ?? place.calls - 1) + 1;
    for (let at = from; at < place.calls + trace.length; at += 1) {
      for (const fault of offers(end, at, place, faults, which)) {
        const { kind } = fault;
        const more = [...faults, fault];
        if (deaths !== undefined && (kind === 'crash-before' || kind === 'crash-after'))
          count += await this.#dies(place, more, deaths, left - 1, which);
        else count += await this.#does(place, more, left - 1, which);
      }
    }
    return count;
  }

  async #end(place: Place, faults: readonly Fault[], mayDie: boolean): Promise<End> {
    const key = faults.map(({ at, kind, steps = '' }) => `${at - place.calls}${kind}${steps}`).join();
    const known = place.ends.get(key);
    if (known !== undefined) return known;
    const run = this.#run;
    place.restore?.();
    run.trace = [];
    run.prospects = [];
    run.aim(faults);
    const work = await run.next();
    if (work === undefined) throw new Error('There is nothing to be done here.');
    const deaths = mayDie && Deaths.isTold(run, faults) ? new Deaths<Place>(run, work) : undefined;
    await run.does(work, deaths);
    this.tally.works += 1;
    const trace = [...run.trace];
    const { prospects } = run;
    const end: End = { trace, prospects, place: await this.#arrive([...place.faults, ...faults]) };
    place.ends.set(key, end);
    return { ...end, deaths };
  }

  /** The last of these faults is the death of the process, and needs no run of its own. */
  async #dies(
    place: Place,
    faults: readonly Fault[],
    deaths: Deaths<Place>,
    left: number,
    which: Which,
  ): Promise<number> {
    const last = faults.at(-1);
    if (last === undefined || !this.goesOn()) return 0;
    const arrive = (): Promise<Place | undefined> => this.#arrive([...place.faults, ...faults]);
    const next = await deaths.at(last, arrive);
    return next === undefined ? 1 : this.#explore(next, left, which);
  }

  /** Where the run is now; undefined when something was wrong on the way. */
  async #arrive(faults: readonly Fault[]): Promise<Place | undefined> {
    const run = this.#run;
    await run.next();
    const form = formOf(run);
    const known = this.#places.get(form);
    if (known !== undefined && run.watch.violations.length === 0) {
      this.tally.merged += 1;
      if (this.doubts) await this.#compare(known, faults);
      return known;
    }
    const { calls, step, isOver } = run.progress;
    const restore = isOver ? undefined : run.save();
    const flaws = await run.flaws();
    if (isOver) this.tally.ended += 1;
    if (flaws.length > 0) {
      this.#violated(faults, flaws);
      return undefined;
    }
    const place: Place = { restore, faults, calls, step, ends: new Map(), counts: new Map() };
    this.#places.set(form, place);
    return place;
  }

  /** What is done next has to call the same and come to the same form, also when one call breaks. */
  async #compare(known: Place, faults: readonly Fault[]): Promise<void> {
    const { calls } = this.#run.progress;
    const here = this.#run.save();
    if (known.restore === undefined) return;
    const usual = await this.#goOn(known.restore, []);
    const at = this.compared % usual.trace.length;
    this.compared += 1;
    const kinds = (['all', 'platform', 'lives'] as const).flatMap((which) =>
      offers(usual, known.calls + at, known, NO_FAULTS, which),
    );
    const fault = kinds[this.compared % kinds.length] ?? ({ kind: 'error' } as const);
    const struck = await this.#goOn(known.restore, [{ ...fault, at: known.calls + at }]);
    const others = [await this.#goOn(here, []), await this.#goOn(here, [{ ...fault, at: calls + at }])];
    for (const [number, one] of [usual, struck].entries()) {
      const other = others[number];
      const isSame = one.form === other?.form && one.calls === other.calls;
      if (!isSame)
        this.#violated(faults, [`unlike ${JSON.stringify(known.faults)} (then ${fault.kind} at ${at})`]);
    }
  }

  async #goOn(restore: () => void, faults: readonly Fault[]) {
    const run = this.#run;
    restore();
    run.trace = [];
    run.prospects = [];
    run.aim(faults);
    const work = await run.next();
    if (work !== undefined) await run.does(work);
    const [trace, prospects] = [[...run.trace], run.prospects];
    const calls = trace.map(({ name }) => name).join(' ');
    await run.next();
    return { trace, prospects, calls, form: run.watch.violations.join() + formOf(run) };
  }

  #violated(faults: readonly Fault[], flaws: readonly string[]): void {
    this.violations.push({ schedule: { ...this.#schedule, faults }, flaws });
  }
}

/** What may come before this call, after the faults that have struck. */
function offers(
  { trace, prospects }: Pick<End, 'trace' | 'prospects'>,
  at: number,
  place: Place,
  faults: readonly Fault[],
  which: Which,
): readonly Fault[] {
  const point = trace[at - place.calls];
  if (point === undefined) return [];
  if (which === 'platform') {
    const prospect = prospects[at - place.calls];
    return prospect === undefined ? [] : worldFaults(point, at, prospect);
  }
  const all = which === 'all' ? 'all' : 'apart';
  const plain = which === 'lives' ? [] : faultsOf(point, all).map((kind) => ({ at, kind }));
  if (which === 'all' || which === 'apart') return plain;
  // Nobody is struck twice.
  const isStruck = [...place.faults, ...faults].some(({ kind }) => isLifeKind(kind));
  return isStruck ? plain : [...LIFE_KINDS.map((kind) => ({ at, kind })), ...plain];
}
