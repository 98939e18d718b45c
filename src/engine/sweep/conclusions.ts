/**
 * What follows from a listing that was read to its end: renames and disappearances within their limits and, if the
 * listing is exact, doubt about users who are not listed, and removals. Everything is counted before the first write,
 * and only the keys of users are kept.
 */

import { sideBySide } from '../../concurrency/map-limit.ts';
import { isExcludedReason } from '../../events/condition.ts';
import type { EventData } from '../../events/event.ts';
import type { EventId, UserKey } from '../../identity.ts';
import type { Logger } from '../../logger.ts';
import { clockDifference, clockSentence } from '../../ports/clock-agreement.ts';
import type { EventReader } from '../../ports/event-log.ts';
import type { SubjectReader, SubjectSummary } from '../../ports/subjects.ts';
import type { Trigger } from '../../ports/trigger.ts';
import type { SuccessorSearch } from '../../reconcilers/shared.ts';
import { type DecideDeps, decide, draft } from '../intake/decision.ts';
import { closeSwept, openGaps } from '../intake/gaps.ts';
import { isExcluded, ownerOf } from '../intake/owner.ts';
import { withoutSuccessors } from '../reconcile/claims/successors.ts';
import type { AssessedTenant } from '../reconcile/read-side.ts';
import type { EngineSettings } from '../reconcile/settings.ts';
import { allowed, allowedDisappearances, isShrunken, type SafetyLimits } from './limits.ts';
import { isGoneBy, isNewTo } from './listings/known-users.ts';

interface ConclusionDeps extends DecideDeps {
  readonly events: Pick<EventReader, 'read'>;
  readonly subjects: Pick<SubjectReader, 'standings' | 'read'>;
  readonly successors: SuccessorSearch;
  readonly logger: Logger;
  readonly limits: SafetyLimits;
  readonly settings: Pick<EngineSettings, 'policy'>;
}

/** All users in the listing. */
interface Everyone {
  /** Whether users who are not listed may be doubted. */
  readonly isExact: boolean;
  readonly run: EventId;
  readonly startedAt: Date;
  readonly users: number;
  /** Users to be renamed. */
  readonly renames: KeptUsers;
  /** Users who lack what they had at the last run. */
  readonly disappeared: KeptUsers;
  /** How many users reconciliations found to lack something within the last hour. */
  readonly lackingRecently: number;
  readonly isListed: (user: UserKey) => boolean;
}

export type Halt = EventData['sweep.halted'];

interface Concluded {
  /** Removals that were granted. */
  readonly removals: number;
  /** What a safety limit stopped; it waits for `approve`. */
  readonly halts: readonly Halt[];
}

/** How long a person's approval of a dropped user count holds, and how long grants count against the limit. */
const DAY_MS = 86_400_000;
/** An older halt can no longer be approved: its findings are out of date, and the next sweep assesses all users again. */
export const APPROVABLE_FOR_MS = 7 * DAY_MS;
/**
 * As many of those concerned are kept with a halt, so that its approval covers exactly them. Also, no run decides
 * about more: what is left over is found by the next one.
 */
const MAX_KEPT_USERS = 50_000;
/** Of an account whose grace period is over. */
const WAITING = ['RemovalDue', 'RemovalWithheld', 'ClockDiffers'];
/** How many are decided on between two signs of life. */
const DECIDED_AT_ONCE = 500;

/** Counts all users, and keeps the keys of as many as one run handles. */
export class KeptUsers {
  count = 0;
  readonly users: UserKey[] = [];

  add(user: UserKey): void {
    this.count += 1;
    if (this.users.length < MAX_KEPT_USERS) this.users.push(user);
  }
}

/** `stayAlive` throws LeaseLostError when another process has taken over this run. */
export async function conclude(
  deps: ConclusionDeps,
  tenant: AssessedTenant,
  everyone: Everyone,
  stayAlive: () => Promise<void>,
): Promise<Concluded> {
  const conclusion = new Conclusion(deps, tenant, everyone, stayAlive);
  await conclusion.draw();
  return conclusion;
}

