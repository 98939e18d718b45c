/**
 * Looks at the whole every few seconds, and at once when something went wrong, and tells whoever is to be told.
 *
 * One process does so at a time, by a lease; what it knows is in the database, so that a restart neither repeats
 * nor forgets, and that somebody looks at all can be seen from outside. Telling never holds up looking, and
 * neither holds up a pass.
 */
import { type TenantStateDeps, tenantStates } from '../engine/reports/tenant-state.ts';
import { LeaseLostError, type UsageError } from '../errors.ts';
import type { TenantId } from '../identity.ts';
import type { Logger } from '../logger.ts';
import type { AlertStore } from '../ports/alerts.ts';
import { CAUSE_KINDS, type Cause, type Notice, type Sighting } from '../ports/alerts.ts';
import type { Clock } from '../ports/clock.ts';
import type { DocumentReader } from '../ports/documents.ts';
import type { RunLease, Runs } from '../ports/runs.ts';
import type { StandingReader } from '../ports/standings.ts';
import { CODES_A_YEAR, codePrefix } from '../reconcilers/document/code.ts';
import { createTelling, type Telling } from './delivery.ts';
import { detect } from './detect.ts';
import { noticeText } from './notice.ts';
import { createOutage, type Outage } from './outage.ts';
import type { Probes } from './probes.ts';
import type { Receiver } from './receiver.ts';
import { type AlertSettings, step } from './step.ts';
import type { Expectations, Probe, SystemFacts } from './system-facts.ts';

export interface AlertingDeps extends TenantStateDeps {
  readonly store: AlertStore;
  readonly standings: Pick<StandingReader, 'troubled'>;
  readonly documents: Pick<DocumentReader, 'indexes' | 'codesInYear'>;
  readonly runs: Runs;
  readonly probes: Probes;
  readonly receivers: readonly Receiver[];
  readonly tenants: readonly TenantId[];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly expected: Expectations;
  readonly settings: AlertSettings & {
    /** Milliseconds between two looks. */
    readonly intervalMs: number;
  };
}

/** Whose lease it is, and with what position the last look is kept. */
export const ALERTING_RUN = 'alerts';
/** Of so many the causes are told; more than that have no other ones, as a rule. */
export const MAX_TROUBLED = 10_000;
/** Whoever looks dies now and then, and the next one is not to wait for long. */
const LEASE_MS = 30_000;
/** Something that goes wrong a hundred times a second is looked at once. */
const LEAST_PAUSE_MS = 1_000;
const COUNT_CODES_EVERY_MS = 600_000;

export interface Alerting {
  /** Looks until the signal aborts. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** Something went wrong: look sooner. */
  soon(): void;
  /** The database cannot be looked at yet. */
  cannotLook(error: unknown): void;
  /** The keys are not those of the stored passwords. Resolves when whoever can be told has been. Never rejects. */
  cannotStart(error: UsageError): Promise<void>;
}

export function createAlerting(deps: AlertingDeps): Alerting {
  const looking = new Looking(deps);
  let wakeUp = new AbortController();
  return {
    soon: () => wakeUp.abort(),
    cannotLook: (error) => looking.outage.failed(error),
    cannotStart: (error) =>
      looking
        .cannotStart(error)
        .catch((err: unknown) =>
          deps.logger.warn({ err }, 'that the service does not start was told in the log alone'),
        ),
    async run(signal) {
      signal.addEventListener('abort', () => wakeUp.abort());
      while (!signal.aborted) {
        wakeUp = new AbortController();
        await looking.once();
        const leastMs = Math.min(LEAST_PAUSE_MS, deps.settings.intervalMs);
        await deps.clock.delay(leastMs, signal);
        if (!signal.aborted) await deps.clock.delay(deps.settings.intervalMs - leastMs, wakeUp.signal);
      }
      await looking.end();
    },
  };
}

class Looking {
  readonly outage: Outage;
  readonly #deps: AlertingDeps;
  readonly #telling: Telling;
  #lease: RunLease | undefined;
  #told: Promise<unknown> = Promise.resolve();
  #readableSince: Date | undefined;
  #codes: { readonly prefix: string; readonly used: number; readonly atMs: number } | undefined;

  constructor(deps: AlertingDeps) {
    this.#deps = deps;
    this.#telling = createTelling(deps);
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
      await this.#look();
      this.outage.passed();
    } catch (err) {
      if (err instanceof LeaseLostError) {
        this.#lease = undefined;
        return;
      }
      this.#readableSince = undefined;
      this.outage.failed(err);
      logger.error({ err }, 'what is wrong could not be looked at; trying again');
    }
    if (receivers.length > 0) this.#told = Promise.all([this.#told, this.#telling.run()]);
  }

  /** Gives the lease to whoever comes next, and waits for who is just being told. */
  async end(): Promise<void> {
    const { runs, logger } = this.#deps;
    await Promise.all([this.#told, this.outage.told()]);
    if (this.#lease === undefined) return;
    await runs
      .end(this.#lease, 'broken-off')
      .catch((err: unknown) => logger.warn({ err }, 'the lease on alerting is kept, and runs out'));
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

  async #look(): Promise<void> {
    const { probes, clock, expected, runs } = this.#deps;
    await probes.ask();
    const facts = await this.#facts();
    const now = clock.now();
    // Asking may have taken longer than the lease.
    if (this.#lease !== undefined) await runs.keep(this.#lease, now, this.#leaseMs(), now.toISOString());
    await this.#take(detect(facts, expected, now), now);
  }

  /** Told by whoever notices, lease or not; a supervisor that starts it again and again does not tell it again. */
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
    await this.#telling.run();
  }

  async #take(sighting: Sighting, now: Date): Promise<void> {
    const { store, settings, receivers } = this.#deps;
    const { changed, gone, notices } = step(await store.all(), sighting, now, settings);
    for (const notice of notices) this.#log(notice);
    const deliveries = notices.flatMap((notice) =>
      receivers.map(({ name }) => ({ notice, receiver: name, tries: 0, nextAt: now })),
    );
    await store.keep(changed, deliveries);
    const closed = changed.filter(({ phase }) => phase === 'closed' && receivers.length === 0);
    await store.drop([...gone, ...closed.map(({ cause }) => cause.id)]);
  }

  async #facts(): Promise<SystemFacts> {
    const { standings, documents, tenants, probes } = this.#deps;
    const [people, states, indexes, codes] = await Promise.all([
      standings.troubled(MAX_TROUBLED),
      tenantStates(this.#deps, tenants, this.#deps.clock.now()),
      documents.indexes(),
      this.#countCodes(),
    ]);
    const isPartial = people.length >= MAX_TROUBLED;
    return {
      ...{ people, isPartial, tenants: states, indexes, codes },
      probes: [...probes.answers(), this.#database()],
    };
  }

  /** It answers, or nothing would be looked at. */
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
