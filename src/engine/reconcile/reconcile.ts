/**
 * One reconciliation of one user: learn, observe, plan, apply, observe.
 *
 * A reconciliation may break off anywhere and be repeated: the next observation finds what it wrote, and an effect that
 * cannot be found again (an account creation) has its intent in the log before the call. Rounds of observe and apply
 * continue until nothing is left to do, since one resource may wait for another: an account whose handle is the code
 * waits for the code.
 */
// biome-ignore-all lint/style/noExcessiveLinesPerFile: one reconciliation from beginning to end; its steps share the lease, the journal and the failures.

import { LeaseLostError } from '../../errors.ts';
import type { ConditionDraft } from '../../events/condition.ts';
import type { IntendedAction } from '../../events/data/reconciliation.ts';
import { fold } from '../../events/fold.ts';
import { withAuth0 } from '../../events/fold-auth0.ts';
import type { EventId, TenantId, UserKey } from '../../identity.ts';
import type { Logger } from '../../logger.ts';
import type { AccountHost, DidDirectory, InactiveAccounts } from '../../ports/accounts.ts';
import type { Auth0Answer, Directory, People } from '../../ports/auth0.ts';
import type { Clock, DatabaseClock, Random } from '../../ports/clock.ts';
import { requireNoPastDate } from '../../ports/clock-agreement.ts';
import type { DocumentStore, Documents } from '../../ports/documents.ts';
import type { EventLog } from '../../ports/event-log.ts';
import type { PasswordVault } from '../../ports/passwords.ts';
import type { Lease, WorkQueue } from '../../ports/queue.ts';
import type { Reservations } from '../../ports/reservations.ts';
import type { SubjectReader, SubjectView } from '../../ports/subjects.ts';
import type { Trigger } from '../../ports/trigger.ts';
import { type Attempt, attempt, type Failure, failureOf } from '../../reconcilers/attempt.ts';
import type { Clients } from '../../reconcilers/independent.ts';
import type { Applied, ApplyContext, EventDraft } from '../../reconcilers/reconciler.ts';
import { applyAction, INDEPENDENT, intended, isLeftAfter } from '../../reconcilers/registry.ts';
import type { SuccessorSearch } from '../../reconcilers/shared.ts';
import type { Action, View } from '../../reconcilers/view.ts';
import { traced } from '../../tracing.ts';
import { Reserving } from './claims/reserving.ts';
import { affectedBy } from './claims/successors.ts';
import { checkWaits, wakeWaiting } from './claims/waiting.ts';
import { type End, endReconciliation } from './ending.ts';
import { createJournal, type Journal } from './journal.ts';
import { learnFromAuth0, learnHandle, learnLinkedUser, learnSubject } from './learn.ts';
import type { UsersAtWork } from './leases/at-work.ts';
import { HeldLease } from './leases/held-lease.ts';
import { failureOfTakeover, isUnrecorded, quarantineUnread } from './leases/unfinished.ts';
import {
  checkLinkedUser,
  failuresOf,
  findLinkedUser,
  type LinkedTenant,
  type LinkedUserLookup,
  NO_LINKED_USER,
  nameSelf,
  wakeLinkedUser,
} from './linked-user.ts';
import { observeUser, type TenantPolicy } from './observe.ts';
import { type Withheld, withheld } from './policy.ts';
import { recoverOutcomes } from './recover.ts';
import { openIntent, withRepeat, withRunningCount } from './repeats.ts';
import { needsNoRead } from './routine.ts';
import { type EngineSettings, MAX_ROUNDS } from './settings.ts';
import { invalidAfterAll, type Leaving, leaveExcluded, leaveForgotten, leaveInvalid } from './shortened.ts';
import { subjectView, UNSEEN } from './subject-view.ts';
import { grantLinked } from './transfer/by-policy.ts';

export interface ReconcileDeps {
  readonly log: EventLog;
  readonly queue: WorkQueue;
  readonly subjects: Pick<
    SubjectReader,
    'holdersOfEmail' | 'holdersOfHandle' | 'holdersOfDid' | 'waitingFor' | 'verifiedIn' | 'get' | 'read'
  >;
  readonly people: People;
  readonly successors: SuccessorSearch;
  readonly documents: DocumentStore;
  readonly reservations: Reservations;
  readonly accounts: AccountHost;
  readonly dids: DidDirectory;
  readonly inactive: InactiveAccounts;
  readonly handleDomain: () => Promise<string>;
  readonly vault: PasswordVault;
  /** Of independent resources. */
  readonly clients: Clients;
  readonly tenants: ReadonlyMap<TenantId, ReconciledTenant>;
  readonly atWork: UsersAtWork;
  readonly clock: Clock;
  readonly databaseClock: DatabaseClock;
  readonly random: Random;
  readonly logger: Logger;
  readonly settings: EngineSettings;
  /** Called for every action that was tried. Must not throw. */
  readonly onStep?: ((step: StepInfo) => void) | undefined;
}

