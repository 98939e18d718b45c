/** One process of the engine: its calls go through here, and here it meets its faults, or dies. */

import { peopleOf } from '../../../src/engine/intake/people.ts';
import { successorSearch } from '../../../src/engine/reconcile/claims/successors.ts';
import { UsersAtWork } from '../../../src/engine/reconcile/leases/at-work.ts';
import {
  type ReconcileDeps,
  type ReconciliationResult,
  reconcile,
} from '../../../src/engine/reconcile/reconcile.ts';
import { UpstreamError } from '../../../src/errors.ts';
import type { UserKey } from '../../../src/identity.ts';
import type { Lease } from '../../../src/ports/queue.ts';
import { otherTenant, tenant } from '../../mongo/subjects/people.ts';
import { firstTenantsTag, SECOND_TENANTS_TAG } from '../../support/in-memory/world.ts';
import { Freshness } from '../judge/freshness.ts';
import { Observations } from '../judge/observations.ts';
import { errorOf, type FaultKind, upstreamOf } from '../search/faults.ts';
import type { Run } from '../search/run.ts';
import { around, type Between, type Point, type Ports } from './ports.ts';
import { Timers } from './timers.ts';
import { type LateCreation, silent } from './world.ts';

export type Ending<T> =
  | { readonly type: 'done'; readonly value: T }
  | { readonly type: 'threw'; readonly error: unknown }
  | { readonly type: 'died' };

export type Reconciliation =
  | { readonly type: 'idle' | 'outage' | 'broke-off' | 'died'; readonly user: UserKey | undefined }
  | EndedReconciliation;
interface EndedReconciliation {
  readonly type: 'over';
  readonly user: UserKey;
  readonly result: ReconciliationResult;
}

/** How long an effect takes that comes after its call has timed out; well within the time to settle. */
/** What says how things stand, and may say it too late. */
const ON_RECORD = new Set(['append', 'createAccount', 'recordAccount', 'recordAccountHandle']);
/** Those that give a lease, or give it anew. */
const LEASING = new Set(['claim', 'claimUser', 'renew']);
const LATE_MS = 30_000;
/** Of one that comes when nobody waits for it any more: of the time to settle. */
const TOO_LATE_SHARE = 2;
/** So many leases does a slow call take, with timers that run. */
const SLOW_LEASES = 2.5;
/** As the workers wait after a pass that broke off. */
const OUTAGE_WAIT_MS = 2_000;

export class Process implements Between {
  readonly ports: Ports;
  readonly deps: ReconcileDeps;
  isDead = false;
  /** Whose pass this is, for the oracle. */
  user: UserKey | undefined;
  readonly #run: Run;
  readonly #freshness: Freshness;
  readonly #observations: Observations;
  #onDeath: () => void = () => undefined;
  readonly #timers = new Timers();

