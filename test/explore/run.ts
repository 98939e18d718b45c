/** Runs one schedule of one scenario from its beginning until nobody waits any more, and says what was wrong. */
import { decide } from '../../src/engine/decide.ts';
import { sweep } from '../../src/engine/sweep.ts';
import { ingest } from '../../src/events/ingest.ts';
import { otherTenant, type Person, tenant } from '../mongo/people.ts';
import type { Fault, FaultKind } from './faults.ts';
import { endFlaws, passOverAll, stateOf } from './invariants.ts';
import type { Mutant } from './mutant.ts';
import type { Point } from './ports.ts';
import { type Ending, type Pass, Process } from './process.ts';
import type { Entry, Scenario, Step, Tools } from './scenario.ts';
import { drawFrom, Turns } from './turns.ts';
import { Watch } from './watch.ts';
import { silent, World } from './world.ts';

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
  readonly passes: readonly number[];
}

/** What is right: how a scenario ends when nothing breaks. */
export interface Reference {
  readonly states: readonly string[];
  readonly passes: readonly number[];
}

const TENANTS = { main: { id: tenant, keyPrefix: '' }, second: { id: otherTenant, keyPrefix: 'second-' } };
const LIMITS = {
  removals: { share: 1, count: 10 },
  renames: { share: 1, count: 10 },
  sourceShrink: 1,
};
const MAX_PASSES = 150;
const MAX_TRIES = 12;
/** What a pass may still find after the last fault: one that meets the lease or waits, and one that mends. */
const PASSES_AFTER_FAULT = 2;

export class Run {
  readonly world: World;
  readonly watch: Watch;
  readonly mutant: Mutant | undefined;
  readonly sisters: boolean;
  readonly trace: Point[] = [];
  turns: Turns | undefined;
  nextStrike = -1;
  struck = 0;
  brokenStreams = 0;
  stalls = 0;
  readonly #schedule: Schedule;
  readonly #draw: (below: number) => number;
  readonly #states: string[] = [];
  readonly #passes: number[] = [];
  #process: Process;
  #reference: Reference | undefined;
  #counted = 0;
  #sinceFault = 0;
  #isOverrun = false;
  #hasStalled = false;
  #delivered: readonly Entry[] = [];

  constructor(schedule: Schedule, mutant?: Mutant) {
    this.#schedule = schedule;
    this.#draw = drawFrom(schedule.seed);
    this.mutant = mutant;
    this.world = new World(schedule.scenario.policy, schedule.scenario.settings);
    this.watch = new Watch(this.world);
    this.sisters = schedule.scenario.sisters === true;
    this.#process = new Process(this);
    this.nextStrike = schedule.faults[0]?.at ?? -1;
  }

