/** The alert check of `serve`, with its receivers and what the configuration makes it expect. */
import type { Db } from 'mongodb';
import { type Alerting, type AlertingDeps, createAlerting } from '../alerts/alerting.ts';
import { createProbes } from '../alerts/probes.ts';
import { createReceiver, type Receiver } from '../alerts/receiver.ts';
import type { Config } from '../config/schema.ts';
import { alertStore } from '../mongo/alerts.ts';
import { positionReader } from '../mongo/cursors.ts';
import { runs } from '../mongo/runs.ts';
import { databaseClock } from '../mongo/setup/server-clock.ts';
import { statusReader } from '../mongo/subjects/status-counts.ts';
import type { AccountReader } from '../ports/accounts.ts';
import type { Readers } from '../reconcilers/independent.ts';
import { systemClock } from './system.ts';
import type { WiredTenant } from './upstreams.ts';

interface AlertedParts extends Pick<AlertingDeps, 'events' | 'documents' | 'logger' | 'onNotice'> {
  readonly accounts: AccountReader;
  readonly clients: Readers;
  readonly tenants: readonly WiredTenant[];
  /** When this process came up. */
  readonly upSince: Date;
}

/** Undefined when no receiver is configured. */
export function alertingFor(
  db: Db,
  { alerts, schedule, pds }: Config,
  { events, documents, accounts, clients, tenants, logger, upSince, onNotice }: AlertedParts,
): Alerting | undefined {
  const { intervalMs, requestTimeoutMs: timeoutMs } = alerts;
  if (intervalMs === null) return undefined;
  const served = tenants.map(({ id }) => id);
  return createAlerting({
    ...{ events, documents, tenants: served, clock: systemClock, logger, runs: runs(db), onNotice },
    databaseClock: databaseClock(db, systemClock),
    ...{ positions: positionReader(db), silence: alerts.silence },
    ...{ store: alertStore(db), statusReader: statusReader(db, served) },
    probes: createProbes({ accounts, tenants, clients, clock: systemClock, everyMs: alerts.probeEveryMs }),
    receivers: alerts.receivers.flatMap((receiver) => receiverFor(receiver, timeoutMs)),
    expected: {
      logUnreadAfterMs: schedule.pull === null ? null : alerts.logUnreadAfterMs,
      sweepOverdueAfterMs: schedule.sweep === null ? null : alerts.sweepOverdueAfterMs,
      ...{ upSince, pdsUrl: pds.url },
    },
    settings: { ...alerts, intervalMs },
  });
}

/** None where no address is configured. One that is removed later is kept until the next start. */
function receiverFor(
  configured: Config['alerts']['receivers'][number],
  timeoutMs: number,
): readonly Receiver[] {
  const { name, format, url } = configured;
  if (url === undefined) return [];
  return [
    createReceiver({
      ...{ name, format, timeoutMs },
      get url() {
        return configured.url ?? url;
      },
    }),
  ];
}
