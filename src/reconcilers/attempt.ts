import { CredentialsError, LeaseLostError, UpstreamError } from '../errors.ts';
import type { Resource } from '../events/resources.ts';

/** A resource that could not be read, an action that failed, or reconciliations that did not end. */
export interface Failure {
  readonly resource: Resource | 'auth0' | 'reconciliation';
  readonly error: unknown;
  readonly code: string;
  readonly retryAfterMs: number | undefined;
}

export type Attempt<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: Failure };

/**
 * The only place where the engine catches: a failed call becomes a value, which ends in the log, in a condition and in the
 * wait before the next reconciliation. A lost lease is thrown on, since after it nothing more may be done for this user.
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
