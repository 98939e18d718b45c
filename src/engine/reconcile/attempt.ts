import { CredentialsError, LeaseLostError, UpstreamError } from '../../errors.ts';
import type { Resource } from '../../events/event.ts';

/** Something that could not be read or done for one resource. */
export interface Failure {
  readonly resource: Resource | 'auth0';
  readonly error: unknown;
  readonly code: string;
  readonly retryAfterMs: number | undefined;
}

export type Attempt<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: Failure };

/**
 * The one place where the engine catches: a failed call becomes a value that ends in the log, in a
 * condition and in the wait before the next pass. A lost lease is let through, since after it
 * nothing more may be done for this user.
 */
export async function attempt<T>(resource: Failure['resource'], run: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { ok: true, value: await run() };
  } catch (error) {
    if (error instanceof LeaseLostError) throw error;
    return { ok: false, failure: failureOf(resource, error) };
  }
}

export function failureOf(resource: Failure['resource'], error: unknown): Failure {
  const upstream = error instanceof UpstreamError ? error : undefined;
  const code = upstream?.code ?? (error instanceof CredentialsError ? error.code : 'BUG');
  return { resource, error, code, retryAfterMs: upstream?.retryAfterMs };
}