class Conclusion implements Concluded {
  removals = 0;
  readonly halts: Halt[] = [];
  readonly #deps: ConclusionDeps;
  readonly #tenant: AssessedTenant;
  readonly #everyone: Everyone;
  readonly #stayAlive: () => Promise<void>;

  constructor(
    deps: ConclusionDeps,
    tenant: AssessedTenant,
    everyone: Everyone,
    stayAlive: () => Promise<void>,
  ) {
    this.#deps = deps;
    this.#tenant = tenant;
    this.#everyone = everyone;
    this.#stayAlive = stayAlive;
  }

  async draw(): Promise<void> {
    const { users } = this.#everyone;
    await this.#stayAlive();
    await this.#rename();
    await this.#disappear();
    if (!this.#everyone.isExact) return;
    const { known, unlisted, removable } = await this.#search();
    await this.#stayAlive();
    if (isShrunken(this.#deps.limits, users, known) && !(await this.#approvedSource())) {
      const least = Math.ceil(known * (1 - this.#deps.limits.sourceShrink));
      return this.#halt('source', least, users, known, []);
    }
    const ends = unlisted.count > 0 || removable.count > 0;
    const clock = ends ? await clockDifference(this.#deps.databaseClock) : undefined;
    if (clock !== undefined) return this.#leave(removable, clock);
    await this.#doubt(unlisted);
    const gaps = await openGaps(this.#deps.events, this.#tenant.id);
    // Due users stay due: a later sweep grants what this one, with an open gap, must not.
    if (gaps.length === 0) await this.#remove(removable);
    else await closeSwept(this.#deps, gaps, this.#everyone.startedAt);
  }

  /** Each of these users says why: a date by a wrong clock would be no proof, and no grant. */
  async #leave({ users }: KeptUsers, aheadMs: number): Promise<void> {
    const { logger } = this.#deps;
    logger.error({ tenant: this.#tenant.id, aheadMs }, clockSentence(aheadMs));
    await this.#markDue(users);
  }

  async #rename(): Promise<void> {
    const { limits } = this.#deps;
    const { renames, users } = this.#everyone;
    if (renames.count === 0) return;
    // A few renames are normal use; the limit is for a column that was overwritten.
    const limit = Math.max(1, allowed(limits.renames, users));
    if (renames.count > limit) return this.#halt('renames', limit, renames.count, users, renames.users);
    await this.#markDue(renames.users);
  }

  /** A few users erased themselves; many at once mean a dropped collection, a restored backup or another PDS. */
  async #disappear(): Promise<void> {
    const { disappeared, lackingRecently, users } = this.#everyone;
    if (disappeared.count === 0) return;
    const limit = allowedDisappearances(this.#deps.limits, users);
    const count = disappeared.count + lackingRecently;
    if (count > limit) return this.#halt('disappearances', limit, count, users, disappeared.users);
    await this.#markDue(disappeared.users);
  }

  /** Marks users due who are recorded as deleted but listed, or who were kept under another policy. */
  async #search() {
    let known = 0;
    const unlisted = new KeptUsers();
    const removable = new KeptUsers();
    for await (const page of this.#deps.subjects.standings(this.#tenant.id)) {
      const again: UserKey[] = [];
      const kept: UserKey[] = [];
      for (const summary of page) {
        const { user, conditions } = summary;
        const says = (reason: string) => conditions.some((condition) => condition.reason === reason);
        const isGone = isGoneBy(summary);
        if (isExcluded(this.#tenant, user)) {
          // Its next reconciliation says so, and reads nothing.
          if (!conditions.some(isExcludedReason)) again.push(user);
          continue;
        }
        // Recorded before keys were checked against the tenant's form (W14).
        if (ownerOf(user, [this.#tenant]) === undefined) continue;
        const isListed = this.#everyone.isListed(user);
        if (isListed ? isGone : isGone && this.#isKept(summary)) again.push(user);
        else if (says('KeptForSuccessor')) kept.push(user);
        else if (isGone && WAITING.some(says)) removable.add(user);
        // A listing says nothing about a user who is newer than it.
        const isNew = isNewTo(summary, this.#everyone.startedAt);
        if (isListed || (!isGone && !isNew)) known += 1;
        // A 404 that still lacks its second proof gets it here; so does a user who was recorded as present.
        if (!isListed && (isGone ? says('UserGoneOnce') : !isNew)) unlisted.add(user);
      }
      // No trigger reports the deletion of a successor that only Auth0 knew.
      const free = kept.length === 0 ? [] : await withoutSuccessors(this.#deps, kept);
      await this.#markDue([...again, ...free]);
    }
    return { known, unlisted, removable };
  }

  /** Deleted user whose account the policy of that day kept: the policy may have changed since. */
  #isKept({ did, conditions }: SubjectSummary): boolean {
    const account = conditions.find(({ type }) => type === 'account')?.reason;
    const isToBeKept = this.#deps.settings.policy.removal === 'report';
    return did !== undefined && account === (isToBeKept ? 'KeptForSuccessor' : 'UserGone');
  }

  async #doubt({ users }: KeptUsers): Promise<void> {
    const data = { run: this.#everyone.run };
    for (let from = 0; from < users.length; from += DECIDED_AT_ONCE) {
      await this.#stayAlive();
      await sideBySide(this.#triggers(users.slice(from, from + DECIDED_AT_ONCE)), async (trigger) => {
        await decide(this.#deps, trigger, 'auth0.user-unlisted', data);
      });
    }
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

  async #remove(removable: KeptUsers): Promise<void> {
    if (removable.count === 0) return;
    const granted = await this.#grantedOfLate();
    const free = await this.#withoutSuccessors(removable.users);
    // A user with a grant who was not reconciled since still has RemovalDue: do not grant twice.
    const waiting = removable.users.filter((user) => free.has(user) && !granted.has(user));
    // But make the user due again: the run that granted it may have broken off before that.
    await this.#markDue(removable.users.filter((user) => granted.has(user) || !free.has(user)));
    if (waiting.length === 0) return;
    const { users, run } = this.#everyone;
    const limit = allowed(this.#deps.limits.removals, users);
    const count = waiting.length + removable.count - removable.users.length;
    if (count + granted.size > limit) return this.#halt('removals', limit, count, users, waiting);
    // Two runs that grant at once would each be within the limit.
    await this.#stayAlive();
    for (const trigger of this.#triggers(waiting)) {
      await decide(this.#deps, trigger, 'removal.granted', { run, by: 'the safety limit' });
      this.removals += 1;
    }
  }

  /** A grant is blocked by a user who has verified the address since the last reconciliation. */
  async #withoutSuccessors(users: readonly UserKey[]): Promise<ReadonlySet<UserKey>> {
    const free = new Set<UserKey>();
    for (let from = 0; from < users.length; from += DECIDED_AT_ONCE) {
      await this.#stayAlive();
      const found = await withoutSuccessors(this.#deps, users.slice(from, from + DECIDED_AT_ONCE));
      for (const user of found) free.add(user);
    }
    return free;
  }

  /** The limit holds for a day, over all sweeps in it. */
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
    const { run } = this.#everyone;
    const data: Halt = { run, kind, limit, count, of, users };
    this.halts.push(data);
    await log.append([draft(this.#deps, null, this.#tenant.id, 'sweep.halted', data)]);
    logger.error({ tenant: this.#tenant.id, run, kind, limit, count, of }, 'a safety limit halted a sweep');
  }

  async #markDue(users: readonly UserKey[]): Promise<void> {
    const { queue, clock } = this.#deps;
    if (users.length > 0) await queue.markDue(this.#triggers(users), clock.now(), 'sweep');
  }

  #triggers(users: readonly UserKey[]): Trigger[] {
    return users.flatMap((user) => {
      const userId = ownerOf(user, [this.#tenant])?.userId;
      return userId === undefined ? [] : [{ user, userId, tenant: this.#tenant.id }];
    });
  }
}
