import type { Management } from 'auth0';
import type { LogEntry } from './log-entry.ts';

export type ContentFormat = Management.LogStreamHttpContentFormatEnum;

/** The body of one push, in the format the stream is set to. */
export function encodeBatch(entries: readonly LogEntry[], format: ContentFormat): string {
  switch (format) {
    case 'JSONLINES':
      return entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
    case 'JSONARRAY':
      return JSON.stringify(entries);
    case 'JSONOBJECT':
      return JSON.stringify({ logs: entries });
  }
}

/** The filter category an entry belongs to, by its type. A type not listed counts as "other". */
const CATEGORIES: Readonly<Record<string, Management.LogStreamFilterGroupNameEnum>> = {
  ss: 'auth.signup.success',
  fs: 'auth.signup.fail',
  s: 'auth.login.success',
  f: 'auth.login.fail',
  sv: 'user.success',
  fv: 'user.fail',
  sce: 'user.success',
  scu: 'user.success',
  scp: 'user.success',
  sdu: 'user.success',
  sapi: 'management.success',
};

/** Without filters everything passes. */
export function passesFilters(entry: LogEntry, filters: readonly Management.LogStreamFilter[]): boolean {
  const category = CATEGORIES[entry.data.type] ?? 'other';
  return filters.length === 0 || filters.some((filter) => filter.name === category);
}

const MASKED_KEYS: Readonly<Record<Management.LogStreamPiiLogFieldsEnum, readonly string[]>> = {
  first_name: ['given_name', 'first_name'],
  last_name: ['family_name', 'last_name'],
  username: ['username', 'user_name'],
  email: ['email', 'newEmail', 'user_name', 'name', 'nickname'],
  phone: ['phone_number'],
  address: ['address'],
};

/**
 * The entry with its personal fields covered, wherever they stand. Asterisks stand for the hash method too:
 * to a reader who may not rely on these fields the two are alike.
 */
export function coverPersonalData(entry: LogEntry, config: Management.LogStreamPiiConfig): LogEntry {
  const keys = new Set(config.log_fields.flatMap((field) => MASKED_KEYS[field]));
  function cover(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(cover);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [
        key,
        keys.has(key) && typeof inner === 'string' ? '*****' : cover(inner),
      ]),
    );
  }
  const data = { ...entry.data, details: Object.fromEntries(Object.entries(entry.data.details)) };
  for (const [key, value] of Object.entries(data.details)) {
    data.details[key] = keys.has(key) && typeof value === 'string' ? '*****' : cover(value);
  }
  if (keys.has('user_name') && data.user_name !== undefined) data.user_name = '*****';
  return { log_id: entry.log_id, data };
}