/** One action of a plan, and its outcome. */
export interface StepInfo {
  readonly action: Action;
  /** `done`, one of the other values of `Applied`, or the code of the error. */
  readonly outcome: string;
  readonly durationMs: number;
}

export interface ReconciledTenant extends TenantPolicy {
  readonly directory: Directory;
  /** The tenant whose users may be the same people. */
  readonly linkedTenant?: LinkedTenant | undefined;
}

/**
 * skipped: nothing was read, since only routine triggers named a user in sync. not-a-user, excluded: nothing was read of
 * the user; see `shortened.ts`.
 */
export type ReconciliationEnd = End | 'skipped' | 'lease-lost' | 'not-a-user' | 'excluded';

export interface ReconciliationResult {
  readonly user: UserKey;
  readonly end: ReconciliationEnd;
  readonly conditions: readonly ConditionDraft[];
  /** Actions that were carried out. */
  readonly applied: readonly Action[];
  readonly failures: readonly Failure[];
  readonly retryAt: Date | undefined;
  readonly durationMs: number;
  /** Milliseconds since the first trigger, where there was one. */
  readonly latencyMs: number | undefined;
}

/** Milliseconds after which a user is reconciled again whose linked user was being reconciled. */
const LINKED_WAIT_MS = 2_000;

/** Reconciles a user whose lease is held, and releases the lease. */
export function reconcile(deps: ReconcileDeps, lease: Lease): Promise<ReconciliationResult> {
  const whose = { 'concord.user': lease.user, 'concord.tenant': lease.tenant };
  return traced('concord.pass', whose, async (span) => {
    const held = new HeldLease(deps, lease);
    const run = (): Promise<ReconciliationResult> => held.during(() => runReconciliation(deps, held));
    const result = await deps.atWork.during(lease.user, run);
    span.annotate({ 'concord.end': result.end, 'concord.actions': result.applied.length });
    span.fail(result.failures[0]?.code);
    return result;
  });
}

async function runReconciliation(deps: ReconcileDeps, held: HeldLease): Promise<ReconciliationResult> {
  const startedAt = deps.clock.now();
  const lease = held.current;
  const reconciliation = new Reconciliation(deps, held);
  try {
    if (isUnrecorded(lease)) {
      const failures = [await quarantineUnread(deps, held)];
      return { ...withoutResult(deps, lease, 'failed', startedAt), failures };
    }
    if (await needsNoRead(deps, lease, startedAt)) return await skip(deps, lease, startedAt);
    return await reconciliation.run(startedAt);
  } catch (error) {
    if (!(error instanceof LeaseLostError)) throw error;
    // A call that outlasted the lease may have undone what another worker did since, and an event that it appended is in
    // no read model.
    if (reconciliation.hasWritten) await deps.queue.markDue([lease], deps.clock.now(), 'trigger');
    const { user } = lease;
    deps.logger.warn({ user, err: error }, 'the lease was lost; another worker takes over this user');
    return { ...withoutResult(deps, lease, 'lease-lost', startedAt), applied: reconciliation.applied };
  }
}

/** Of a reconciliation that came to no conditions. */
function withoutResult(
  { clock }: Pick<ReconcileDeps, 'clock'>,
  { user }: Lease,
  end: ReconciliationEnd,
  startedAt: Date,
): ReconciliationResult {
  const durationMs = clock.now().getTime() - startedAt.getTime();
  const nothing = { conditions: [], applied: [], failures: [], retryAt: undefined, latencyMs: undefined };
  return { user, end, ...nothing, durationMs };
}

async function skip(deps: ReconcileDeps, lease: Lease, startedAt: Date): Promise<ReconciliationResult> {
  await deps.queue.skip(lease);
  const { user, causes } = lease;
  deps.logger.debug({ user, causes }, 'a user in sync was not read after routine log entries');
  return withoutResult(deps, lease, 'skipped', startedAt);
}

