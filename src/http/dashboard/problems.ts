/** What a person is told when the desk cannot answer, or will not do what was decided. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { UpstreamError, UsageError } from '../../errors.ts';
import { errorFields, type Problem, sendProblem, unavailable } from '../problem.ts';

const NAMES = { auth0: 'Auth0', mongodb: 'MongoDB', pds: 'The PDS', plc: 'The DID directory' } as const;

/** What is not there. In words of ours, because the desk's may repeat what was looked for. */
const NOT_FOUND: ReadonlyMap<string, string> = new Map([
  ['USER_NOT_FOUND', 'Nobody is known by this key.'],
  ['ACCOUNT_UNKNOWN', 'The PDS has no such account.'],
  ['RUN_UNKNOWN', 'No recent halted run has this id.'],
]);

/** Sends what `answer` gives, or why it cannot be had. What nobody foresaw is thrown on. */
export async function sendAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: () => Promise<object>,
): Promise<FastifyReply> {
  try {
    return reply.send(await answer());
  } catch (error) {
    const problem = problemOfDesk(error);
    if (problem === undefined) throw error;
    const level = problem.status >= 500 ? 'warn' : 'debug';
    request.log[level](errorFields(error), 'the dashboard was refused an answer');
    return sendProblem(reply, problem);
  }
}

function problemOfDesk(error: unknown): Problem | undefined {
  if (error instanceof UsageError) {
    const code = error.code.toLowerCase().replaceAll('_', '-');
    const missing = NOT_FOUND.get(error.code);
    if (missing !== undefined) return { code, status: 404, detail: missing };
    // Its message says what is in the way, and is written for whoever asked.
    return { code, status: 409, detail: error.message };
  }
  if (!(error instanceof UpstreamError)) return undefined;
  const { upstream, code, retryable, retryAfterMs } = error;
  const name = NAMES[upstream];
  if (retryable) return unavailable(`${name} cannot be asked now (${code}).`, retryAfterMs);
  const detail = `${name} does not answer what it was asked (${code}); concord doctor says what is wrong with it.`;
  return { code: 'upstream-refused', status: 502, detail };
}
