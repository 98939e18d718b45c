import type { z } from 'zod';
import { invalidBody } from './api-error.ts';

/** Reads a request body, or throws the 400 that Auth0 gives for one that does not fit. */
export function readBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const result = schema.safeParse(body ?? {});
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  if (issue?.code === 'unrecognized_keys') {
    throw invalidBody(`'Additional properties not allowed: ${issue.keys.join(', ')}'.`);
  }
  const path = issue?.path.join('.') ?? '';
  throw invalidBody(`'${issue?.message ?? 'invalid'}' on property ${path}.`);
}
