/**
 * The safety net under the triggers: everyone in a tenant is looked at in batches, and whoever
 * differs becomes due. A listing is a hint only; the pass reads each due user again by id.
 *
 * What is missing and wrong is mended as it is found. What takes something away (removals) or changes
 * many at once (renames) is collected first, held against the safety limits as a whole, and done
 * only if it keeps within them; above, the run halts and a person approves it or leaves it.
 */
import { UpstreamError } from '../errors.ts';
import type { EventData } from '../events/event.ts';
import type { EventId, UserKey } from '../identity.ts';
import type { Logger } from '../logger.ts';
import type { Clock, EventLog, Random, Subject, SubjectReader, Trigger, WorkQueue } from '../ports.ts';
import {
  type AssessDeps,
  type AssessedTenant,
  type Assessment,
  assess,
  isDrifted,
  lookCloser,
} from './assess.ts';
import { decide, draft } from './decide.ts';
import { closeSwept, openGaps } from './gaps.ts';
import { allowed, isShrunken, type SafetyLimits } from './limits.ts';
import { shortHash } from './short-hash.ts';

export interface SweepDeps extends AssessDeps {
  readonly log: Pick<EventLog, 'append' | 'ofUser'>;
  readonly queue: Pick<WorkQueue, 'markDue'>;
  readonly subjects: SubjectReader;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly limits: SafetyLimits;
}

export type Halt = EventData['sweep.halted'];

export interface SweepResult {
  readonly users: number;
  readonly drifted: number;
  /** Removals that were granted. */
  readonly removals: number;
  /** False when the listing broke off: then nothing may be concluded about who was not in it. */
  readonly complete: boolean;
  /** What a safety limit stopped; it waits for `approve`. */
  readonly halts: readonly Halt[];
  readonly durationMs: number;
}

/** How long a person's word that a source really shrank is taken, and grants count against the limit. */
const DAY_MS = 86_400_000;
/** A halt older than this is no longer offered for approval: the world has moved on, and the next sweep looks anew. */
export const APPROVABLE_FOR_MS = 7 * DAY_MS;
/** As many of those concerned are kept with a halt, so that its approval covers exactly them. */
const MAX_HALTED_USERS = 50_000;

/** Sweeps one tenant. Never throws for a listing that broke off: that is in the result and in the log. */
export async function sweep(
  deps: SweepDeps,
  tenant: AssessedTenant,
  onProgress?: (users: number, drifted: number) => void,
): Promise<SweepResult> {
  const startedAt = deps.clock.now();
  const started = draft(deps, null, tenant.id, 'sweep.started', { users: null });
  await deps.log.append([started]);
  const run = new Run(deps, tenant, started._id, startedAt);
  const complete = await run.list(onProgress);
  if (complete) await run.conclude();
  const durationMs = deps.clock.now().getTime() - startedAt.getTime();
  const { users, drifted, removals, halts } = run;
  await deps.log.append([
    draft(deps, null, tenant.id, 'sweep.finished', { users, drifted, complete, durationMs }),
  ]);
  return { users, drifted, removals, complete, halts, durationMs };
}

class Run {
  users = 0;
  drifted = 0;
  removals = 0;
  readonly halts: Halt[] = [];
  readonly #deps: SweepDeps;
  readonly #tenant: AssessedTenant;
  readonly #id: EventId;
  readonly #startedAt: Date;
  /** Who was in the listing, by a short hash: a million users take some 40 MB. */
  readonly #seen = new Set<number>();
  readonly #renames: Trigger[] = [];

  constructor(deps: SweepDeps, tenant: AssessedTenant, id: EventId, startedAt: Date) {
    this.#deps = deps;
    this.#tenant = tenant;
    this.#id = id;
    this.#startedAt = startedAt;
  }

