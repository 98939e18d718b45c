/**
 * Turns what Auth0 delivers, in any shape, into an event: the raw text as one string, a plausible time, and the
 * user. Only the source knows what its fields mean.
 */

import type { ReceivedEvent } from '../../events/event.ts';
import type { IgnoreReason } from '../../events/ignored.ts';
import type { KeySpace } from '../../exclusion.ts';
import { type Auth0UserId, eventId, userKey } from '../../identity.ts';
import type { Trigger } from '../../ports/trigger.ts';
import type { DeletionHint } from './auth0-subject.ts';
import { redactedJson } from './redact.ts';

/** The tenant that a delivery came from, as far as a delivery needs it. */
export interface LogTenant extends KeySpace {
  /** Prefixes of the other tenants in this database: a key that begins with one of these is a user of theirs. */
  readonly otherPrefixes?: readonly string[];
}

/** A delivered item, before it is an event of a tenant. */
export type Reading =
  | {
      readonly type: 'about-user';
      /** Unique in its tenant. */
      readonly id: string;
      /** The type of what happened, as Auth0 names it. */
      readonly name: string;
      readonly userId: Auth0UserId;
      readonly hint: DeletionHint;
      /** It reports no change that Concord acts on; see auth0-log-codes.ts. */
      readonly isRoutine: boolean;
      /** Undefined when missing or unreadable. */
      readonly date: Date | undefined;
    }
  | {
      readonly type: 'unrelated';
      readonly reason: IgnoreReason;
      readonly id: string;
      readonly name: string;
      readonly date: Date | undefined;
    }
  | { readonly type: 'rejected'; readonly reason: string };

export type Translation =
  | {
      readonly type: 'accepted';
      readonly event: ReceivedEvent;
      /** Undefined for an entry that concerns no user and is kept anyway. */
      readonly trigger: Trigger | undefined;
    }
  | { readonly type: 'ignored'; readonly reason: IgnoreReason }
  | { readonly type: 'rejected'; readonly reason: string; readonly raw: string };

/** Pure; never throws. Ignores entries of no user unless `keepUnrelated` is set, and always those of an excluded user. */
export type Translate = (
  value: unknown,
  tenant: LogTenant,
  receivedAt: Date,
  keepUnrelated?: boolean,
) => Translation;

/** What delivers. The log is delivered by a log stream, and read from Auth0 where no stream delivered it. */
export interface Source {
  readonly kind: 'log' | 'event-stream';
  readonly translate: Translate;
}

/** How the items of a source are written. */
export interface ItemFormat {
  /** The word for one item in messages, such as `entry`. */
  readonly noun: string;
  /** Checks the fields that are needed. A reason names the field and what is wrong, never the value. */
  read(value: unknown): Reading;
  /** Replaces an item that cannot be stored; has its id, so that it can be requested again. */
  standIn(value: unknown): Readonly<Record<string, string>>;
  eventOf(common: Common, reading: Readable, hint: DeletionHint, raw: string): ReceivedEvent;
}

export type Readable = Exclude<Reading, { type: 'rejected' }>;
export type Common = Omit<ReceivedEvent, 'type' | 'data'>;

/** Bytes of one entry: hundreds of times the usual size, and far below the 16 MiB of a MongoDB document. */
export const MAX_ENTRY_BYTES = 256 * 1024;
/** Characters of a reject that are kept: enough to identify it. */
export const MAX_REJECT_RAW_LENGTH = 64 * 1024;
/** How far Auth0's clock may be ahead of ours before its date is ignored. */
const MAX_CLOCK_AHEAD_MS = 5 * 60 * 1000;
/** No tenant is older than Auth0's first year, so an earlier date is wrong. */
const EARLIEST_MS = Date.UTC(2012, 0, 1);
/** Without a zone the date would be read as this machine's local time. */
const ISO_DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)$/;

