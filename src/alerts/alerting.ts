/**
 * Checks the whole system every few seconds, and at once after a failure, and notifies the receivers.
 *
 * One process does so at a time, by a lease. Its state is in the database, so that a restart neither repeats nor
 * forgets an alert, and other processes can see when the last check was. Notifying never delays checking, and neither
 * delays a reconciliation.
 */
import { type TenantStateDeps, tenantStates } from '../engine/reports/tenant-state.ts';
import { LeaseLostError, type UsageError } from '../errors.ts';
import type { TenantId } from '../identity.ts';
import type { Logger } from '../logger.ts';
import type { AlertStore } from '../ports/alerts.ts';
import { CAUSE_KINDS, type Cause, type CheckResult, type Notice } from '../ports/alerts.ts';
import type { Clock, DatabaseClock } from '../ports/clock.ts';
import { clockDifference } from '../ports/clock-agreement.ts';
import type { DocumentReader } from '../ports/documents.ts';
import type { RunLease, Runs } from '../ports/runs.ts';
import type { StatusReader } from '../ports/status-counts.ts';
import { CODES_A_YEAR, codePrefix } from '../reconcilers/document/code.ts';
import { createNoticeSender, type DeliveryDeps, type NoticeSender } from './delivery.ts';
import { detect } from './detect.ts';
import { noticeText } from './notice.ts';
import { createOutage, type Outage } from './outage.ts';
import type { Probes } from './probes.ts';
import type { Receiver } from './receiver.ts';
import { type AlertSettings, step } from './step.ts';
import type { Expectations, Probe, SystemFacts } from './system-facts.ts';

export interface AlertingDeps extends TenantStateDeps {
  readonly store: AlertStore;
  readonly statusReader: Pick<StatusReader, 'affected'>;
  readonly documents: Pick<DocumentReader, 'indexes' | 'codesInYear'>;
  readonly runs: Runs;
  readonly probes: Probes;
  readonly receivers: readonly Receiver[];
  readonly tenants: readonly TenantId[];
  readonly clock: Clock;
  readonly databaseClock: DatabaseClock;
  readonly logger: Logger;
  readonly expected: Expectations;
  readonly onNotice?: DeliveryDeps['onNotice'];
  readonly settings: AlertSettings & {
    /** Milliseconds between two checks. */
    readonly intervalMs: number;
  };
}

/** The name of the lease; its position has the time of the last check. */
export const ALERTING_RUN = 'alerts';
/** At most so many users are examined; more rarely have other causes. */
export const MAX_TROUBLED = 10_000;
/** The checking process may die, and the next one should not wait for long. */
const LEASE_MS = 30_000;
/** A failure that repeats a hundred times a second causes one check. */
const LEAST_PAUSE_MS = 1_000;
const COUNT_CODES_EVERY_MS = 600_000;

export interface Alerting {
  /** Checks until the signal aborts. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** Something failed: check sooner. */
  soon(): void;
  /** The database cannot be read yet. */
  cannotCheck(error: unknown): void;
  /** The keys do not open the stored passwords. Resolves when the reachable receivers are notified. Never rejects. */
  cannotStart(error: UsageError): Promise<void>;
}

export function createAlerting(deps: AlertingDeps): Alerting {
  const check = new AlertCheck(deps);
  let wakeUp = new AbortController();
  return {
    soon: () => wakeUp.abort(),
    cannotCheck: (error) => check.outage.failed(error),
    cannotStart: (error) =>
      check
        .cannotStart(error)
        .catch((err: unknown) =>
          deps.logger.warn({ err }, 'no receiver was notified that the service does not start'),
        ),
    async run(signal) {
      signal.addEventListener('abort', () => wakeUp.abort());
      while (!signal.aborted) {
        wakeUp = new AbortController();
        await check.once();
        const leastMs = Math.min(LEAST_PAUSE_MS, deps.settings.intervalMs);
        await deps.clock.delay(leastMs, signal);
        if (!signal.aborted) await deps.clock.delay(deps.settings.intervalMs - leastMs, wakeUp.signal);
      }
      await check.end();
    },
  };
}

class AlertCheck {
  readonly outage: Outage;
  readonly #deps: AlertingDeps;
  readonly #sender: NoticeSender;
  #lease: RunLease | undefined;
  #told: Promise<unknown> = Promise.resolve();
  #readableSince: Date | undefined;
  #codes: { readonly prefix: string; readonly used: number; readonly atMs: number } | undefined;

  constructor(deps: AlertingDeps) {
    this.#deps = deps;
    this.#sender = createNoticeSender(deps);
    this.outage = createOutage(deps);
  }

