/**
 * What the engine reports while it works, for the metrics. A listener must not throw. The core knows
 * these types and no metrics library.
 */

import type { IngestResult } from '../engine/intake/ingest.ts';
import type { PullResult } from '../engine/intake/pull.ts';
import type { ReconciliationResult, StepInfo } from '../engine/reconcile/reconcile.ts';
import type { Upstream } from '../errors.ts';
import type { EventType } from '../events/event.ts';
import type { IgnoredCounts } from '../events/ignored.ts';
import type { TenantId } from '../identity.ts';
import type { NoticeOutcome } from '../ports/alerts.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { Lease } from '../ports/queue.ts';
import type { CallInfo } from '../upstream/guarded-fetch.ts';

/** What the engine reports. */
export interface EngineObserver {
  onAppend(type: EventType, isNew: boolean): void;
  /** `tenant` is undefined for the PDS, which all of them share. */
  onCall(upstream: Upstream, tenant: TenantId | undefined, call: CallInfo): void;
  onStep(step: StepInfo): void;
  /** A code of Auth0's log that this version does not know came for the first time. */
  onUnknownCode(tenant: TenantId): void;
  /** A receiver of alerts took a notice or did not, or the notice was given up. */
  onNotice(receiver: string, outcome: NoticeOutcome): void;
}

/** What the service around the engine reports. */
export interface ServiceObserver {
  onReconciliation(lease: Lease, result: ReconciliationResult): void;
  onBrokenReconciliation(lease: Lease, durationMs: number): void;
  onIngest(tenant: TenantId, result: IngestResult): void;
  onPull(tenant: TenantId, result: PullResult): void;
  /** Another process read the log last, and reports how it stands. */
  onPulledElsewhere(tenant: TenantId): void;
  /** Entries that concern no user, from the change stream. Those of the results above are not reported here. */
  onIgnored(tenant: TenantId, source: 'database', counts: IgnoredCounts): void;
  onSweepProgress(tenant: TenantId, users: number, drifted: number): void;
  /** The number of connections that are open now. */
  onConnections(open: number): void;
  onConnectionRefused(): void;
  /** `route` is null where there is none. */
  onAnswer(method: string, route: string | null, status: number, durationMs: number): void;
}

/** The log; it reports every event that was appended or was already there. */
export function observedLog(log: EventLog, onAppend: EngineObserver['onAppend']): EventLog {
  return {
    ofUser: (user, by) => log.ofUser(user, by),
    read: (query) => log.read(query),
    append: async (events) => {
      const result = await log.append(events);
      const known = new Set(result.duplicates);
      for (const { _id, type } of events) onAppend(type, !known.has(_id));
      return result;
    },
  };
}
