/** What an answer means to the one who asked. */
import { type Place, parseAnswer, statusError } from './failures.ts';
import type { Answer } from './guarded-fetch.ts';

export interface Reading<T> {
  /** Reads the body of a 2xx answer, undefined if it is empty. A ZodError becomes UNEXPECTED_ANSWER. */
  readonly parse: (body: unknown, headers: Headers) => T;
  /** Reads a 4xx answer that says something to the caller. Undefined leaves it to be thrown. */
  readonly refusal?: (answer: Refusal) => T | undefined;
}

export interface Refusal {
  readonly status: number;
  /** Parsed JSON. */
  readonly body: unknown;
}

export function interpret<T>(place: Place, reading: Reading<T>, answer: Answer): T {
  const { ok, status, body, headers } = answer;
  if (ok) return parseAnswer(place, () => reading.parse(body, headers));
  const refused = reading.refusal?.({ status, body });
  if (refused !== undefined) return refused;
  throw statusError(place, status, body, undefined);
}
