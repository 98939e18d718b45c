/** Goes through schedules one by one, each from the beginning to the end. */

import { history } from '../model/histories.ts';
import { hasPlatform, type Scenario } from '../model/scenario.ts';
import { scenarios } from '../model/scenarios/scenarios.ts';
import { drawFrom } from '../model/turns.ts';
import type { Mutant } from '../mutants/mutant.ts';
import { type FaultKind, faultsOf, isLifeKind, LIFE_KINDS, WORLD_KINDS } from './faults.ts';
import { Run } from './run.ts';
import { type Outcome, plain, type Reference, type Schedule, type Violation } from './schedule.ts';

export class Explorer {
  schedules = 0;
  readonly violations: Violation[] = [];
  readonly outwards = { asked: 0, late: 0, stale: 0 };
  readonly judged = { writes: 0, rests: 0 };
  /** Asked before each schedule; false ends the exploration. */
  goesOn: () => boolean = () => true;
  readonly #references = new Map<Scenario, Reference>();
  readonly #mutant: Mutant | undefined;

  constructor(mutant?: Mutant) {
    this.#mutant = mutant;
  }

  /** Runs one schedule and keeps what was wrong. */
  async run(schedule: Schedule): Promise<Outcome> {
    const reference =
      schedule.scenario.isRandom === true ? undefined : await this.reference(schedule.scenario);
    const outcome = await runSafely(schedule, reference, this.#mutant);
    this.schedules += 1;
    this.outwards.asked += outcome.outwards.asked;
    this.outwards.late += outcome.outwards.late;
    this.outwards.stale += outcome.outwards.stale;
    this.judged.writes += outcome.judged.writes;
    this.judged.rests += outcome.judged.rests;
    if (outcome.violations.length > 0) this.violations.push({ schedule, flaws: outcome.violations });
    return outcome;
  }

  /** How a scenario ends when nothing breaks and nothing is seeded. */
  async reference(scenario: Scenario): Promise<Reference> {
    const known = this.#references.get(scenario);
    if (known !== undefined) return known;
    const { states, reconciliations } = await new Run(plain(scenario)).go([]);
    this.#references.set(scenario, { states, reconciliations });
    return { states, reconciliations };
  }

  /** Every schedule of up to `depth` faults; beyond the first, only faults that differ in what they do. */
  async exhaust(scenario: Scenario, delivery: Schedule['delivery'], depth: number): Promise<void> {
    const base = { ...plain(scenario), delivery };
    const outcome = await this.run(base);
    const given = scenario.given ?? 0;
    if (depth > 0) await this.#deeper(base, outcome, outcome.ends[given - 1] ?? 0, depth);
  }

  async #deeper(base: Schedule, outcome: Outcome, from: number, depth: number): Promise<void> {
    const isFirst = base.faults.length === 0;
    for (let at = from; at < outcome.trace.length; at += 1) {
      const point = outcome.trace[at];
      if (point === undefined) continue;
      const apart = faultsOf(point, 'apart');
      for (const kind of isFirst ? faultsOf(point, 'all') : apart) {
        if (!this.goesOn()) return;
        const found = await this.run({ ...base, faults: [...base.faults, { at, kind }] });
        if (depth > 1 && apart.includes(kind))
          await this.#deeper({ ...base, faults: [...base.faults, { at, kind }] }, found, at + 1, depth - 1);
      }
    }
  }

  /** A schedule that follows from its seed alone: a scenario or a history, the delivery, the workers and the faults. */
  async random(seed: number, workers = 2): Promise<Outcome> {
    return this.run(await this.drawn(seed, workers));
  }

  async drawn(seed: number, workers: number): Promise<Schedule> {
    const draw = drawFrom(seed);
    const scenario = (draw(2) === 0 ? undefined : scenarios[draw(scenarios.length)]) ?? history(seed);
    const base: Schedule = {
      scenario,
      delivery: draw(2) === 0 ? 'once' : 'doubled',
      faults: [],
      workers: 1 + draw(workers),
      seed,
    };
    const { trace } = await new Run(base).go([]);
    const faults = new Map<number, FaultKind>();
    for (let left = draw(4); left > 0; left -= 1) {
      const at = draw(trace.length);
      const point = trace[at];
      const hasBefallen = [...faults.values()].some(isLifeKind);
      const others = hasBefallen ? [] : [...LIFE_KINDS, ...(hasPlatform(scenario) ? WORLD_KINDS : [])];
      const kinds = point === undefined ? [] : [...faultsOf(point, 'all'), ...others];
      const kind = kinds[draw(kinds.length)];
      if (kind !== undefined) faults.set(at, kind);
    }
    const inOrder = [...faults].sort(([a], [b]) => a - b).map(([at, kind]) => ({ at, kind }));
    return { ...base, faults: inOrder };
  }
}

/** A schedule whose run throws is a violation too, and keeps its place among the others. */
async function runSafely(schedule: Schedule, reference?: Reference, mutant?: Mutant): Promise<Outcome> {
  try {
    return await new Run(schedule, mutant, reference).go(schedule.faults);
  } catch (error) {
    const violations = [`the run threw ${String(error)}`];
    const [outwards, judged] = [
      { asked: 0, late: 0, stale: 0 },
      { writes: 0, rests: 0 },
    ];
    const struck = schedule.faults.length;
    return { violations, trace: [], states: [], struck, reconciliations: [], ends: [], outwards, judged };
  }
}
