/** Patterns by which a stored text is recognised that names a person: by the id, or by an address. */
import type { Document } from 'mongodb';
import type { Forgotten } from '../../ports/event-log.ts';

export function naming(field: string, patterns: readonly string[]): Document {
  return { [field]: { $regex: patterns.join('|'), $options: 'i' } };
}

/** The id as JSON or a URL writes it, and not as the beginning or end of a longer one. */
export function idPattern({ userId }: Pick<Forgotten, 'userId'>): string {
  return `(?<!\\w)${escaped(userId).replaceAll('\\|', '(?:\\||%7c|\\\\u007c)')}(?![\\w-])`;
}

/** `bob@example.com` and `bob%40example.com`, and neither `jimbob@example.com` nor `bob@example.com.au`. */
export function addressPattern(address: string): string {
  const at = address.lastIndexOf('@');
  const local = escaped(address.slice(0, Math.max(at, 0)));
  const domain = escaped(address.slice(at + 1));
  return `(?:^|[^\\w.+-]|%[0-9a-f]{2})${local}(?:@|%40|\\\\u0040)${domain}(?![\\w-]|\\.\\w)`;
}

export function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
