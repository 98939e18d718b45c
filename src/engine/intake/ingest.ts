/**
 * A batch of delivered items -> the event log, then the queue, then the rejects and the totals of ignored entries.
 *
 * The order is the guarantee: an entry is acknowledged only when it is in the log and its user is due. After a crash
 * between the two, redelivery fixes it, because a duplicate marks its user due again. Any failure here fails the whole
 * call, and the sender delivers the batch again; the content of a single entry never does.
 */

import { addIgnored, countIgnored, type IgnoredCounts } from '../../events/ignored.ts';
import type { EventId, TenantId, UserKey } from '../../identity.ts';
import type { Clock } from '../../ports/clock.ts';
import type { EventLog } from '../../ports/event-log.ts';
import type { IgnoredTotals, Reject, Rejects } from '../../ports/intake.ts';
import type { WorkQueue } from '../../ports/queue.ts';
import type { DuePriority, Trigger } from '../../ports/trigger.ts';
import { logSource } from './auth0-log.ts';
import { isDocumented } from './auth0-log-codes.ts';
import { cutRaw, type LogTenant, type ReceivedEvent, type Source, type Translation } from './delivered.ts';
import { redactedLine } from './redact.ts';

export interface IngestDeps {
  readonly log: Pick<EventLog, 'append'>;
  readonly rejects: Rejects;
  readonly ignored: Pick<IgnoredTotals, 'add'>;
  readonly queue: Pick<WorkQueue, 'markDue'>;
  readonly clock: Pick<Clock, 'now'>;
  /** Priority of the users who become due. Default `trigger`. */
  readonly priority?: DuePriority;
  /** Keeps entries that concern no user too. Default false: they are counted as ignored. */
  readonly keepUnrelated?: boolean;
  /** Called with the codes of log entries that Auth0 does not document, when everything is durable. Must not throw. */
  readonly onUnknownCodes?: ((tenant: TenantId, codes: ReadonlySet<string>) => Promise<void>) | undefined;
}

/** A delivered item that is not even an entry, such as a broken line. */
export interface UnreadableEntry {
  readonly reason: string;
  readonly raw: string;
}

export interface IngestResult {
  readonly accepted: number;
  /** Entries that were in the log already, or twice in this batch. */
  readonly duplicates: number;
  /** Entries that concern no user. */
  readonly ignored: number;
  /** The same, by reason. */
  readonly ignoredFor: IgnoredCounts;
  /** Entries kept as rejects because they could not be read. */
  readonly rejected: number;
}

interface Sorted {
  readonly events: Map<EventId, ReceivedEvent>;
  readonly triggers: Map<UserKey, { readonly trigger: Trigger; readonly at: Date }>;
  /** By reason and raw text: the same reject is kept once. */
  readonly rejects: Map<string, Reject>;
  doubles: number;
  ignoredFor: IgnoredCounts;
  rejected: number;
}

/**
 * Entries of the log, unless another source is given. Returns when everything is durable. May be repeated with the same
 * entries at any time. Throws UpstreamError when the log, the queue or the rejects cannot be written.
 */
export async function ingest(
  deps: IngestDeps,
  tenant: LogTenant,
  entries: readonly unknown[],
  unreadable: readonly UnreadableEntry[] = [],
  source: Source = logSource,
): Promise<IngestResult> {
  const now = deps.clock.now();
  const translations = entries.map((entry) =>
    source.translate(entry, tenant, now, deps.keepUnrelated ?? false),
  );
  const { events, triggers, rejects, doubles, ignoredFor, rejected } = sort(
    tenant,
    translations,
    unreadable,
    now,
  );
  let accepted = 0;
  let duplicates = doubles;
  if (events.size > 0) {
    const result = await deps.log.append([...events.values()]);
    accepted = result.appended;
    duplicates += result.duplicates.length;
    const due = [...triggers.values()].map(({ trigger }) => trigger);
    if (due.length > 0) await deps.queue.markDue(due, now, deps.priority ?? 'trigger');
  }
  if (rejects.size > 0) await deps.rejects.add([...rejects.values()]);
  const ignored = countIgnored(ignoredFor);
  // Last, since a failed delivery is counted again when it is repeated.
  if (ignored > 0) await deps.ignored.add(tenant.id, ignoredFor, now);
  const unknown = unknownCodes([...events.values()]);
  if (unknown.size > 0) await deps.onUnknownCodes?.(tenant.id, unknown);
  return { accepted, duplicates, ignored, ignoredFor, rejected };
}

function unknownCodes(events: readonly ReceivedEvent[]): ReadonlySet<string> {
  return new Set(
    events.flatMap(({ type, data }) =>
      type === 'auth0.log-received' && !isDocumented(data.code) ? [data.code] : [],
    ),
  );
}

function sort(
  tenant: LogTenant,
  translations: readonly Translation[],
  unreadable: readonly UnreadableEntry[],
  receivedAt: Date,
): Sorted {
  const sorted: Sorted = {
    events: new Map(),
    triggers: new Map(),
    rejects: new Map(),
    doubles: 0,
    ignoredFor: {},
    rejected: 0,
  };
  for (const translation of translations) {
    switch (translation.type) {
      case 'accepted':
        add(sorted, translation.event, translation.trigger);
        break;
      case 'ignored':
        sorted.ignoredFor = addIgnored(sorted.ignoredFor, { [translation.reason]: 1 });
        break;
      case 'rejected':
        reject(sorted, { tenant: tenant.id, reason: translation.reason, raw: translation.raw, receivedAt });
        break;
    }
  }
  for (const { reason, raw } of unreadable) {
    reject(sorted, { tenant: tenant.id, reason, raw: cutRaw(redactedLine(raw)), receivedAt });
  }
  return sorted;
}

function add(sorted: Sorted, event: ReceivedEvent, trigger: Trigger | undefined): void {
  if (sorted.events.has(event._id)) sorted.doubles += 1;
  else sorted.events.set(event._id, event);
  if (trigger === undefined) return;
  // Entries are in no order, so the newest cause is the one with the latest date.
  const known = sorted.triggers.get(trigger.user);
  const newest = known === undefined || event.at >= known.at ? { trigger, at: event.at } : known;
  // A trigger that may mean a change wins, wherever it is in the batch.
  const isChanged = trigger.isRoutine !== true || (known !== undefined && known.trigger.isRoutine !== true);
  sorted.triggers.set(trigger.user, isChanged ? { ...newest, trigger: changing(newest.trigger) } : newest);
}

function changing({ user, tenant, userId, cause }: Trigger): Trigger {
  return cause === undefined ? { user, tenant, userId } : { user, tenant, userId, cause };
}

function reject(sorted: Sorted, rejected: Reject): void {
  sorted.rejected += 1;
  sorted.rejects.set(`${rejected.reason}\n${rejected.raw}`, rejected);
}
