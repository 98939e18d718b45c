/**
 * A run of a scenario, from one thing that a process does to the next. Between two of them no process is
 * at work, so that the stores and the progress are all there is: it can be kept there, and gone on with
 * from there in another way.
 */

import { endFlaws, restFlaws, stateOf } from '../judge/invariants.ts';
import { mostOf, oneMore } from '../judge/reconciliation-counts.ts';
import { Watch } from '../judge/watch.ts';
import { Others } from '../model/others.ts';
import { redeliveryOf, worksOf } from '../model/phases.ts';
import type { Point } from '../model/ports.ts';
import { Process, type Reconciliation } from '../model/process.ts';
import { hasPlatform, type Scenario } from '../model/scenario.ts';
import { drawFrom, Turns } from '../model/turns.ts';
import type { Work } from '../model/work.ts';
import { type LateCreation, World } from '../model/world.ts';
import type { Mutant } from '../mutants/mutant.ts';
import { type Fault, type FaultKind, isOfWorld, type Prospect } from './faults.ts';
import { BEGINNING, type Progress } from './progress.ts';
import type { Outcome, Reference, Schedule } from './schedule.ts';

const MAX_PASSES = 150;
/** Reconciliations that a fault may cost a user: it is tried again, and those who wait for it look again. */
const MORE_PER_FAULT = 3;

export class Run {
  readonly world: World;
  readonly watch: Watch;
  readonly schedule: Omit<Schedule, 'faults'>;
  readonly mutant: Mutant | undefined;
  readonly reference: Reference | undefined;
  readonly progress: Progress = { ...BEGINNING };
  readonly others: Others = new Others(this);
  turns: Turns | undefined;
  /** The number of the next call that is struck. */
  nextStrike = -1;
  brokenStreams = 0;
  /** The calls since it was last emptied. */
  trace: Point[] = [];
  /** For each of them what others might have done before it. */
  prospects: Prospect[] = [];
  readonly draw: (below: number) => number;
  readonly #states: string[] = [];
  readonly #reconciliations: number[] = [];
  readonly #ends: number[] = [];
  #aimed: readonly Fault[] = [];
  #met = 0;
  /** Ends when nobody is held up any more. */
  #held: Promise<unknown> | undefined;
  /** Told of the calls before which something may have been written. */
  #moments: { note(call: number): void } | undefined;

  constructor(schedule: Omit<Schedule, 'faults'>, mutant?: Mutant, reference?: Reference) {
    this.schedule = schedule;
    this.draw = drawFrom(schedule.seed);
    this.mutant = mutant;
    this.reference = reference;
    const { policy, settings, readsLetters } = schedule.scenario;
    this.world = new World(policy, settings, readsLetters);
    this.world.isClockSteady = schedule.scenario.setsClockBack !== true;
    this.world.onLanding = (creation) => this.#land(creation);
    this.watch = new Watch(this.world, schedule.scenario.people);
  }

  /** Whether the two tenants are sisters. */
  get areLinked(): boolean {
    return this.scenario.areLinked === true;
  }

  get scenario(): Scenario {
    return this.schedule.scenario;
  }

  /** Everything that the rest of the run depends on, apart from the faults that are still to come. */
  save(): () => void {
    const progress = { ...this.progress };
    const [world, watch] = [this.world.save(), this.watch.save()];
    return () => {
      world();
      watch();
      Object.assign(this.progress, progress);
    };
  }