export function translatorOf(format: ItemFormat): Translate {
  return (value, tenant, receivedAt, keepUnrelated = false) => {
    const reading = format.read(value);
    const standIn = () => JSON.stringify({ unwritable: true, ...format.standIn(value) });
    if (reading.type === 'rejected') {
      return { type: 'rejected', reason: reading.reason, raw: cutRaw(rawText(value) ?? standIn()) };
    }
    if (reading.type === 'unrelated' && !keepUnrelated) return { type: 'ignored', reason: reading.reason };
    const raw = rawText(value);
    if (raw === undefined) {
      const reason = `the ${format.noun} is nested too deeply to be kept`;
      return { type: 'rejected', reason, raw: standIn() };
    }
    if (isOverBytes(raw, MAX_ENTRY_BYTES)) {
      const reason = `the ${format.noun} is larger than ${MAX_ENTRY_BYTES} bytes`;
      return { type: 'rejected', reason, raw: cutRaw(raw) };
    }
    return accept(format, reading, raw, tenant, receivedAt);
  };
}

function accept(
  format: ItemFormat,
  reading: Readable,
  raw: string,
  tenant: LogTenant,
  receivedAt: Date,
): Translation {
  const isAboutUser = reading.type === 'about-user';
  const _id = eventId(`${tenant.id}:${reading.id}`);
  const user = isAboutUser ? userKey(tenant.keyPrefix, reading.userId) : null;
  // A holder of one tenant's token could make up an id that names another tenant's user.
  if (user !== null && tenant.otherPrefixes?.some((prefix) => user.startsWith(prefix)) === true) {
    return { type: 'rejected', reason: 'the user is one of another tenant', raw: cutRaw(raw) };
  }
  if (user !== null && tenant.excludedBy?.(user) !== undefined)
    return { type: 'ignored', reason: 'excluded' };
  const at = believableTime(reading.date, receivedAt);
  const common = { _id, user, tenant: tenant.id, at, recordedAt: receivedAt, cause: [] };
  return {
    type: 'accepted',
    event: format.eventOf(common, reading, isAboutUser ? reading.hint : null, raw),
    trigger:
      isAboutUser && user !== null
        ? {
            user,
            tenant: tenant.id,
            userId: reading.userId,
            cause: _id,
            ...(reading.isRoutine ? { isRoutine: true } : {}),
          }
        : undefined,
  };
}

// ── Texts ──

export interface TextRule {
  readonly field: string;
  readonly maxLength: number;
  readonly pattern: RegExp;
  readonly patternBroken: string;
}
type CheckedText =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'wrong'; readonly reason: string };

export function checkText(value: unknown, rule: TextRule): CheckedText {
  if (value === undefined || value === null || value === '') return wrong(`${rule.field} is missing`);
  if (typeof value !== 'string') return wrong(`${rule.field} is not a string`);
  if (value.length > rule.maxLength)
    return wrong(`${rule.field} is longer than ${rule.maxLength} characters`);
  return rule.pattern.test(value)
    ? { type: 'text', text: value }
    : wrong(`${rule.field} ${rule.patternBroken}`);
}

function wrong(reason: string): CheckedText {
  return { type: 'wrong', reason };
}

export function readDate(value: unknown): Date | undefined {
  if (typeof value !== 'string' || !ISO_DATE.test(value)) return undefined;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) || date.getTime() < EARLIEST_MS ? undefined : date;
}

/** Our own clock where Auth0's date is implausible; a date in the future would outrank all later events. */
function believableTime(date: Date | undefined, receivedAt: Date): Date {
  if (date === undefined) return receivedAt;
  const latestMs = receivedAt.getTime() + MAX_CLOCK_AHEAD_MS;
  return date.getTime() > latestMs ? new Date(latestMs) : date;
}

/** Without tokens. Undefined when the value is nested too deeply: JSON.parse reads any depth, JSON.stringify does not write it. */
function rawText(value: unknown): string | undefined {
  try {
    return redactedJson(value) ?? 'undefined';
  } catch {
    return undefined;
  }
}

/** Cuts the text of a reject at a limit, between characters. */
export function cutRaw(raw: string): string {
  if (raw.length <= MAX_REJECT_RAW_LENGTH) return raw;
  const last = raw.charCodeAt(MAX_REJECT_RAW_LENGTH - 1);
  const splitsPair = last >= 0xd800 && last <= 0xdbff;
  return raw.slice(0, splitsPair ? MAX_REJECT_RAW_LENGTH - 1 : MAX_REJECT_RAW_LENGTH);
}

function isOverBytes(text: string, limit: number): boolean {
  // A UTF-16 unit is 1 to 3 bytes of UTF-8, so short and very long texts need no counting.
  if (text.length > limit) return true;
  return text.length * 3 > limit && Buffer.byteLength(text) > limit;
}
