/** Alerts in memory, and everything that somebody looks at who tells of them. */
import { createAlerting } from '../../../src/alerts/alerting.ts';
import type { Receiver } from '../../../src/alerts/receiver.ts';
import type { Expectations, Probe } from '../../../src/alerts/system-facts.ts';
import { createLogger, type Logger } from '../../../src/logger.ts';
import type { Alert, AlertStore, Delivery } from '../../../src/ports/alerts.ts';
import type { IndexState } from '../../../src/ports/documents.ts';
import type { KeptPosition } from '../../../src/ports/runs.ts';
import type { AffectedUser } from '../../../src/ports/status-counts.ts';
import { otherTenant, tenant } from '../../mongo/subjects/people.ts';
import { type VirtualClock, virtualClock } from '../virtual-clock.ts';
import { type InMemoryEventLog, inMemoryEventLog } from './event-log.ts';
import { type InMemoryRuns, inMemoryRuns } from './runs.ts';

export const ALERT_SETTINGS = {
  intervalMs: 10_000,
  openAfterMs: 20_000,
  openAtUsers: 5,
  closeAfterMs: 60_000,
  remindAfterMs: 86_400_000,
} as const;

const HOUR_MS = 3_600_000;

export interface InMemoryAlerts extends AlertStore {
  readonly stored: ReadonlyMap<string, Alert>;
}

export function inMemoryAlerts(): InMemoryAlerts {
  const stored = new Map<string, Alert>();
  let outbox: readonly Delivery[] = [];
  const isUntold = (id: string) => outbox.some(({ notice }) => notice.cause.id === id);
  const without = ({ notice, receiver }: Delivery) =>
    outbox.filter((one) => one.notice.id !== notice.id || one.receiver !== receiver);
  return {
    stored,
    all: async () => [...stored.values()],
    async keep(alerts, deliveries) {
      for (const alert of alerts) stored.set(alert.cause.id, alert);
      outbox = [...outbox, ...deliveries];
    },
    async drop(ids) {
      for (const id of ids) {
        const alert = stored.get(id);
        if (alert !== undefined && isUntold(id)) stored.set(id, { ...alert, phase: 'closed' });
        else stored.delete(id);
      }
    },
    deliveries: async () => outbox,
    async done(delivery) {
      const { id } = delivery.notice.cause;
      outbox = without(delivery);
      if (stored.get(id)?.phase === 'closed' && !isUntold(id)) stored.delete(id);
    },
    async later(delivery, { nextAt, isRefusal }) {
      outbox = outbox.map((one) =>
        one.notice.id === delivery.notice.id && one.receiver === delivery.receiver
          ? { ...one, nextAt, tries: one.tries + 1, refusals: one.refusals + (isRefusal ? 1 : 0) }
          : one,
      );
    },
  };
}

export const FIT_INDEXES: readonly IndexState[] = [
  { collection: 'users', name: 'code_1', key: [['code', 1]], unique: true, partial: false },
  { collection: '@handles', name: 'handle_1', key: [['handle', 1]], unique: true, partial: false },
];

/** What is to be seen, for a test to change; at first all is well. */
export interface Seen {
  people: readonly AffectedUser[];
  indexes: readonly IndexState[];
  probes: readonly Probe[];
  codes: number;
  /** Milliseconds by which our clock is ahead of the database's. */
  clockAheadMs: number;
  readonly positions: Map<string, KeptPosition>;
  /** Before anything is read. */
  before: () => void;
}

export interface AlertingWorld {
  readonly clock: VirtualClock;
  readonly log: InMemoryEventLog;
  readonly runs: InMemoryRuns;
  readonly store: InMemoryAlerts;
  readonly seen: Seen;
  /** Another process, which has been up for an hour. */
  process(receivers: readonly Receiver[], logger?: Logger): ReturnType<typeof createAlerting>;
}

export function probed(upstream: Probe['upstream'], answer: Probe['answer']): Probe {
  return { upstream, tenant: upstream === 'auth0' ? tenant : undefined, answer };
}

export function alertingWorld(): AlertingWorld {
  const clock = virtualClock();
  const log = inMemoryEventLog();
  const runs = inMemoryRuns();
  const store = inMemoryAlerts();
  const well: Probe['answer'] = { type: 'well', since: new Date(0) };
  const seen: Seen = {
    people: [],
    indexes: FIT_INDEXES,
    probes: [probed('pds', well), probed('auth0', well)],
    codes: 0,
    clockAheadMs: 0,
    positions: new Map(),
    before: () => undefined,
  };
  const expected: Expectations = {
    logUnreadAfterMs: 2 * HOUR_MS,
    sweepOverdueAfterMs: 26 * HOUR_MS,
    upSince: new Date(clock.now().getTime() - HOUR_MS),
    pdsUrl: 'https://pds.test',
  };
  return {
    clock,
    log,
    runs,
    store,
    seen,
    process: (receivers, logger = createLogger({ level: 'silent' })) =>
      createAlerting({
        ...{ store, runs, clock, logger, expected, receivers, events: log },
        tenants: [tenant, otherTenant],
        settings: ALERT_SETTINGS,
        silence: { leastMs: HOUR_MS, mostMs: 24 * HOUR_MS },
        positions: { read: async (name) => seen.positions.get(name) },
        databaseClock: { aheadMs: async () => seen.clockAheadMs },
        probes: { ask: async () => undefined, answers: () => seen.probes },
        statusReader: {
          affected: async () => {
            seen.before();
            return seen.people;
          },
        },
        documents: { indexes: async () => seen.indexes, codesInYear: async () => seen.codes },
      }),
  };
}