  /** From the beginning to the end, with these faults. */
  async go(faults: readonly Fault[]): Promise<Outcome> {
    this.aim(faults);
    for (let work = await this.next(); work !== undefined; work = await this.next()) await this.does(work);
    const { trace, progress } = this;
    const calls = [...trace];
    const flaws = await this.flaws();
    const { struck } = progress;
    const { outwards, judged } = this.watch;
    const [states, reconciliations, ends] = [this.#states, this.#reconciliations, this.#ends];
    return { violations: flaws, trace: calls, states, struck, reconciliations, ends, outwards, judged };
  }

  aim(faults: readonly Fault[]): void {
    this.#aimed = faults;
    this.#met = 0;
    this.nextStrike = faults[0]?.at ?? -1;
  }

  /** The next thing that a process does; what happens outside meanwhile has happened then. */
  async next(): Promise<Work | undefined> {
    while (!this.progress.isOver) {
      const work = await worksOf(this);
      if (work !== undefined) return work;
    }
    return undefined;
  }

  /** Has it done. Whatever a process draws, it draws as if it were the first to do so. */
  async does(work: Work, moments?: { note(call: number): void }): Promise<void> {
    // Another code is drawn after each, so that one that is drawn anew is another one.
    this.world.random.restart([...this.watch.codes.values()].reduce((sum, { size }) => sum + size, 0));
    this.#moments = moments;
    const ending = await work.run();
    await this.#goneOn();
    moments?.note(this.progress.calls);
    this.#moments = undefined;
    work.settle(ending);
    this.watch.read();
  }

  /**
   * One of several calls that are made at once may be held up when another has failed and the pass is over: whoever
   * goes on meanwhile belongs to what is done now, and not to what is done next.
   */
  async #goneOn(): Promise<void> {
    for (let held: Promise<unknown> | undefined; held !== this.#held; ) {
      held = this.#held;
      await held;
    }
    this.#held = undefined;
  }

  /** What has been wrong since the run was last put back; in the end also what must not be so then. */
  async flaws(): Promise<string[]> {
    this.nextStrike = -1;
    const flaws = this.progress.isOver ? await endFlaws(this) : [];
    return [...new Set([...this.watch.violations, ...flaws])];
  }

  /** Another call; its number. */
  met(point: Point): number {
    const at = this.progress.calls;
    if (this.#moments !== undefined && this.trace.at(-1)?.kind !== 'read') this.#moments.note(at);
    this.progress.calls += 1;
    this.trace.push(point);
    const { steps } = this.others;
    if (steps !== undefined) this.prospects.push({ steps, unheard: this.world.messages.length });
    return at;
  }

  /** The next fault, where it is one of this call. */
  faultAt(at: number): Fault | undefined {
    return at === this.nextStrike ? this.#aimed[this.#met] : undefined;
  }

  /** The fault of this call, if it is one of those that are struck. */
  strike(at: number): FaultKind | undefined {
    if (at !== this.nextStrike) return undefined;
    const fault = this.#aimed[this.#met];
    this.#met += 1;
    this.progress.struck += 1;
    if (fault !== undefined && !isOfWorld(fault.kind)) this.progress.broken += 1;
    this.progress.sinceFault = {};
    this.nextStrike = this.#aimed[this.#met]?.at ?? -1;
    return fault?.kind;
  }

  /**
   * Holds somebody up until their lease has run out, while others go on. What was being put on record arrives
   * after what the others put there, and nobody is due for it: the next look, whenever it comes, has to mend that.
   */
  async stall(isOnRecord: boolean): Promise<void> {
    const { world, progress } = this;
    progress.hasStalled ||= isOnRecord;
    progress.stalls += 1;
    world.advanceTo(world.nowMs + world.settings.leaseMs + 1);
    await this.othersGoOn();
  }

  /** While a call of a process takes long. */
  async othersGoOn(): Promise<void> {
    if (this.turns !== undefined) {
      for (let waits = 0; waits < 12; waits += 1) await this.turns.park();
      return;
    }
    const others = this.#othersWork();
    this.#held = Promise.all([this.#held, others]);
    await others;
  }

  async #othersWork(): Promise<void> {
    const { world } = this;
    for (let reconciliations = 0; reconciliations < 3; reconciliations += 1) {
      const next = await world.stores.queue.nextDueAt();
      if (next === undefined || next.getTime() > world.nowMs) break;
      this.count(await new Process(this).pass());
    }
    world.advanceTo(world.nowMs + 1_000);
  }

