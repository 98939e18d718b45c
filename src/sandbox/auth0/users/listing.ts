import { z } from 'zod';
import { ApiError, invalidQuery } from '../api-error.ts';
import { matches, valuesAt } from './search-match.ts';
import { parseSearch, type SearchNode, SearchSyntaxError } from './search-syntax.ts';

/** However a search is paged, no more than this many results can be reached. */
const RESULT_CAP = 1000;
const PAGE_SIZE_MAX = 100;

const wholeNumber = z.string().regex(/^\d+$/, 'Expected type integer').transform(Number);
const flag = z.enum(['true', 'false']).transform((text) => text === 'true');

/** The query parameters that listings share. */
export const PAGING = {
  page: wholeNumber.default(0),
  per_page: wholeNumber
    .refine((size) => size <= PAGE_SIZE_MAX, `Value is greater than maximum ${PAGE_SIZE_MAX}`)
    .default(50),
  include_totals: flag.default(false),
  sort: z
    .string()
    .regex(/^[a-zA-Z0-9_.\\]+:(1|-1)$/, 'String does not match pattern')
    .optional(),
};
export const PROJECTION = { fields: z.string().optional(), include_fields: flag.default(true) };
export const TAKE = wholeNumber
  .refine((size) => size <= PAGE_SIZE_MAX, `Value is greater than maximum ${PAGE_SIZE_MAX}`)
  .default(50);

export interface Paging {
  readonly page: number;
  readonly per_page: number;
  readonly include_totals: boolean;
}

/** Reads the query string, or throws the 400 that Auth0 gives for one it does not know. */
export function readQuery<Schema extends z.ZodType>(schema: Schema, query: unknown): z.output<Schema> {
  const result = schema.safeParse(query);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw invalidQuery(`'${issue?.message ?? 'invalid'}' on property ${issue?.path.join('.') ?? ''}`);
}

export function readSearch(text: string): SearchNode {
  try {
    return parseSearch(text);
  } catch (error) {
    if (!(error instanceof SearchSyntaxError)) throw error;
    throw new ApiError(400, `Invalid query: ${error.message}`, 'invalid_query_string');
  }
}

export function search<Item extends object>(
  items: Iterable<Item>,
  query: SearchNode | undefined,
  caseless: ReadonlySet<string>,
): Item[] {
  return [...items].filter((item) => query === undefined || matches(query, item, caseless));
}

/** Sorts by `field:1` or `field:-1`; equal items keep the order of `tieBreak`, so that pages never overlap. */
export function sortBy<Item extends object>(
  items: Item[],
  sort: string | undefined,
  tieBreak: (item: Item) => string,
): Item[] {
  const [field = '', direction] = (sort ?? '').split(':');
  const sign = direction === '-1' ? -1 : 1;
  const keyed = items.map((item) => ({
    item,
    key: field === '' ? '' : String(valuesAt(item, field)[0] ?? ''),
    tie: tieBreak(item),
  }));
  keyed.sort((a, b) => sign * compare(a.key, b.key) || compare(a.tie, b.tie));
  return keyed.map(({ item }) => item);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** One page. Throws the 400 of paging beyond the cap, whether or not there is anything there. */
export function pageOf<Item>(items: readonly Item[], { page, per_page }: Paging): Item[] {
  const start = page * per_page;
  if (start + per_page > RESULT_CAP) {
    throw new ApiError(400, `You can only page through the first ${RESULT_CAP} records.`, 'invalid_paging');
  }
  return items.slice(start, start + per_page);
}

/** Keeps, or drops, the named top-level fields. */
export function project<Item extends object>(
  item: Item,
  fields: string | undefined,
  include: boolean,
): Partial<Item> {
  if (fields === undefined || fields === '') return item;
  const named = new Set(fields.split(',').map((field) => field.trim()));
  const kept = Object.entries(item).filter(([key]) => named.has(key) === include);
  // Object.fromEntries forgets the keys' types; what is left is a part of what came in.
  return Object.fromEntries(kept) as Partial<Item>;
}