class Reconciliation {
  readonly applied: Action[] = [];
  /** An action or an append was begun, whatever its outcome. */
  hasWritten = false;
  readonly #deps: ReconcileDeps;
  readonly #tenant: ReconciledTenant;
  readonly #failures: Failure[] = [];
  readonly #reserving: Reserving;
  readonly #held: HeldLease;
  #observedAt: Date | undefined;
  #linkedUser: LinkedUserLookup = NO_LINKED_USER;
  /** Nothing is done while a user that was linked into this one is being reconciled: its account may be this user's. */
  #isWaitingForLinked = false;
  /** A linked user that this one has named, and that becomes due when this reconciliation ends. */
  #named: Trigger | undefined;
  /** An append failed, but may be in the log: the next reconciliation reads the log before it appends more. */
  #isLogUncertain = false;
  /** The view from the log when the reconciliation began. */
  #known: SubjectView = UNSEEN;
  /** The newest event when the reconciliation began. */
  #newest: EventId | undefined;
  #cause: readonly EventId[];

  constructor(deps: ReconcileDeps, held: HeldLease) {
    const lease = held.current;
    const tenant = deps.tenants.get(lease.tenant);
    if (tenant === undefined) throw new Error(`the tenant ${lease.tenant} is not configured`);
    this.#deps = deps;
    this.#tenant = tenant;
    this.#held = held;
    this.#reserving = new Reserving({ ...deps, events: deps.log }, lease.user);
    this.#observedAt = lease.observedAt;
    this.#cause = lease.causes;
  }

