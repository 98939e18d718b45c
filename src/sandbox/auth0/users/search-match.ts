import type { SearchNode } from './search-syntax.ts';

/** Whether the record satisfies the query. `caseless` names the fields whose values ignore case. */
export function matches(node: SearchNode, record: object, caseless: ReadonlySet<string>): boolean {
  switch (node.type) {
    case 'and':
      return matches(node.left, record, caseless) && matches(node.right, record, caseless);
    case 'or':
      return matches(node.left, record, caseless) || matches(node.right, record, caseless);
    case 'not':
      return !matches(node.inner, record, caseless);
    case 'exists':
      return valuesAt(record, node.field).length > 0;
    case 'value':
      return valuesAt(record, node.field).some((value) =>
        equals(String(value), node.value, node.quoted, caseless.has(node.field)),
      );
    case 'range':
      return valuesAt(record, node.field).some((value) => isWithin(String(value), node));
  }
}

/** The values at a dotted path; a list anywhere on the way stands for each of its members. */
export function valuesAt(record: unknown, path: string): unknown[] {
  let found: unknown[] = [record];
  for (const step of path.split('.')) {
    found = found
      .flat()
      .map((value) => (typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined));
  }
  return found.flat().filter((value) => value !== undefined && value !== null);
}

function equals(actual: string, wanted: string, quoted: boolean, ignoresCase: boolean): boolean {
  const left = ignoresCase ? actual.toLowerCase() : actual;
  const right = ignoresCase ? wanted.toLowerCase() : wanted;
  if (quoted || !right.includes('*')) return left === right;
  const pattern = right.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${pattern.join('.*')}$`, 's').test(left);
}

function isWithin(value: string, range: SearchNode & { type: 'range' }): boolean {
  const actual = comparable(value, false);
  if (Number.isNaN(actual)) return false;
  // A bound without a time of day stands for the end of its day where "up to and including" or "after" is
  // meant, and for its beginning elsewhere, as in Elasticsearch.
  if (range.from !== '*') {
    const from = comparable(range.from, !range.includesFrom);
    if (range.includesFrom ? actual < from : actual <= from) return false;
  }
  if (range.to !== '*') {
    const to = comparable(range.to, range.includesTo);
    if (range.includesTo ? actual > to : actual >= to) return false;
  }
  return true;
}

/** A number for a number or a date; NaN, which no range contains, for anything else. */
function comparable(text: string, endOfDay: boolean): number {
  if (/^-?\d+(\.\d+)?$/.test(text) && text.length !== 4) return Number(text);
  const isDay = /^\d{4}(-\d{2}){0,2}$/.test(text);
  return Date.parse(isDay && endOfDay ? `${text.padEnd(10, '-01')}T23:59:59.999Z` : text);
}
