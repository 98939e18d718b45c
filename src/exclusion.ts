/**
 * What `exclude` in the configuration says: keys of which Concord does nothing, not even by hand. An entry is a key to the
 * letter, or a pattern in which `*` stands for any text, also none.
 */
import { hasControl, type TenantId } from './identity.ts';

/** The entry that excludes a key, as it is written in the configuration; undefined for a key that none excludes. */
export type ExcludedBy = (key: string) => string | undefined;

/** Which keys are of a tenant, and which of them the configuration excludes. */
export interface KeySpace {
  readonly id: TenantId;
  readonly keyPrefix: string;
  readonly excludedBy?: ExcludedBy | undefined;
}

/** Longer than any key. */
const MAX_ENTRY_LENGTH = 300;
const MAX_STARS = 8;

/** `keyPrefix` stands before the entries of one tenant, which name Auth0 ids. */
export function exclusionOf(
  entries: readonly { readonly text: string; readonly keyPrefix: string }[],
): ExcludedBy {
  const exact = new Map<string, string>();
  const patterns: { readonly text: string; readonly parts: readonly string[] }[] = [];
  for (const { text, keyPrefix } of entries) {
    const parts = `${keyPrefix}${text}`.split('*');
    if (parts.length === 1) exact.set(`${keyPrefix}${text}`, text);
    else patterns.push({ text, parts });
  }
  return (key) => exact.get(key) ?? patterns.find(({ parts }) => fits(key, parts))?.text;
}

/** What is wrong with an entry, as the end of a sentence about it; undefined when nothing is. */
export function exclusionProblem(entry: unknown): string | undefined {
  if (typeof entry !== 'string') return 'must be a text: put it in quotes';
  if (entry === '' || entry.trim() !== entry) return 'must be a key or a pattern, without spaces around it';
  if (entry.length > MAX_ENTRY_LENGTH) return `must be at most ${MAX_ENTRY_LENGTH} characters long`;
  if (hasControl(entry)) return 'must not have control characters';
  if (entry.split('*').length - 1 > MAX_STARS) return `must not have more than ${MAX_STARS} *`;
  if (/^[*|]*$/.test(entry))
    return `must not be ${entry}, which excludes every user: name a key such as auth0|5f7c8ec7, or the part that the keys have in common, such as guest-*`;
  return undefined;
}

/** Each part is found at its first place after the one before, so it takes no longer than the key is long. */
function fits(key: string, parts: readonly string[]): boolean {
  const [first = '', ...rest] = parts;
  const last = rest.pop() ?? '';
  if (!key.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = key.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return key.length - last.length >= at && key.endsWith(last);
}
