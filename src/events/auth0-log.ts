/**
 * One delivered Auth0 log entry -> what it means here: an event and a trigger, nothing, or a reject.
 *
 * An entry is `{log_id, data: {log_id, type, date, user_id, details, …}}`. Only the fields that are
 * needed are looked at: real entries lack fields that Auth0's schema requires, and new ones appear.
 * An entry without a subject (machine to machine, bulk import, a changed client) is ignored.
 */
import { z } from 'zod';
import { type Auth0UserId, eventId, type TenantId, userKey } from '../identity.ts';
import type { Trigger } from '../ports.ts';
import { type DeletionHint, readSubject } from './auth0-subject.ts';
import type { EventOf } from './event.ts';

/** What a log entry needs to know of the tenant it came from. */
export interface LogTenant {
  readonly id: TenantId;
  readonly keyPrefix: string;
}

/** What an entry says, before it is an event of any tenant. */
export type EntryReading =
  | {
      readonly type: 'about-user';
      readonly logId: string;
      readonly code: string;
      readonly userId: Auth0UserId;
      readonly hint: DeletionHint;
      /** Undefined when missing or unreadable. */
      readonly date: Date | undefined;
    }
  | {
      readonly type: 'unrelated';
      readonly logId: string;
      readonly code: string;
      readonly date: Date | undefined;
    }
  | { readonly type: 'rejected'; readonly reason: string };

export type Translation =
  | {
      readonly type: 'accepted';
      readonly event: EventOf<'auth0.log-received'>;
      /** Undefined for an entry that concerns no user and is kept all the same. */
      readonly trigger: Trigger | undefined;
    }
  | { readonly type: 'ignored'; readonly code: string }
  | { readonly type: 'rejected'; readonly reason: string; readonly raw: string };

interface TextRule {
  readonly field: string;
  readonly maxLength: number;
  readonly pattern: RegExp;
  readonly patternBroken: string;
}
type CheckedText =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'wrong'; readonly reason: string };

/** Auth0's are about 56 digits; MongoDB 4.0 refuses index keys over 1,024 bytes. */
const LOG_ID: TextRule = {
  field: 'log_id',
  maxLength: 200,
  pattern: /^[A-Za-z0-9_-]+$/,
  patternBroken: 'has characters other than letters, digits, _ and -',
};
/** The longest code that is known has 25 characters. */
const CODE: TextRule = {
  field: 'data.type',
  maxLength: 64,
  pattern: /^[A-Za-z0-9_.-]+$/,
  patternBroken: 'has characters other than letters, digits, _, . and -',
};
/** Bytes of one entry: hundreds of times a usual one, and far below the 16 MiB of a MongoDB document. */
export const MAX_ENTRY_BYTES = 256 * 1024;
/** Characters of a reject that are kept: enough to see what it was. */
export const MAX_REJECT_RAW_LENGTH = 64 * 1024;
/** How far Auth0's clock may be ahead of ours before it is not believed. */
const MAX_CLOCK_AHEAD_MS = 5 * 60 * 1000;
/** No tenant is older than Auth0's first year, so an earlier date is a broken one. */
const EARLIEST_MS = Date.UTC(2012, 0, 1);
/** Without a zone the date would be read as this machine's local time. */
const ISO_DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)$/;

// The fields are unknown here and checked below one by one: that costs a tenth of JSON.parse,
// where checks inside the schema cost a third, and lets each reason say which field and why.
const Entry = z.object({
  log_id: z.unknown().optional(),
  data: z.object({
    log_id: z.unknown().optional(),
    type: z.unknown().optional(),
    date: z.unknown().optional(),
    user_id: z.unknown().optional(),
    details: z.unknown().optional(),
  }),
});
type EntryData = z.infer<typeof Entry>['data'];

/**
 * Turns one entry into an event of this tenant and the trigger that goes with it. An entry that
 * concerns no user is ignored unless `keepUnrelated` is set. Pure; never throws.
 */
export function translateEntry(
  value: unknown,
  tenant: LogTenant,
  receivedAt: Date,
  keepUnrelated = false,
): Translation {
  const reading = readEntry(value);
  if (reading.type === 'rejected') {
    return { type: 'rejected', reason: reading.reason, raw: cutRaw(rawText(value) ?? unwritable(value)) };
  }
  if (reading.type === 'unrelated' && !keepUnrelated) return { type: 'ignored', code: reading.code };
  const raw = rawText(value);
  if (raw === undefined) {
    return { type: 'rejected', reason: 'the entry is nested too deeply to be kept', raw: unwritable(value) };
  }
  if (isOverBytes(raw, MAX_ENTRY_BYTES)) {
    return {
      type: 'rejected',
      reason: `the entry is larger than ${MAX_ENTRY_BYTES} bytes`,
      raw: cutRaw(raw),
    };
  }
  return accept(reading, raw, tenant, receivedAt);
}