  constructor(run: Run) {
    const { world, mutant } = run;
    this.#run = run;
    this.#freshness = new Freshness(world);
    this.#observations = new Observations(run);
    const inner = mutant?.inner?.(world.stores, run) ?? world.stores;
    const faulty = around(inner, this);
    this.ports = mutant?.outer?.(faulty, run) ?? faulty;
    const { log, queue, subjects, documents, reservations, accounts, dids, inactive } = this.ports;
    const { auth0, secondAuth0 } = this.ports;
    const first = { id: tenant, keyPrefix: '', directory: auth0, emailTag: firstTenantsTag(run.areLinked) };
    const second = {
      id: otherTenant,
      keyPrefix: `${otherTenant}-`,
      directory: secondAuth0,
      emailTag: SECOND_TENANTS_TAG,
    };
    this.deps = {
      log,
      queue,
      subjects,
      successors: successorSearch(subjects, [first, second]),
      documents,
      reservations,
      accounts,
      inactive,
      people: peopleOf([first, second]),
      dids,
      vault: world.vault,
      clients: this.ports,
      tenants: new Map([
        [tenant, { ...first, linkedTenant: run.areLinked ? second : undefined }],
        [otherTenant, { ...second, linkedTenant: run.areLinked ? first : undefined }],
      ]),
      handleDomain: async () => (await accounts.handleDomains())[0] ?? '',
      atWork: new UsersAtWork(),
      clock: { ...world.clock, timer: (ms, signal) => this.#timers.wait(world.nowMs + ms, signal) },
      databaseClock: this.ports.databaseClock,
      random: mutant?.random?.(world.random) ?? world.random,
      logger: silent,
      settings: mutant?.settings === undefined ? world.settings : { ...world.settings, ...mutant.settings },
    };
  }

  /** Runs something in this process, which may die over it: then nothing of it goes on. */
  run<T>(work: () => Promise<T>): Promise<Ending<T>> {
    return new Promise((resolve) => {
      this.#onDeath = () => resolve({ type: 'died' });
      work().then(
        (value) => resolve({ type: 'done', value }),
        (error: unknown) => resolve({ type: 'threw', error }),
      );
    });
  }

  /** A sweep has come to its end. */
  sawAll(): void {
    this.#observations.all();
  }

  /** Claims who is due and converges them, as the workers do. */
  async pass(): Promise<Reconciliation> {
    const ending = await this.run(() => this.#claimAndConverge());
    if (ending.type === 'died') return { type: 'died', user: this.user };
    if (ending.type === 'threw') throw ending.error;
    return ending.value;
  }

  async #claimAndConverge(): Promise<Reconciliation> {
    const { world } = this.#run;
    const { queue } = this.ports;
    let lease: Awaited<ReturnType<typeof queue.claim>>;
    try {
      lease = await queue.claim(world.clock.now(), world.settings.leaseMs);
    } catch {
      return { type: 'outage', user: undefined };
    }
    if (lease === undefined) return { type: 'idle', user: undefined };
    this.user = lease.user;
    try {
      return { type: 'over', user: lease.user, result: await reconcile(this.deps, lease) };
    } catch (error) {
      if (!(error instanceof UpstreamError)) this.#run.watch.violations.push(`a pass threw ${String(error)}`);
      world.advanceTo(world.nowMs + OUTAGE_WAIT_MS);
      await queue.release(lease).catch(() => undefined);
      return { type: 'broke-off', user: lease.user };
    }
  }

  call(point: Point, invoke: () => Promise<unknown>, args: readonly unknown[]): Promise<unknown> {
    const run = this.#run;
    if (this.isDead) return never();
    const at = run.met(point);
    run.others.act(at, this.user);
    const { deadly } = run.world;
    if (deadly !== undefined && deadly.user === this.user && deadly.call === point.name) return this.#die();
    if (at === run.nextStrike || run.turns !== undefined || run.world.outage !== undefined)
      return this.#struck(at, point, invoke, args);
    if (this.#freshness.isOutward(point))
      run.watch.outward(this.#freshness.objections(point, args, this.user), false);
    return this.#made(point, invoke, args);
  }

  #made(point: Point, invoke: () => Promise<unknown>, args: readonly unknown[]): Promise<unknown> {
    const { watch } = this.#run;
    const freshness = this.#freshness;
    if (point.kind !== 'write') {
      freshness.read(point, args);
      this.#observations.read(point, args, this.user);
      return invoke();
    }
    if (point.name === 'queue.complete') return invoke().then(() => this.#observations.ended(this.user));
    if (point.port === 'queue' && LEASING.has(point.method))
      return invoke().then((lease) => {
        // What a reconciliation reads rests on its own lease, and not on that of another user beside it.
        const { user } = (lease ?? {}) as Partial<Lease>;
        const isBeside = point.method !== 'claim' && this.user !== undefined && user !== this.user;
        if (!isBeside) freshness.claimed(lease as Lease | undefined);
        return lease;
      });
    return watch.write(point, invoke, args, this.user, this.#observations.of(this.user));
  }

  async #struck(at: number, point: Point, invoke: () => Promise<unknown>, args: readonly unknown[]) {
    await this.#turn();
    const { watch } = this.#run;
    const isOutward = this.#freshness.isOutward(point);
    const objections = isOutward ? this.#freshness.objections(point, args, this.user) : [];
    const kind = this.#run.strike(at);
    if (kind === 'heard') await this.#run.others.hearAll();
    await this.#before(point, kind);
    // Held up on its way, it arrives when others may have gone on: what it was decided on counts.
    if (isOutward) watch.outward(objections, !this.#freshness.holdsLease(this.user));
    // While a failure is made smaller its faults may meet other calls than they were meant for.
    if ((kind === 'late' || kind === 'too-late') && point.method === 'createAccount') {
      const { progress, world } = this.#run;
      progress.lates += 1;
      if (kind === 'too-late') progress.tooLates += 1;
      const afterMs = kind === 'late' ? LATE_MS : TOO_LATE_SHARE * world.settings.settleMs;
      this.#run.world.late = [
        ...this.#run.world.late,
        {
          atMs: world.nowMs + afterMs,
          wanted: args[0] as LateCreation['wanted'],
          user: this.user,
        },
      ];
      throw errorOf(point, 'lost');
    }
    // What is lost on the way back has not been seen.
    const isSeen = kind !== 'lost' || point.kind === 'write';
    const answer = await (isSeen ? this.#made(point, invoke, args) : invoke());
    return this.#after(point, kind, answer);
  }

  async *stream(point: Point, invoke: () => AsyncIterable<unknown>): AsyncIterable<unknown> {
    const run = this.#run;
    if (this.isDead) await never();
    const at = run.met(point);
    run.others.act(at, this.user);
    await this.#turn();
    const kind = run.strike(at);
    if (kind === 'heard') await run.others.hearAll();
    await this.#before(point, kind);
    if (kind === 'stale') yield { users: run.world.earlier };
    else yield* invoke();
    if (kind !== undefined) run.brokenStreams += kind === 'lost' && point.method === 'everyone' ? 1 : 0;
    await this.#after(point, kind, undefined);
  }

  /** With several workers, each call is a place where another one may go first. */
  async #turn(): Promise<void> {
    const { turns } = this.#run;
    if (turns === undefined) return;
    await turns.park();
    if (!this.isDead) return;
    turns.pass();
    await never();
  }

  async #before(point: Point, kind: FaultKind | undefined): Promise<void> {
    const { world } = this.#run;
    const { outage } = world;
    if (outage !== undefined && outage.port === point.port && world.nowMs < outage.untilMs) {
      const { code } = outage;
      throw new UpstreamError('there is an outage', { upstream: upstreamOf(point), code, retryable: true });
    }
    if (kind === 'crash-before') return this.#die();
    if (kind === 'stall-before') await this.#run.stall(ON_RECORD.has(point.method));
    if (kind === 'error' || kind === 'unreached' || kind === 'limited') throw errorOf(point, kind);
  }

  async #after(point: Point, kind: FaultKind | undefined, answer: unknown): Promise<unknown> {
    if (kind === 'crash-after') return this.#die();
    if (kind === 'stall-after') await this.#run.stall(point.method === 'createAccount');
    if (kind === 'slow') await this.#takesLong();
    if (kind === 'lost') throw errorOf(point, kind);
    return answer;
  }

  /** Others find every user whose lease is not renewed, and go on with it. */
  async #takesLong(): Promise<void> {
    const { world } = this.#run;
    const endMs = world.nowMs + SLOW_LEASES * world.settings.leaseMs;
    for (let atMs = this.#timers.nextMs(); atMs < endMs; atMs = this.#timers.nextMs()) {
      world.advanceTo(atMs);
      await this.#timers.ring();
    }
    world.advanceTo(endMs);
    await this.#run.othersGoOn();
  }

  #die(): Promise<never> {
    this.isDead = true;
    this.#onDeath();
    return never();
  }
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}
