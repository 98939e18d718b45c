/**
 * The safety net under the triggers: everyone in a tenant is looked at in batches, and whoever
 * differs becomes due. A listing is a hint only; the pass reads each due user again by id.
 *
 * What is missing and wrong is mended as it is found. What takes something away (removals) or changes
 * many at once (renames) is collected first, held against the safety limits as a whole, and done
 * only if it keeps within them; above, the run halts and a person approves it or leaves it.
 */
import { createHash } from 'node:crypto';
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
import { allowed, isShrunken, type SafetyLimits } from './limits.ts';

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
  const run = new Run(deps, tenant, started._id);
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
  /** Who was in the listing, by a short hash: a million users take some 40 MB. */
  readonly #seen = new Set<number>();
  readonly #renames: Trigger[] = [];

  constructor(deps: SweepDeps, tenant: AssessedTenant, id: EventId) {
    this.#deps = deps;
    this.#tenant = tenant;
    this.#id = id;
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
        const closer = await lookCloser(this.#deps, this.#tenant, drifted.filter(isRenameOnly), clock.now());
        const found = [
          ...drifted.filter((assessment) => !isRenameOnly(assessment)),
          ...closer.filter(isDrifted),
        ];
        const renames = found.filter(isRenameOnly);
        this.#renames.push(...renames.map((assessment) => this.#trigger(assessment)));
        const due = found
          .filter((assessment) => !isRenameOnly(assessment))
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
    const { known, unlisted, removable } = await this.#known();
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
    await this.#remove(removable);
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
    for await (const subject of this.#deps.subjects.list(this.#tenant.id)) {
      const gone = subject.conditions.some(({ type, reason }) => type === 'auth0' && reason === 'UserGone');
      if (subject.conditions.some(({ reason }) => reason === 'RemovalDue')) removable.push(subject);
      if (gone) continue;
      known += 1;
      if (!this.#seen.has(shortHash(subject.user))) unlisted.push(subject);
    }
    return { known, unlisted, removable };
  }

  async #approvedSource(): Promise<boolean> {
    const { events, clock } = this.#deps;
    const since = new Date(clock.now().getTime() - DAY_MS);
    const halted = new Set<EventId>();
    for await (const event of events.read({ types: ['sweep.halted', 'sweep.approved'], since })) {
      if (event.tenant !== this.#tenant.id) continue;
      if (event.type === 'sweep.halted' && event.data.kind === 'source') halted.add(event.data.run);
      if (event.type === 'sweep.approved' && halted.has(event.data.run)) return true;
    }
    return false;
  }

  async #remove(removable: readonly Subject[]): Promise<void> {
    if (removable.length === 0) return;
    const { limits } = this.#deps;
    const limit = allowed(limits.removals, this.users);
    const users = removable.map(({ user }) => user);
    if (users.length + (await this.#grantedOfLate()) > limit) {
      return this.#halt('removals', limit, users.length, this.users, users);
    }
    for (const { user, userId } of removable) {
      const data = { run: this.#id, by: 'the safety limit' };
      await decide(this.#deps, { user, userId, tenant: this.#tenant.id }, 'removal.granted', data);
      this.removals += 1;
    }
  }

  /** Sweep after sweep, the limit holds for a day. */
  async #grantedOfLate(): Promise<number> {
    const { events, clock } = this.#deps;
    const since = new Date(clock.now().getTime() - DAY_MS);
    let granted = 0;
    for await (const event of events.read({ types: ['removal.granted'], since })) {
      if (event.tenant === this.#tenant.id) granted += 1;
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

function isRenameOnly({ view }: Assessment): boolean {
  return view.actions.length > 0 && view.actions.every(({ type }) => type === 'change-handle');
}

function shortHash(user: UserKey): number {
  return createHash('sha1').update(user).digest().readUIntBE(0, 6);
}