  count(pass: Reconciliation): void {
    const { progress, watch, world } = this;
    if (pass.type === 'outage') world.advanceTo(world.nowMs + 2_000);
    if (pass.type === 'over') {
      for (const { code, error } of pass.result.failures)
        if (code === 'BUG' || code === 'NOT_SETTLED')
          watch.violations.push(`a step failed with ${code}: ${String(error)}`);
    }
    progress.counted += 1;
    progress.reconciliations = oneMore(progress.reconciliations, pass.user);
    // Who lost the lease has done nothing that counts, and who waits for time has nothing left to do.
    const end = pass.type === 'over' ? pass.result.end : pass.type;
    if (end !== 'deferred' && end !== 'lease-lost')
      progress.sinceFault = oneMore(progress.sinceFault, pass.user);
    if (progress.counted !== MAX_PASSES) return;
    watch.violations.push('it never becomes quiet');
    progress.isOver = true;
  }

  /** Several workers, and whoever delivers, each call in an order that the seed draws. */
  async together(): Promise<void> {
    const { world, progress } = this;
    const turns = new Turns(this.draw);
    let busy = 0;
    const actor = async (work: () => Promise<void>): Promise<void> => {
      await turns.queue();
      await work();
      turns.pass();
    };
    const worker = async (): Promise<void> => {
      let process = new Process(this);
      while (!progress.isOver) {
        const next = await world.stores.queue.nextDueAt();
        if (next === undefined || next.getTime() > world.nowMs) {
          if (busy > 0) await turns.park();
          else if (next === undefined) return;
          else world.advanceTo(next.getTime());
          continue;
        }
        busy += 1;
        if (process.isDead) process = new Process(this);
        this.count(await process.pass());
        busy -= 1;
      }
    };
    const deliverer = async (): Promise<void> => {
      busy += 1;
      for (const work of redeliveryOf(this)) work.settle(await work.run());
      busy -= 1;
    };
    const workers = Array.from({ length: this.schedule.workers }, () => actor(worker));
    this.turns = turns;
    turns.pass();
    await Promise.all([actor(deliverer), ...workers]);
    this.turns = undefined;
  }

  /** All is at rest, and what is said has to be true. */
  rests(): void {
    this.watch.violations.push(...restFlaws(this));
  }

  endStep(): void {
    const { progress, world, scenario, reference, schedule } = this;
    this.rests();
    const finds = progress.isBefallen ? undefined : scenario.steps[progress.step]?.finds;
    this.watch.violations.push(...(finds?.(world) ?? []));
    const state = stateOf(world, scenario);
    // A look that only a fault brought finds what the platform did and nobody told of.
    const isOrdered = scenario.isOrderless !== true || progress.step < scenario.steps.length - 1;
    const isAlone =
      progress.isBefallen ||
      (progress.isOnItsOwn && isOrdered) ||
      scenario.isIncomparable === true ||
      (hasPlatform(scenario) && progress.stalls > 0);
    const wanted = isAlone ? undefined : reference?.states[progress.step];
    if (wanted !== undefined && wanted !== state)
      progress.difference ??= `after step ${progress.step} it is\n  ${state}\nand not\n  ${wanted}`;
    this.#states.push(state);
    const most = mostOf(progress.reconciliations);
    const { maxReconciliations = most } = scenario;
    const isDoubled = schedule.delivery === 'doubled';
    // Workers who are at it at once read each other's users halfway, and wake each other again.
    const unbroken = maxReconciliations * schedule.workers;
    const allowed = unbroken + MORE_PER_FAULT * progress.broken + (isDoubled ? 1 : 0);
    if (most > allowed && !progress.isBefallen)
      this.watch.violations.push(`W9: ${most} reconciliations of one user in one step`);
    this.#reconciliations.push(most);
    this.#ends.push(progress.calls);
    progress.step += 1;
    progress.taken = 0;
    progress.isOver = progress.step === scenario.steps.length;
  }

  /** Whoever came first meanwhile is seen too late by the other side, which leaves a DID behind. */
  #land({ wanted, user }: LateCreation): void {
    const { world, watch, mutant } = this;
    const { accounts } = mutant?.inner?.(world.stores, this) ?? world.stores;
    const rival = [...world.accounts.stored.values()].some(
      ({ handle, email }) => handle === wanted.handle || email === wanted.email,
    );
    if (rival) world.leaked += 1;
    else void watch.created(() => accounts.createAccount(wanted), user);
  }
}