  /** Looks at everyone and makes due who differs. False when the listing broke off. */
  async list(onProgress?: (users: number, drifted: number) => void): Promise<boolean> {
    const { queue, clock, logger } = this.#deps;
    try {
      for await (const page of this.#tenant.directory.everyone()) {
        const seen = await assess(this.#deps, this.#tenant, page.users, clock.now(), 'batch');
        for (const { user } of seen) this.#seen.add(shortHash(user));
        // A batch knows nothing of refusals: whoever has the code for good reason looks like a rename to it.
        const drifted = seen.filter(isDrifted);
        const closer = await lookCloser(this.#deps, this.#tenant, drifted.filter(isRename), clock.now());
        const found = [...drifted.filter((assessment) => !isRename(assessment)), ...closer.filter(isDrifted)];
        const renames = found.filter(isRename);
        this.#renames.push(...renames.map((assessment) => this.#trigger(assessment)));
        const due = found
          .filter((assessment) => !isRename(assessment))
          .map((assessment) => this.#trigger(assessment));
        if (due.length > 0) await queue.markDue(due, clock.now(), 'sweep');
        this.users += page.users.length;
        this.drifted += found.length;
        onProgress?.(this.users, this.drifted);
      }
      return true;
    } catch (err) {
      if (!(err instanceof UpstreamError)) throw err;
      logger.error({ err, tenant: this.#tenant.id, users: this.users }, 'a sweep broke off');
      return false;
    }
  }

  /** What only a complete listing allows: renames within their limit, who is not listed, and removals. */
  async conclude(): Promise<void> {
    await this.#rename();
    const { known, unlisted, removable, returned } = await this.#known();
    await this.#lookAgain(returned);
    if (isShrunken(this.#deps.limits, this.users, known) && !(await this.#approvedSource())) {
      await this.#halt(
        'source',
        Math.ceil(known * (1 - this.#deps.limits.sourceShrink)),
        this.users,
        known,
        [],
      );
      return;
    }
    for (const { user, userId } of unlisted) {
      await decide(this.#deps, { user, userId, tenant: this.#tenant.id }, 'auth0.user-unlisted', {
        run: this.#id,
      });
    }
    const gaps = await openGaps(this.#deps.events, this.#tenant.id);
    // Who is due stays due: the next sweep grants what this one, which closes the gap, had no right to.
    if (gaps.length === 0) await this.#remove(removable);
    else await closeSwept(this.#deps, gaps, this.#startedAt);
  }

  /** Whoever is taken for gone and is listed, or was kept under another policy: a pass tells what holds now. */
  async #lookAgain(subjects: readonly Subject[]): Promise<void> {
    const { queue, clock } = this.#deps;
    const due = subjects.map(({ user, userId }) => ({ user, userId, tenant: this.#tenant.id }));
    if (due.length > 0) await queue.markDue(due, clock.now(), 'sweep');
  }

  async #rename(): Promise<void> {
    const { queue, clock, limits } = this.#deps;
    if (this.#renames.length === 0) return;
    // A single rename, or a few, is somebody's wish; the limit is for a column that was overwritten.
    const limit = Math.max(1, allowed(limits.renames, this.users));
    if (this.#renames.length > limit) {
      const users = this.#renames.map(({ user }) => user);
      return this.#halt('renames', limit, users.length, this.users, users);
    }
    await queue.markDue(this.#renames, clock.now(), 'sweep');
  }

  async #known() {
    let known = 0;
    const unlisted: Subject[] = [];
    const removable: Subject[] = [];
    const returned: Subject[] = [];
    for await (const subject of this.#deps.subjects.list(this.#tenant.id)) {
      const says = (reason: string) => subject.conditions.some((condition) => condition.reason === reason);
      const isGone = says('UserGone') || says('UserGoneOnce');
      const isListed = this.#seen.has(shortHash(subject.user));
      // Gone with an account that the policy of that day let be: the policy may have changed since.
      const isKept = isGone && subject.did !== undefined && accountReason(subject) === 'UserGone';
      const isLookedAgain = isListed ? isGone : isKept && this.#deps.settings.policy.removal !== 'report';
      if (isLookedAgain) returned.push(subject);
      else if (says('RemovalDue') || says('RemovalWithheld')) removable.push(subject);
      if (isListed || !isGone) known += 1;
      // A 404 whose second proof is still missing gets it here, as does whoever was thought to be there.
      if (!isListed && (!isGone || says('UserGoneOnce'))) unlisted.push(subject);
    }
    return { known, unlisted, removable, returned };
  }

  async #approvedSource(): Promise<boolean> {
    const { events, clock } = this.#deps;
    const now = clock.now().getTime();
    // The halt may be as old as one that can be approved; with nightly sweeps it is always a day old.
    const since = new Date(now - DAY_MS - APPROVABLE_FOR_MS);
    const halted = new Set<EventId>();
    for await (const event of events.read({ types: ['sweep.halted', 'sweep.approved'], since })) {
      if (event.tenant !== this.#tenant.id) continue;
      if (event.type === 'sweep.halted' && event.data.kind === 'source') halted.add(event.data.run);
      if (event.type !== 'sweep.approved' || !halted.has(event.data.run)) continue;
      if (now - event.at.getTime() <= DAY_MS) return true;
    }
    return false;
  }

  async #remove(removable: readonly Subject[]): Promise<void> {
    if (removable.length === 0) return;
    const granted = await this.#grantedOfLate();
    // Whoever has been granted and not been looked at since still says RemovalDue, and is not asked about twice.
    const waiting = removable.filter(({ user }) => !granted.has(user));
    // But looked at again: the run that granted it may have broken off before the user was due.
    const again = removable.filter(({ user }) => granted.has(user));
    const due = again.map(({ user, userId }) => ({ user, userId, tenant: this.#tenant.id }));
    if (due.length > 0) await this.#deps.queue.markDue(due, this.#deps.clock.now(), 'sweep');
    if (waiting.length === 0) return;
    const limit = allowed(this.#deps.limits.removals, this.users);
    if (waiting.length + granted.size > limit) {
      const users = waiting.map(({ user }) => user);
      return this.#halt('removals', limit, users.length, this.users, users);
    }
    for (const { user, userId } of waiting) {
      const data = { run: this.#id, by: 'the safety limit' };
      await decide(this.#deps, { user, userId, tenant: this.#tenant.id }, 'removal.granted', data);
      this.removals += 1;
    }
  }

  /** Sweep after sweep, the limit holds for a day. */
  async #grantedOfLate(): Promise<ReadonlySet<UserKey>> {
    const { events, clock } = this.#deps;
    const since = new Date(clock.now().getTime() - DAY_MS);
    const granted = new Set<UserKey>();
    for await (const event of events.read({ types: ['removal.granted'], since })) {
      if (event.tenant === this.#tenant.id && event.user !== null) granted.add(event.user);
    }
    return granted;
  }

  async #halt(
    kind: Halt['kind'],
    limit: number,
    count: number,
    of: number,
    users: readonly UserKey[],
  ): Promise<void> {
    const { log, logger } = this.#deps;
    const data: Halt = { run: this.#id, kind, limit, count, of, users: users.slice(0, MAX_HALTED_USERS) };
    this.halts.push(data);
    await log.append([draft(this.#deps, null, this.#tenant.id, 'sweep.halted', data)]);
    logger.error(
      { tenant: this.#tenant.id, run: this.#id, kind, limit, count, of },
      'a safety limit halted a sweep',
    );
  }

  #trigger({ user, auth0 }: Assessment): Trigger {
    return { user, tenant: this.#tenant.id, userId: auth0.userId };
  }
}

/** Also beside other actions: the pass that mends those would rename as well, past the limit. */
function accountReason({ conditions }: Subject): string | undefined {
  return conditions.find(({ type }) => type === 'account')?.reason;
}

function isRename({ view }: Assessment): boolean {
  return view.actions.some(({ type }) => type === 'change-handle');
}