  async once(): Promise<void> {
    const { logger, clock, receivers } = this.#deps;
    try {
      if (!(await this.#isOurs())) {
        this.outage.passed();
        return;
      }
      this.#readableSince ??= clock.now();
      await this.#check();
      this.outage.passed();
    } catch (err) {
      if (err instanceof LeaseLostError) {
        this.#lease = undefined;
        return;
      }
      this.#readableSince = undefined;
      this.outage.failed(err);
      logger.error({ err }, 'the check for alerts failed; trying again');
    }
    if (receivers.length > 0) this.#told = Promise.all([this.#told, this.#sender.run()]);
  }

  /** Releases the lease, and waits for running notifications. */
  async end(): Promise<void> {
    const { runs, logger } = this.#deps;
    await Promise.all([this.#told, this.outage.told()]);
    if (this.#lease === undefined) return;
    await runs
      .end(this.#lease, 'broken-off')
      .catch((err: unknown) =>
        logger.warn({ err }, 'the lease on alerting could not be released; it expires'),
      );
  }

  async #isOurs(): Promise<boolean> {
    const { runs, clock } = this.#deps;
    const now = clock.now();
    if (this.#lease === undefined) {
      const lease = await runs.begin(ALERTING_RUN, now, this.#leaseMs());
      if ('heldUntil' in lease) return false;
      this.#lease = lease;
    }
    await runs.keep(this.#lease, now, this.#leaseMs(), now.toISOString());
    return true;
  }

  #leaseMs(): number {
    return Math.max(LEASE_MS, this.#deps.settings.intervalMs * 3);
  }

  async #check(): Promise<void> {
    const { probes, clock, expected, runs } = this.#deps;
    await probes.ask();
    const facts = await this.#facts();
    const now = clock.now();
    // The probes may have taken longer than the lease.
    if (this.#lease !== undefined) await runs.keep(this.#lease, now, this.#leaseMs(), now.toISOString());
    await this.#take(detect(facts, expected, now), now);
  }

  /** Sent with or without the lease. A supervisor that restarts the service again and again does not repeat it. */
  async cannotStart({ message, code }: UsageError): Promise<void> {
    const now = this.#deps.clock.now();
    const isUnset = code === 'CREDENTIAL_STORAGE_UNSET';
    const cause: Cause = {
      id: isUnset ? 'credentials-refused:storage' : 'credentials-refused:sealing-keys',
      ...{ kind: 'credentials-refused', tenant: undefined },
      ...{
        what: `The service does not start. ${message}`,
        users: undefined,
        orMore: false,
        example: undefined,
      },
      command: isUnset ? 'concord doctor' : 'concord credentials reseal --dry-run',
      ...{ since: now, isSettled: true },
    };
    await this.#take({ causes: [cause], blind: CAUSE_KINDS }, now);
    await this.#sender.run();
  }

  async #take(result: CheckResult, now: Date): Promise<void> {
    const { store, settings, receivers } = this.#deps;
    const { changed, gone, notices } = step(await store.all(), result, now, settings);
    for (const notice of notices) this.#log(notice);
    const deliveries = notices.flatMap((notice) =>
      receivers.map(({ name }) => ({ notice, receiver: name, tries: 0, refusals: 0, nextAt: now })),
    );
    await store.keep(changed, deliveries);
    const closed = changed.filter(({ phase }) => phase === 'closed' && receivers.length === 0);
    await store.drop([...gone, ...closed.map(({ cause }) => cause.id)]);
  }

  async #facts(): Promise<SystemFacts> {
    const { statusReader, documents, tenants, probes } = this.#deps;
    const [people, states, indexes, codes, clockAheadMs] = await Promise.all([
      statusReader.affected(MAX_TROUBLED),
      tenantStates(this.#deps, tenants, this.#deps.clock.now()),
      documents.indexes(),
      this.#countCodes(),
      clockDifference(this.#deps.databaseClock),
    ]);
    const isPartial = people.length >= MAX_TROUBLED;
    return {
      ...{ people, isPartial, tenants: states, indexes, codes, clockAheadMs },
      probes: [...probes.answers(), this.#database()],
    };
  }

  /** It answers, or there would be no check. */
  #database(): Probe {
    const since = this.#readableSince ?? this.#deps.clock.now();
    return { upstream: 'mongodb', tenant: undefined, answer: { type: 'well', since } };
  }

  async #countCodes(): Promise<SystemFacts['codes']> {
    const now = this.#deps.clock.now();
    const prefix = codePrefix(now);
    const known = this.#codes;
    const isFresh =
      known?.prefix === prefix &&
      now.getTime() - known.atMs < COUNT_CODES_EVERY_MS &&
      known.used < CODES_A_YEAR;
    if (!isFresh)
      this.#codes = { prefix, used: await this.#deps.documents.codesInYear(prefix), atMs: now.getTime() };
    return this.#codes;
  }

  #log(notice: Notice): void {
    const { type, id, cause, opening } = notice;
    const { kind, tenant, users, example, command } = cause;
    const fields = { alert: opening, notice: id, cause: cause.id, kind, tenant, users, example, command };
    const text = { ...fields, what: noticeText(notice) };
    if (type === 'closed') this.#deps.logger.info(text, 'an alert is closed');
    else if (type === 'opened') this.#deps.logger.error(text, 'an alert is open');
    else this.#deps.logger.error(text, 'an alert is still open');
  }
}