  get #lease(): Lease {
    return this.#held.current;
  }

  async run(startedAt: Date): Promise<ReconciliationResult> {
    const { log, clock } = this.#deps;
    const { user, tenant } = this.#lease;
    const history = await log.ofUser(user);
    const journal = createJournal(
      this.#deps,
      user,
      tenant,
      withRunningCount(fold(history), this.#lease.shown),
    );
    this.#known = subjectView(journal.facts());
    this.#newest = journal.facts().newestEvent;
    const leaving = this.#leaving(journal);
    const excluded = this.#tenant.excludedBy?.(user);
    if (excluded !== undefined) return this.#left(await leaveExcluded(leaving, excluded), startedAt);
    if (journal.facts().forgotten) {
      const answer = await attempt('auth0', () => this.#tenant.directory.user(this.#lease.userId));
      if (answer.ok && this.#isNoUser(answer.value, journal))
        return this.#left(await leaveInvalid(leaving), startedAt);
      // A social login creates a user with the same id again. A user that cannot be read is left as it is.
      const isBack = answer.ok && typeof answer.value === 'object';
      if (!isBack) return this.#left(await leaveForgotten(leaving), startedAt);
    }
    const begun = await attempt('account', () => this.#reserving.begin(history, journal.facts()));
    const unfinished = failureOfTakeover(this.#lease);
    if (unfinished !== undefined) {
      this.#failures.push(unfinished);
      return this.#end(journal, undefined, startedAt, clock.now());
    }
    if (!begun.ok) this.#failures.push(begun.failure);
    const documents = await traced('concord.learn', {}, async (span) => {
      const learnt = await this.#learn(journal);
      span.fail(this.#failures[0]?.code);
      return learnt;
    });
    if (documents === 'not-a-user') return this.#left(await leaveInvalid(leaving), startedAt);
    if (documents !== undefined) await this.#transferLinked(journal, documents);
    const view = documents === undefined ? undefined : await this.#rounds(journal, documents);
    return this.#end(journal, view, startedAt, clock.now());
  }

  /** For a user that Auth0 had before, this answer is not accepted. */
  #isNoUser(answer: Auth0Answer, journal: Journal): boolean {
    return answer === 'invalid' && journal.facts().auth0 === undefined;
  }

  #leaving(journal: Journal): Leaving {
    return {
      queue: this.#deps.queue,
      lease: this.#lease,
      facts: () => journal.facts(),
      append: (...drafts) => this.#append(journal, this.#cause, ...drafts),
    };
  }

  #left(end: ReconciliationEnd, startedAt: Date): ReconciliationResult {
    this.#deps.logger.info({ user: this.#lease.user, end }, 'a reconciliation left a user unchanged');
    return withoutResult(this.#deps, this.#lease, end, startedAt);
  }

  /** Reads Auth0 and the platform handle, and logs what is new. Undefined when Auth0 could not be read. */
  async #learn(journal: Journal): Promise<Documents | 'not-a-user' | undefined> {
    const { documents, clock } = this.#deps;
    const { user, userId } = this.#lease;
    const readAt = clock.now();
    const [answer, read] = await Promise.all([
      this.#isFresh(readAt, journal)
        ? undefined
        : attempt('auth0', () => this.#tenant.directory.user(userId)),
      attempt('user-document', () => documents.read([user])),
    ]);
    if (answer !== undefined && !answer.ok) return this.#fail(answer.failure);
    if (answer?.value === 'invalid') {
      if (this.#isNoUser(answer.value, journal)) return 'not-a-user';
      return this.#fail(failureOf('auth0', invalidAfterAll()));
    }
    if (!read.ok) return this.#fail(read.failure);
    if (answer?.value === 'absent' && journal.facts().absentSince === undefined) {
      const dated = await attempt('auth0', () => requireNoPastDate(this.#deps.databaseClock));
      if (!dated.ok) return this.#fail(dated.failure);
    }
    const found = read.value.get(user);
    if (found === undefined) throw new Error('the documents of a user were asked for and not answered');
    const facts = journal.facts();
    const auth0 = answer?.value ?? facts.auth0;
    const drafts: EventDraft[] = answer === undefined ? [] : learnFromAuth0(facts, userId, answer.value);
    drafts.push(...learnHandle(facts, found.handle));
    if (auth0 !== undefined && auth0 !== 'absent') {
      const now = withAuth0(facts, auth0, readAt);
      const how = answer === undefined ? 'see' : 'ask';
      const deps = { documents, events: this.#deps.log, subjects: this.#deps.subjects };
      this.#linkedUser = await findLinkedUser(deps, this.#tenant, user, now, found, how);
      if (how === 'ask') await this.#nameSelf();
      drafts.push(...learnLinkedUser(facts, this.#linkedUser));
    }
    // A half-failed read is not fresh: the next reconciliation would treat the unknown linked user as none.
    if (answer !== undefined && this.#linkedUser.failure === undefined) this.#observedAt = readAt;
    if (drafts.length > 0) await this.#append(journal, this.#cause, ...drafts);
    return found;
  }

  async #nameSelf(): Promise<void> {
    if (typeof this.#linkedUser.seen === 'string') return;
    await this.#held.ensure();
    this.#named = await nameSelf(
      this.#deps,
      this.#tenant,
      this.#lease.user,
      this.#linkedUser.seen,
      this.#cause,
    );
  }

  /**
   * A fresh read that is newer than the last trigger is used again. A read from the future was made before the clock was set
   * back, and proves nothing about the trigger.
   */
  #isFresh(now: Date, journal: Journal): boolean {
    const { observedAt, dueLatest } = this.#lease;
    if (observedAt === undefined || dueLatest === undefined || journal.facts().auth0 === undefined)
      return false;
    if (journal.facts().absentSince !== undefined) return false;
    const ageMs = now.getTime() - observedAt.getTime();
    return observedAt > dueLatest && ageMs >= 0 && ageMs < this.#deps.settings.freshForMs;
  }

  /** Before anything is created for the user: what a user that was linked into this one has comes first. */
  async #transferLinked(journal: Journal, documents: Documents): Promise<void> {
    const { settings } = this.#deps;
    if (settings.policy.linked !== 'transfer' || this.#withheld(journal) !== undefined) return;
    const { user, tenant } = this.#lease;
    const { directory, excludedBy } = this.#tenant;
    const who = { user, tenant: { id: tenant, directory, excludedBy }, journal, documents };
    const granted = await attempt('account', () =>
      grantLinked(this.#deps, { ...who, ensureLease: () => this.#held.ensure() }),
    );
    if (!granted.ok) this.#fail(granted.failure);
    this.#isWaitingForLinked = !granted.ok || granted.value === 'again';
  }

  #fail(failure: Failure): undefined {
    this.#failures.push(failure);
    return undefined;
  }

  async #rounds(journal: Journal, first: Documents): Promise<View> {
    let documents: Documents | undefined = first;
    for (let round = 1; ; round += 1) {
      const view = await this.#observe(journal, documents);
      documents = undefined;
      this.#failures.push(...view.failures.filter((one) => !this.#failures.some(isSame(one))));
      if (round === 1) await this.#appendRecovered(journal, view);
      if (this.#isWaitingForLinked) return { ...view, retryAt: this.#soon() };
      const actions = this.#withheld(journal) === undefined ? view.actions : [];
      if (actions.length === 0 || view.documents === undefined) return view;
      // Before any action, so that a crash does not lose that something was there.
      if (round === 1) await this.#appendSeen(journal, view);
      if (round > MAX_ROUNDS) {
        const error = new Error('the plan is not empty after several rounds');
        this.#failures.push({ resource: 'account', error, code: 'NOT_SETTLED', retryAfterMs: undefined });
        return view;
      }
      const read = this.#failures.length;
      await this.#apply(journal, actions, view.documents);
      // What could not be read of an independent resource keeps nothing else from being done.
      if (this.#failures.length > read || !this.#failures.every(isOfIndependent)) {
        const after = await this.#observe(journal);
        // A step whose answer was lost may be done: log it before another step can remove its effect.
        if (!this.#isLogUncertain) await this.#appendRecovered(journal, after);
        return after;
      }
    }
  }

  #soon(): Date {
    return new Date(this.#deps.clock.now().getTime() + LINKED_WAIT_MS);
  }

  #withheld(journal: Journal): Withheld | undefined {
    const { settings, clock } = this.#deps;
    return withheld(journal.facts(), settings.policy, clock.now());
  }

  #observe(journal: Journal, documents?: Documents): Promise<View> {
    return traced('concord.observe', {}, async (span) => {
      const view = await observeUser(
        { ...this.#deps, events: this.#deps.log },
        { ...this.#tenant, id: this.#lease.tenant },
        this.#lease.user,
        { facts: journal.facts(), linkedUser: this.#linkedUser.seen, documents },
        this.#deps.clock.now(),
      );
      span.annotate({ 'concord.actions': view.actions.length });
      span.fail(view.failures[0]?.code);
      return view;
    });
  }

  async #appendSeen(journal: Journal, view: View): Promise<void> {
    const found = learnSubject(journal.facts(), view);
    if (found.length > 0) await this.#append(journal, this.#cause, ...found);
  }

  async #appendRecovered(journal: Journal, view: View): Promise<void> {
    for (const { drafts, intent } of recoverOutcomes(journal.facts(), view)) {
      await this.#append(journal, [intent], ...drafts);
    }
  }

  async #apply(journal: Journal, actions: readonly Action[], documents: Documents): Promise<void> {
    const intent = await this.#intend(journal, actions.map(intended));
    this.hasWritten = true;
    for (const action of actions) {
      if (this.#failures.some((failed) => isLeftAfter(action.resource, failed.resource))) continue;
      const context = this.#context(journal, intent);
      const startedAt = this.#deps.clock.now();
      const done = await this.#try(action, documents, context);
      if (!done.ok) this.#failures.push(done.failure);
      else if (done.value === 'applied') this.applied.push(action);
      const durationMs = this.#deps.clock.now().getTime() - startedAt.getTime();
      const outcome = done.ok ? (done.value === 'applied' ? 'done' : done.value) : done.failure.code;
      this.#deps.onStep?.({ action, outcome, durationMs });
    }
  }

  /** An earlier reconciliation intended the same and failed, and nothing was learned since: that intent is still open. */
  async #intend(journal: Journal, actions: readonly IntendedAction[]): Promise<EventId> {
    const open = this.#hasAppended(journal) ? undefined : openIntent(journal.facts(), actions);
    if (open === undefined)
      return this.#append(journal, this.#cause, { type: 'actions.intended', data: { actions } });
    this.#cause = [open];
    return open;
  }

  #hasAppended(journal: Journal): boolean {
    return journal.facts().newestEvent !== this.#newest;
  }

  #try(action: Action, read: Documents, context: ApplyContext): Promise<Attempt<Applied>> {
    const { resource, type } = action;
    const what = { 'concord.resource': resource, 'concord.action': type };
    return traced('concord.apply', what, async (span) => {
      const done: Attempt<Applied> = await attempt(resource, () =>
        applyAction(this.#deps, action, read, context),
      );
      span.fail(done.ok ? undefined : done.failure.code);
      return done;
    });
  }

  #context(journal: Journal, intent: EventId): ApplyContext {
    let cause = intent;
    return {
      user: this.#lease.user,
      now: () => this.#deps.clock.now(),
      ensureLease: () => this.#held.ensure(),
      append: async (...drafts) => {
        cause = await this.#append(journal, [cause], ...drafts);
      },
      reserve: async (values, intent = this.#deps.random.id()) => {
        await this.#held.ensure();
        return this.#reserving.reserve(values, intent);
      },
    };
  }

  /**
   * The call before may have outlasted the lease: then its new holder finds and logs what was done, and events from here
   * would date old findings as the newest.
   */
  async #append(
    journal: Journal,
    cause: readonly EventId[],
    ...drafts: readonly EventDraft[]
  ): Promise<EventId> {
    await this.#held.ensure();
    this.hasWritten = true;
    const last = await journal.append(cause, ...drafts).catch((error: unknown) => {
      this.#isLogUncertain = true;
      throw error;
    });
    this.#cause = [last];
    return last;
  }

  async #end(
    journal: Journal,
    view: View | undefined,
    startedAt: Date,
    now: Date,
  ): Promise<ReconciliationResult> {
    const { queue, random, clock, settings } = this.#deps;
    const { dueSince, user } = this.#lease;
    // Only now: a failure on the way ends the rounds, and the unknown linked user blocks nothing else.
    this.#failures.push(...failuresOf(this.#linkedUser));
    const latencyMs = dueSince === undefined ? undefined : now.getTime() - dueSince.getTime();
    if (view !== undefined && !this.#isLogUncertain) await this.#appendSeen(journal, view);
    const { end, conditions, retryAt, drafts, repeat } = endReconciliation(
      {
        facts: journal.facts(),
        view,
        withheld: this.#withheld(journal),
        failures: this.#failures,
        applied: this.applied.length,
        hasAppended: this.#hasAppended(journal),
        latencyMs: latencyMs ?? now.getTime() - startedAt.getTime(),
        now,
        jitter: random.int(1_000) / 1_000,
      },
      settings,
    );
    for (const one of drafts) await this.#append(journal, this.#cause, one);
    const shown = subjectView(repeat === undefined ? journal.facts() : withRepeat(journal.facts(), repeat));
    const waiting = { ...this.#deps, events: this.#deps.log };
    const before = [this.#known, this.#lease.shown ?? UNSEEN];
    const cause = this.#cause.at(-1);
    const frees = this.#reserving.frees(journal.facts());
    await wakeWaiting(waiting, user, before, shown, cause, frees);
    const ended = { before, shown, namedBy: journal.facts().namedBy, causes: this.#lease.causes };
    await wakeLinkedUser(this.#deps, this.#tenant, ended, cause);
    if (this.#named !== undefined) await queue.markDue([this.#named], clock.now(), 'trigger');
    const affected = await affectedBy(this.#deps.subjects, this.#lease, before, shown);
    const triggers = affected.map((one) => (cause === undefined ? one : { ...one, cause }));
    if (triggers.length > 0) await queue.markDue(triggers, clock.now(), 'trigger');
    const staysSuspect = this.#failures.some(({ resource }) => resource === 'reconciliation');
    await queue.complete(this.#lease, shown, this.#observedAt, retryAt, staysSuspect);
    // Again: another worker may have read them before the read model showed this.
    await wakeWaiting(waiting, user, before, shown, cause);
    if (triggers.length > 0) await queue.markDue(triggers, clock.now(), 'trigger');
    await this.#reserving.end(journal.facts());
    await checkWaits(waiting, this.#lease, shown, view?.others ?? []);
    const { tenant, userId } = this.#lease;
    await checkLinkedUser(this.#deps, this.#tenant, { user, userId, tenant }, before, shown);
    this.#report(end, journal, latencyMs);
    const durationMs = clock.now().getTime() - startedAt.getTime();
    return {
      user,
      end,
      conditions,
      applied: this.applied,
      failures: this.#failures,
      retryAt,
      durationMs,
      latencyMs,
    };
  }

  #report(end: ReconciliationEnd, journal: Journal, latencyMs: number | undefined): void {
    const { logger } = this.#deps;
    const { user } = this.#lease;
    for (const { resource, code, error } of this.#failures) {
      logger.warn({ user, resource, code, err: error }, 'a step of a reconciliation failed');
    }
    const { quarantined, attempts } = journal.facts();
    if (quarantined) logger.error({ user, attempts }, 'a user is quarantined after repeated failures');
    logger.info(
      { user, end, actions: this.applied.map(({ type }) => type), latencyMs },
      'a reconciliation ended',
    );
  }
}

function isSame({ resource, code }: Failure): (other: Failure) => boolean {
  return (other) => other.resource === resource && other.code === code;
}

function isOfIndependent({ resource }: Failure): boolean {
  return INDEPENDENT.some(({ name }) => name === resource);
}
