/**
 * Validates requests. A refusal names the field and its valid values, and quotes nothing: the request may contain an
 * address, or a secret in the wrong field.
 */
import { z } from 'zod';
import { REMOVABLES } from '../../dashboard-data/answers/decisions.ts';
import { HISTORY_RANGES } from '../../dashboard-data/answers/overview.ts';
import { SITUATIONS } from '../../dashboard-data/answers/users.ts';
import { MAX_AUTH0_USER_ID_LENGTH } from '../../identity.ts';

/** Of a request's body, in bytes: a reason of 500 characters may be 3,000 of them. */
export const REQUEST_BODY_LIMIT_BYTES = 16 * 1024;

/** A key is a tenant's prefix and an Auth0 id. */
const MAX_KEY_LENGTH = 33 + MAX_AUTH0_USER_ID_LENGTH;
const MAX_DID_LENGTH = 260;
/** The longest id of an event or a run. */
const MAX_ID_LENGTH = 300;
const MAX_NAME_LENGTH = 64;
/** The longest search text, which is an address. */
const MAX_SEARCH_LENGTH = 320;
/** Characters that a terminal interprets, or that change the reading direction. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

function text(max: number, { trimmed = false } = {}) {
  const error = `must be 1 to ${max} characters, none of them a control character`;
  const isGood = (value: string) => value !== '' && [...value].length <= max && !INVISIBLE.test(value);
  return (trimmed ? z.string(error).trim() : z.string(error)).refine(isGood, error);
}

/** A text that a person types, possibly with blanks around it. */
function words(max: number) {
  return text(max, { trimmed: true });
}

function oneOf<const Choice extends string>(...choices: readonly Choice[]) {
  return z.enum(choices, `must be one of ${choices.join(', ')}`);
}

/** A form also sends its empty fields. */
function given<Value>(schema: z.ZodType<Value>) {
  return z.preprocess((value) => (value === '' ? undefined : value), schema.optional());
}

const key = text(MAX_KEY_LENGTH);

export const nothing = z.strictObject({});
export const rangeQuery = z.strictObject({ range: oneOf(...HISTORY_RANGES).default('24h') });
export const userQuery = z.strictObject({ key });
export const timelineQuery = z.strictObject({ key, before: given(text(MAX_ID_LENGTH)) });
export const adoptionQuery = z.strictObject({ key, did: given(text(MAX_DID_LENGTH)) });
export const usersQuery = z.strictObject({
  search: given(words(MAX_SEARCH_LENGTH)),
  tenant: given(text(MAX_NAME_LENGTH)),
  sync: given(oneOf('Synced', 'OutOfSync', 'Unknown')),
  health: given(oneOf('Healthy', 'Progressing', 'Degraded', 'Suspended', 'Deleted', 'Excluded')),
  situation: given(oneOf(...SITUATIONS)),
  resource: given(text(MAX_NAME_LENGTH)),
  reason: given(text(MAX_NAME_LENGTH)),
  after: given(key),
});

export const signIn = z.strictObject({ token: z.string('must be a text').max(1_024, 'is too long') });

const decider = { by: words(80), reason: words(500) };
const until = z.iso.datetime('must be a moment such as 2030-01-31T12:00:00Z, or null').nullable();
const ofUser = { ...decider, user: key };
const removables = z
  .array(oneOf(...REMOVABLES), 'must be a list')
  .min(1, 'must not be empty')
  .max(REMOVABLES.length, 'is too long');

export const decision = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ ...ofUser, type: z.literal('reconcile') }),
    z.strictObject({ ...ofUser, type: z.literal('pause'), until }),
    z.strictObject({ ...ofUser, type: z.literal('resume') }),
    z.strictObject({ ...ofUser, type: z.literal('retry') }),
    z.strictObject({ ...ofUser, type: z.literal('adopt'), did: text(MAX_DID_LENGTH) }),
    z.strictObject({ ...ofUser, type: z.literal('restore'), what: removables }),
    z.strictObject({ ...decider, type: z.literal('approve'), run: text(MAX_ID_LENGTH) }),
  ],
  'must be one of reconcile, pause, resume, retry, adopt, restore, approve',
);

export type Reading<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly detail: string };

export function readQuery<Value>(schema: z.ZodType<Value>, query: unknown): Reading<Value> {
  return read(schema, query, 'The query');
}

export function readJson<Value>(schema: z.ZodType<Value>, body: unknown): Reading<Value> {
  // The parser's error message quotes the text.
  let value: unknown;
  try {
    value = JSON.parse(typeof body === 'string' ? body : '');
  } catch {
    return { ok: false, detail: 'The body is not JSON.' };
  }
  return read(schema, value, 'The body');
}

function read<Value>(schema: z.ZodType<Value>, given: unknown, whole: string): Reading<Value> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return { ok: true, value: parsed.data };
  const [issue] = parsed.error.issues;
  if (issue?.code === 'unrecognized_keys') {
    return { ok: false, detail: `${whole} has an unknown field.` };
  }
  const [field] = issue?.path ?? [];
  if (issue === undefined || field === undefined) {
    return { ok: false, detail: `${whole} is not an object.` };
  }
  return { ok: false, detail: `${String(field)} ${issue.message}.` };
}
