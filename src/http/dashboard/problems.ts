/** The problems that a person sees when a question cannot be answered or a decision is refused. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { UpstreamError, UsageError } from '../../errors.ts';
import { upstreamOf } from '../../ports/upstreams.ts';
import { errorFields, type Problem, sendProblem, unavailable } from '../problem.ts';

/** What does not exist. In our own words, because the original message may repeat the searched text. */
const NOT_FOUND: ReadonlyMap<string, string> = new Map([
  ['USER_NOT_FOUND', 'No user is known by this key.'],
  ['ACCOUNT_UNKNOWN', 'The PDS has no such account.'],
  ['RUN_UNKNOWN', 'No recent halted run has this id.'],
]);

/** Sends what `answer` returns, or the problem. Rethrows unexpected errors. */
export async function sendAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: () => Promise<object>,
): Promise<FastifyReply> {
  try {
    return reply.send(await answer());
  } catch (error) {
    const problem = problemOfData(error);
    if (problem === undefined) throw error;
    const level = problem.status >= 500 ? 'warn' : 'debug';
    request.log[level](errorFields(error), 'a request of the dashboard failed');
    return sendProblem(reply, problem);
  }
}

function problemOfData(error: unknown): Problem | undefined {
  if (error instanceof UsageError) {
    const code = error.code.toLowerCase().replaceAll('_', '-');
    const missing = NOT_FOUND.get(error.code);
    if (missing !== undefined) return { code, status: 404, detail: missing };
    // Its message states the obstacle, and is written for the caller.
    return { code, status: 409, detail: error.message };
  }
  if (!(error instanceof UpstreamError)) return undefined;
  const { upstream, code, retryable, retryAfterMs } = error;
  const { title } = upstreamOf(upstream);
  const name = `${title.charAt(0).toUpperCase()}${title.slice(1)}`;
  if (retryable) return unavailable(`${name} cannot be read now (${code}).`, retryAfterMs);
  const detail = `${name} answers with an error (${code}). Run concord doctor to find the cause.`;
  return { code: 'upstream-refused', status: 502, detail };
}
