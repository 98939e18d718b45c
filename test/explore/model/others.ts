/** What others than our processes do in a run: the platform's steps, what becomes of a user, and what Concord is told. */
import type { UserKey } from '../../../src/identity.ts';
import { isLifeKind, type LifeKind } from '../search/faults.ts';
import type { Run } from '../search/run.ts';
import { hear } from './hearing.ts';
import { befall } from './lives.ts';
import type { Message, WorldStep } from './platform.ts';

export class Others {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  /** What the platform has still to do in this step of the scenario; undefined where it does nothing in it. */
  get steps(): readonly WorldStep[] | undefined {
    const { scenario, progress } = this.#run;
    return scenario.steps[progress.step]?.meanwhile?.slice(progress.taken);
  }

  /** What they do before this call, where the faults say so. In one go, as the call that waits for it has begun. */
  act(at: number, user: UserKey | undefined): void {
    const run = this.#run;
    const fault = run.faultAt(at);
    if (fault === undefined) return;
    const { kind } = fault;
    if (kind === 'meanwhile' || kind === 'heard') {
      for (let left = fault.steps ?? 1; left > 0; left -= 1) this.takeStep();
      run.progress.isOnItsOwn = true;
      // What is heard is heard by the call itself, which has to wait for it.
      if (kind === 'meanwhile') run.strike(at);
    } else if (isLifeKind(kind)) {
      this.#befall(kind, user);
      run.strike(at);
    }
  }

  /** The platform's next step, if any is left. */
  takeStep(): void {
    const { world, progress, scenario } = this.#run;
    const [step] = this.steps ?? [];
    if (step === undefined) return;
    progress.taken += 1;
    world.mutations += 1;
    this.#tell(step.happens(world).filter(({ type }) => type === 'entry' || scenario.isDeaf !== true));
  }

  #befall(kind: LifeKind, user: UserKey | undefined): void {
    const { world, progress, scenario } = this.#run;
    const who = scenario.people.find((one) => one.user === user) ?? scenario.people[0];
    if (who === undefined) return;
    world.mutations += 1;
    this.#tell(befall(world, who, kind));
    progress.isOnItsOwn = true;
    progress.isBefallen = true;
    if (kind === 'user-forgotten') progress.forgets = who.user;
  }

  #tell(messages: readonly Message[]): void {
    const { world } = this.#run;
    if (messages.length > 0) world.messages = [...world.messages, ...messages];
  }

  /** Concord is told of everything that it has not been told yet, with nothing in between. */
  async hearAll(): Promise<void> {
    const { world, mutant } = this.#run;
    const stores = mutant?.outer?.(world.stores, this.#run) ?? world.stores;
    for (const message of world.messages) {
      await hear(this.#run, stores, message);
      world.heard += 1;
    }
    world.messages = [];
  }
}