function accept(
  reading: Exclude<EntryReading, { type: 'rejected' }>,
  raw: string,
  tenant: LogTenant,
  receivedAt: Date,
): Translation {
  const { logId, code, date } = reading;
  const isAboutUser = reading.type === 'about-user';
  const _id = eventId(`${tenant.id}:${logId}`);
  const user = isAboutUser ? userKey(tenant.keyPrefix, reading.userId) : null;
  return {
    type: 'accepted',
    event: {
      _id,
      user,
      tenant: tenant.id,
      type: 'auth0.log-received',
      at: believableTime(date, receivedAt),
      recordedAt: receivedAt,
      cause: [],
      data: { logId, code, hint: isAboutUser ? reading.hint : null, raw },
    },
    trigger:
      isAboutUser && user !== null
        ? { user, tenant: tenant.id, userId: reading.userId, cause: _id }
        : undefined,
  };
}

/** Checks the fields that are needed. A reason names the field and what is wrong, never the value. */
export function readEntry(value: unknown): EntryReading {
  const entry = Entry.safeParse(value);
  if (!entry.success) {
    const path = entry.error.issues[0]?.path.join('.') ?? '';
    return {
      type: 'rejected',
      reason: path === '' ? 'the entry is not an object' : `${path} is not an object`,
    };
  }
  const { data } = entry.data;
  const logId = checkText(entry.data.log_id ?? data.log_id, LOG_ID);
  if (logId.type === 'wrong') return { type: 'rejected', reason: logId.reason };
  const code = checkText(data.type, CODE);
  if (code.type === 'wrong') return { type: 'rejected', reason: code.reason };

  const subject = readSubject(code.text, data);
  switch (subject.type) {
    case 'none':
      return { type: 'unrelated', logId: logId.text, code: code.text, date: readDate(data) };
    case 'unreadable':
      return { type: 'rejected', reason: subject.reason };
    case 'user':
      return {
        type: 'about-user',
        logId: logId.text,
        code: code.text,
        userId: subject.userId,
        hint: subject.hint,
        date: readDate(data),
      };
  }
}

function checkText(value: unknown, rule: TextRule): CheckedText {
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

function readDate(data: EntryData): Date | undefined {
  if (typeof data.date !== 'string' || !ISO_DATE.test(data.date)) return undefined;
  const date = new Date(data.date);
  return Number.isNaN(date.getTime()) || date.getTime() < EARLIEST_MS ? undefined : date;
}

/** Our own clock where Auth0's says nothing believable; a date in the future would outrank all that follows. */
function believableTime(date: Date | undefined, receivedAt: Date): Date {
  if (date === undefined) return receivedAt;
  const latestMs = receivedAt.getTime() + MAX_CLOCK_AHEAD_MS;
  return date.getTime() > latestMs ? new Date(latestMs) : date;
}

/** Undefined when the value is nested too deeply: JSON.parse reads any depth, JSON.stringify does not write it. */
function rawText(value: unknown): string | undefined {
  try {
    return JSON.stringify(value) ?? 'undefined';
  } catch {
    return undefined;
  }
}

/** Stands in for an entry that cannot be written down, with its log_id so that it can be asked for again. */
function unwritable(value: unknown): string {
  const entry = Entry.safeParse(value);
  const logId = checkText(entry.data?.log_id ?? entry.data?.data.log_id, LOG_ID);
  return JSON.stringify({ unwritable: true, ...(logId.type === 'text' ? { log_id: logId.text } : {}) });
}

/** Cuts the text of a reject at a limit, between characters. */
export function cutRaw(raw: string): string {
  if (raw.length <= MAX_REJECT_RAW_LENGTH) return raw;
  const last = raw.charCodeAt(MAX_REJECT_RAW_LENGTH - 1);
  const splitsPair = last >= 0xd800 && last <= 0xdbff;
  return raw.slice(0, splitsPair ? MAX_REJECT_RAW_LENGTH - 1 : MAX_REJECT_RAW_LENGTH);
}

function isOverBytes(text: string, limit: number): boolean {
  // A UTF-16 unit is 1 to 3 bytes of UTF-8, so the short and the very long need no counting.
  if (text.length > limit) return true;
  return text.length * 3 > limit && Buffer.byteLength(text) > limit;
}