  async go(reference?: Reference): Promise<Outcome> {
    this.#reference = reference;
    const { scenario } = this.#schedule;
    for (const [at, step] of scenario.steps.entries()) {
      await this.#take(step, at);
      // Nobody is told of everything in a random history, so everybody is looked at in the end.
      if (scenario.isRandom === true && at === scenario.steps.length - 1) this.#hasStalled = true;
      await this.#mendAfterStall();
      this.#states.push(stateOf(this.world, scenario));
      this.#passes.push(this.#counted);
      if (this.#isOverrun) break;
    }
    const { length } = this.trace;
    this.nextStrike = -1;
    const flaws = await endFlaws(this, scenario, reference, this.#states);
    const violations = [...this.watch.violations, ...flaws];
    const { trace, struck } = this;
    return {
      violations: [...new Set(violations)],
      trace: trace.slice(0, length),
      states: this.#states,
      struck,
      passes: this.#passes,
    };
  }

  /** The fault of this call, if it is one of those that are struck. */
  strike(at: number): FaultKind | undefined {
    if (at !== this.nextStrike) return undefined;
    const fault = this.#schedule.faults[this.struck];
    this.struck += 1;
    this.#sinceFault = 0;
    this.nextStrike = this.#schedule.faults[this.struck]?.at ?? -1;
    return fault?.kind;
  }

  /** Holds somebody up until their lease has run out, while others go on. */
  async stall(): Promise<void> {
    const { world } = this;
    this.#hasStalled = true;
    this.stalls += 1;
    world.advanceTo(world.nowMs + world.settings.leaseMs + 1);
    if (this.turns !== undefined) {
      for (let waits = 0; waits < 12; waits += 1) await this.turns.park();
      return;
    }
    for (let passes = 0; passes < 3; passes += 1) {
      const next = await world.stores.queue.nextDueAt();
      if (next === undefined || next.getTime() > world.nowMs) break;
      this.#count(await new Process(this).pass());
    }
    world.advanceTo(world.nowMs + 1_000);
  }

  /**
   * Who was held up past the lease may have told something after the others were done, and nobody is
   * due for it: the next look at the user, whenever it comes, has to find and mend it.
   */
  async #mendAfterStall(): Promise<void> {
    const { scenario } = this.#schedule;
    // A fault may strike this look too, and hold somebody up again.
    while (this.#hasStalled && !this.#isOverrun) {
      const { struck } = this;
      await passOverAll(this, scenario);
      await this.#quiet(Number.POSITIVE_INFINITY);
      this.#hasStalled = this.struck > struck;
    }
  }

  /** A process of this run: the one there is, or its successor. */
  process(): Process {
    if (this.#process.isDead) this.#process = new Process(this);
    return this.#process;
  }

  async #take(step: Step, at: number): Promise<void> {
    const { world } = this;
    this.#counted = 0;
    this.#sinceFault = 0;
    world.earlier = [];
    for await (const { users } of world.directory.everyone()) world.earlier = users;
    world.advanceTo(world.nowMs + (step.waitsMs ?? 10_000));
    await step.happens?.(world);
    const entries = (step.delivers ?? []).map((entry, index) => ({
      ...entry,
      id: entry.id ?? `s${at}e${index}`,
    }));
    const doubled = this.#schedule.delivery === 'doubled';
    await this.#deliver(doubled ? [...entries, ...entries] : entries);
    const { does } = step;
    if (does !== undefined) await this.#persist(() => does(this.#tools()));
    const again = doubled ? [...entries, ...this.#delivered] : [];
    if (this.#schedule.workers > 1) await this.#quietTogether(() => this.#deliver(again));
    else {
      const redelivered = doubled ? 1 : 0;
      const usual = Math.max(0, (this.#reference?.passes[at] ?? 99) - 1);
      // What a sister found half done is looked at once more when the other has ended.
      const allowed = PASSES_AFTER_FAULT + redelivered + (this.sisters ? 1 : 0) + usual;
      await this.#quiet(allowed);
      await this.#deliver(again);
      await this.#quiet(allowed);
    }
    this.#delivered = entries;
  }

  /** As Auth0 does: again and again, until the answer is yes. */
  async #deliver(entries: readonly Entry[]): Promise<void> {
    for (const name of ['main', 'second'] as const) {
      const bodies = entries.filter((entry) => entry.who.tenant === TENANTS[name].id).map(bodyOf);
      if (bodies.length > 0) await this.#persist(() => this.#ingest(name, bodies));
    }
  }

  #ingest(name: 'main' | 'second', bodies: readonly unknown[]): Promise<unknown> {
    const { ports } = this.process();
    const { log, queue, rejects } = this.mutant?.ingest?.(ports, this) ?? ports;
    return ingest({ log, queue, rejects, clock: this.world.clock }, TENANTS[name], bodies);
  }

  async #persist(work: () => Promise<unknown>): Promise<void> {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const ending: Ending<unknown> = await this.process().run(work);
      if (ending.type === 'done') return;
      if (ending.type === 'threw' && !(ending.error instanceof Error && 'retryable' in ending.error))
        this.watch.violations.push(`a command threw ${String(ending.error)}`);
      this.world.advanceTo(this.world.nowMs + 5_000);
    }
    this.watch.violations.push('a command or a delivery never succeeded');
  }

  #tools(): Tools {
    const { ports, deps } = this.process();
    const outside = { log: ports.log, queue: ports.queue, clock: this.world.clock, random: deps.random };
    return {
      decide: async (who: Person, type, data) => void (await decide(outside, who, type, data)),
      didOf: (handle) => {
        const found = [...this.world.accounts.stored.values()].find((account) => account.handle === handle);
        if (found === undefined) throw new Error('There is no such account.');
        return found.did;
      },
      sweep: async () => {
        const { auth0: directory, subjects, runs } = ports;
        const broken = this.brokenStreams;
        const limits = this.mutant?.limits ?? LIMITS;
        const end = await sweep(
          {
            ...{ ...deps, events: ports.log, subjects, runs, logger: silent, limits },
            keySpaces: Object.values(TENANTS),
          },
          { ...TENANTS.main, directory, emailTag: undefined },
        );
        const isComplete = end.type === 'over' && end.complete;
        if (isComplete && this.brokenStreams > broken)
          this.watch.violations.push('a listing that broke off was taken for complete');
        if (end.type === 'under-way') this.world.advanceTo(end.until.getTime());
        if (!isComplete) throw Object.assign(new Error('the next sweep has to do it'), { retryable: true });
      },
    };
  }

