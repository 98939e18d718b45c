/**
 * A batch of delivered items -> the event log, then the queue, then the rejects and the totals of ignored entries.
 *
 * The order is the guarantee: an entry is acknowledged only when it is in the log and its user is due. After a crash
 * between the two, redelivery fixes it, because a duplicate marks its user due again. Any failure here fails the whole
 * call, and the sender delivers the batch again; the content of a single entry never does.
 *
 * A large batch is several small ones, one after another: memory and the size of a write do not grow with it, and other
 * requests are answered meanwhile. What is kept of entries that cannot be read has a limit (kept-rejects.ts).
 */

import type { ReceivedEvent } from '../../events/event.ts';
import { addIgnored, countIgnored, type IgnoredCounts } from '../../events/ignored.ts';
import type { EventId, TenantId, UserKey } from '../../identity.ts';
import type { Clock } from '../../ports/clock.ts';
import type { EventLog } from '../../ports/event-log.ts';
import type { IgnoredTotals, Rejects } from '../../ports/intake.ts';
import type { WorkQueue } from '../../ports/queue.ts';
import type { DuePriority, Trigger } from '../../ports/trigger.ts';
import { logSource } from './auth0-log.ts';
import { isDocumented } from './auth0-log-codes.ts';
import { cutRaw, type LogTenant, type Source } from './delivered.ts';
import { KeptRejects } from './kept-rejects.ts';
import { redactedLine } from './redact.ts';
import { Slices } from './slices.ts';

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

/** A delivered item that is not even an entry, such as a broken line; or the number of those beyond a limit. */
export type UnreadableEntry =
  | { readonly reason: string; readonly raw: string }
  | { readonly reason: string; readonly count: number };

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

/** Entries that are appended at once. */
const CHUNK = 1_000;

/** What one chunk leads to. */
interface Sorted {
  readonly events: Map<EventId, ReceivedEvent>;
  readonly triggers: Map<UserKey, { readonly trigger: Trigger; readonly at: Date }>;
  doubles: number;
}

/** The totals of a batch. */
interface Totals {
  accepted: number;
  duplicates: number;
  ignoredFor: IgnoredCounts;
  readonly rejects: KeptRejects;
  readonly unknownCodes: Set<string>;
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
  const rejects = new KeptRejects(tenant.id, now);
  const totals: Totals = { accepted: 0, duplicates: 0, ignoredFor: {}, rejects, unknownCodes: new Set() };
  const slices = new Slices();
  for (let from = 0; from < entries.length; from += CHUNK) {
    const chunk = entries.slice(from, from + CHUNK);
    await store(deps, await sort(deps, tenant, chunk, source, now, totals, slices), now, totals);
  }
  for (const one of unreadable) {
    if ('count' in one) rejects.addCounted(one.reason, one.count);
    else rejects.add(one.reason, () => cutRaw(redactedLine(one.raw)));
  }
  const kept = rejects.all();
  if (kept.length > 0) await deps.rejects.add(kept);
  const { accepted, duplicates, ignoredFor, unknownCodes } = totals;
  const ignored = countIgnored(ignoredFor);
  // Last, since a failed delivery is counted again when it is repeated.
  if (ignored > 0) await deps.ignored.add(tenant.id, ignoredFor, now);
  if (unknownCodes.size > 0) await deps.onUnknownCodes?.(tenant.id, unknownCodes);
  return { accepted, duplicates, ignored, ignoredFor, rejected: rejects.count };
}

async function sort(
  { keepUnrelated = false }: IngestDeps,
  tenant: LogTenant,
  entries: readonly unknown[],
  source: Source,
  receivedAt: Date,
  totals: Totals,
  slices: Slices,
): Promise<Sorted> {
  const sorted: Sorted = { events: new Map(), triggers: new Map(), doubles: 0 };
  const ignoredFor: { -readonly [Reason in keyof IgnoredCounts]: number } = {};
  for (const entry of entries) {
    const translation = source.translate(entry, tenant, receivedAt, keepUnrelated);
    switch (translation.type) {
      case 'accepted':
        add(sorted, translation.event, translation.trigger);
        break;
      case 'ignored':
        ignoredFor[translation.reason] = (ignoredFor[translation.reason] ?? 0) + 1;
        break;
      case 'rejected':
        totals.rejects.add(translation.reason, () => translation.raw);
        break;
    }
    if (slices.isUsedUp) await slices.next();
  }
  totals.ignoredFor = addIgnored(totals.ignoredFor, ignoredFor);
  return sorted;
}

async function store(
  deps: IngestDeps,
  { events, triggers, doubles }: Sorted,
  now: Date,
  totals: Totals,
): Promise<void> {
  totals.duplicates += doubles;
  if (events.size === 0) return;
  const appended = [...events.values()];
  const result = await deps.log.append(appended);
  totals.accepted += result.appended;
  totals.duplicates += result.duplicates.length;
  const due = [...triggers.values()].map(({ trigger }) => trigger);
  if (due.length > 0) await deps.queue.markDue(due, now, deps.priority ?? 'trigger');
  for (const { type, data } of appended)
    if (type === 'auth0.log-received' && !isDocumented(data.code)) totals.unknownCodes.add(data.code);
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
