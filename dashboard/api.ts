/** Asks the server. Every answer comes from the same build as the page, so that its shape is taken at its word. */
import { signal } from '@preact/signals';
import type { Decision, DecisionAnswer } from '../src/dashboard-data/answers/decisions.ts';
import type { ProblemAnswer, SessionAnswer } from '../src/dashboard-data/answers/session.ts';

export type Session =
  | { readonly state: 'asking' }
  /** The server requires a token. */
  | { readonly state: 'needed' }
  | { readonly state: 'open'; readonly answer: SessionAnswer };

export const session = signal<Session>({ state: 'asking' });

/** Why there is no answer, for people. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  /** HTTP's, or 0 where nothing answered. */
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, what: string) {
    super(what);
    this.status = status;
    this.code = code;
  }
}

const ASK_FOR_MS = 30_000;

export function ask<T>(path: string, signal?: AbortSignal): Promise<T> {
  return call<T>(path, signal === undefined ? {} : { signal });
}

export async function openSession(): Promise<void> {
  session.value = { state: 'open', answer: await call<SessionAnswer>('/api/session', {}) };
}

export async function signIn(token: string): Promise<void> {
  await call('/api/session', sent('POST', { token }));
  await openSession();
}

export async function signOut(): Promise<void> {
  await call('/api/session', sent('DELETE', {}));
  session.value = { state: 'needed' };
}

/** A server that was started again gives out another proof, so that one refusal is answered by fetching it. */
export async function decide(decision: Decision): Promise<DecisionAnswer> {
  try {
    return await post(decision);
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'wrong-csrf') throw error;
    await openSession();
    return post(decision);
  }
}

function post(decision: Decision): Promise<DecisionAnswer> {
  const csrf = session.value.state === 'open' ? session.value.answer.csrf : '';
  return call<DecisionAnswer>('/api/decisions', sent('POST', decision, { 'x-concord-csrf': csrf }));
}

function sent(method: string, body: object, headers: Readonly<Record<string, string>> = {}): RequestInit {
  return { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } };
}

async function call<T>(path: string, init: RequestInit): Promise<T> {
  const limit = AbortSignal.timeout(ASK_FOR_MS);
  const signal = init.signal ? AbortSignal.any([init.signal, limit]) : limit;
  const response = await fetch(path, { ...init, signal }).catch((error: unknown) => {
    if (init.signal?.aborted === true) throw error;
    throw new Refusal(
      0,
      'unreachable',
      'Concord does not answer. Is it running? The page retries automatically.',
    );
  });
  if (!response.ok) throw await refusalOf(response);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

async function refusalOf(response: Response): Promise<Refusal> {
  if (response.status === 401) session.value = { state: 'needed' };
  const problem = await response
    .json()
    .then((body: Partial<ProblemAnswer> | null) => body ?? {})
    .catch((): Partial<ProblemAnswer> => ({}));
  const { type = '', title = '', detail = '' } = problem;
  const what = detail || title || `Concord refused the request with status ${response.status}.`;
  return new Refusal(response.status, type.split(':').at(-1) ?? '', what);
}

export function refusalFrom(error: unknown): Refusal {
  return error instanceof Refusal
    ? error
    : new Refusal(0, 'page', `The page failed: ${error instanceof Error ? error.message : String(error)}`);
}