  /** Passes until nobody waits; `allowed` are those that may follow the last fault and do not wait for time. */
  async #quiet(allowed: number): Promise<void> {
    const { world } = this;
    this.#sinceFault = 0;
    for (;;) {
      const next = await world.stores.queue.nextDueAt();
      if (next === undefined && this.struck > 0 && this.#sinceFault > allowed + this.stalls)
        this.watch.violations.push(`it took ${this.#sinceFault} passes after the last fault`);
      if (next === undefined || this.#isOverrun) return;
      world.advanceTo(next.getTime());
      this.#count(await this.process().pass());
    }
  }

  #count(pass: Pass): void {
    if (pass.type === 'outage') this.world.advanceTo(this.world.nowMs + 2_000);
    if (pass.type === 'over') {
      for (const { code, error } of pass.result.failures)
        if (code === 'BUG' || code === 'NOT_SETTLED')
          this.watch.violations.push(`a step failed with ${code}: ${String(error)}`);
    }
    this.#counted += 1;
    // Who lost the lease has done nothing that counts, and who waits for time has nothing left to do.
    const end = pass.type === 'over' ? pass.result.end : pass.type;
    if (end !== 'deferred' && end !== 'lease-lost') this.#sinceFault += 1;
    if (this.#counted < MAX_PASSES || this.#isOverrun) return;
    this.#isOverrun = true;
    this.watch.violations.push('it never becomes quiet');
  }

  /** Several workers, and whoever delivers, each call in an order that the seed draws. */
  async #quietTogether(outside: () => Promise<void>): Promise<void> {
    const { world } = this;
    const turns = new Turns(this.#draw);
    let busy = 0;
    const actor = async (work: () => Promise<void>): Promise<void> => {
      await turns.queue();
      await work();
      turns.pass();
    };
    const worker = async (): Promise<void> => {
      let process = new Process(this);
      while (!this.#isOverrun) {
        const next = await world.stores.queue.nextDueAt();
        if (next === undefined || next.getTime() > world.nowMs) {
          if (busy > 0) await turns.park();
          else if (next === undefined) return;
          else world.advanceTo(next.getTime());
          continue;
        }
        busy += 1;
        if (process.isDead) process = new Process(this);
        this.#count(await process.pass());
        busy -= 1;
      }
    };
    const deliverer = async (): Promise<void> => {
      busy += 1;
      await outside();
      busy -= 1;
    };
    const all = [actor(deliverer), ...Array.from({ length: this.#schedule.workers }, () => actor(worker))];
    this.turns = turns;
    turns.pass();
    await Promise.all(all);
    this.turns = undefined;
  }
}

function bodyOf({ id, who, code }: Entry): unknown {
  return { log_id: id, data: { type: code, date: '2026-03-01T12:00:00.000Z', user_id: who.userId } };
}
