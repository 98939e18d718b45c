/** HEAD */
import { z } from 'zod';

export function whole(min: number, max: number) {
  const kind = `a whole number from ${min} to ${max}`;
  const error = `must be ${kind}`;
  return z
    .preprocess(
      (value) => (typeof value === 'string' && /^-?[0-9]{1,15}$/.test(value) ? Number(value) : value),
      z.number(error).int(error).min(min, error).max(max, error),
    )
    .describe(kind);
}

export function decimal(min: number, max: number) {
  const kind = `a number from ${min} to ${max}`;
  const error = `must be ${kind}`;
  return z
    .preprocess(
      (value) =>
        typeof value === 'string' && /^-?[0-9]{1,15}(\.[0-9]{1,15})?$/.test(value) ? Number(value) : value,
      z.number(error).min(min, error).max(max, error),
    )
    .describe(kind);
}

export const flag = z
  .preprocess(
    (value) => (value === 'true' ? true : value === 'false' ? false : value),
    z.boolean('must be true or false'),
  )
  .describe('true or false');

export function oneOf<const Choice extends string>(...choices: readonly Choice[]) {
  const kind = `one of ${choices.join(', ')}`;
  return z.enum(choices, `must be ${kind}`).describe(kind);
}

export function text(kind: string, accept: RegExp, error = `must be ${kind}`) {
  return z.string(error).regex(accept, error).describe(kind);
}

/**
 * A value that comes from outside and that some commands do without. Left out, it passes here, and
 * `load.ts` decides whether it was needed; the type is that of a value that is there.
 */
export function given<Value>(schema: z.ZodType<Value>): z.ZodType<Value> {
  return schema.optional() as unknown as z.ZodType<Value>;
}

export function webUrl(example: string) {
  const kind = `an http(s) URL such as ${example}, without user, query or fragment`;
  const error = `must be ${kind}`;
  return z
    .string(error)
    .refine((value) => isPlainWebUrl(value), error)
    .transform((value) => value.replace(/\/+$/, ''))
    .describe(kind);
}

export function isWebUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { username, password, protocol } = new URL(value);
  return username === '' && password === '' && (protocol === 'https:' || protocol === 'http:');
}

function isPlainWebUrl(value: string): boolean {
  if (!isWebUrl(value)) return false;
  const { search, hash } = new URL(value);
  return search === '' && hash === '';
}

/** A secret of digits needs quotes in YAML, where 007 would be the number 7. */
export const secret = text('a text: put it in quotes', /./s).describe('a secret text');

/** Five or six fields, the sixth for seconds; the scheduler checks their values. */
const CRON = /^[0-9*][0-9*,/-]*( [0-9A-Za-z*][0-9A-Za-z*,/-]*){4,5}$/;

export const cron = text('a cron expression such as */5 * * * *', CRON).nullable();
