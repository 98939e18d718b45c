/** Who answers where a stream delivers. Asked with GET and no token: a Concord says 405, and nothing is kept of it. */
import { z } from 'zod';
import type { EndpointAnswer } from '../ports/inspection.ts';

const Problem = z.object({ type: z.string().startsWith('urn:concord:problem:') });
const MAX_CHARACTERS = 10_000;

/** Never throws: "no answer" is a result too, and is normal before the first start. */
export async function askEndpoint(endpoint: string, timeoutMs: number): Promise<EndpointAnswer> {
  let status: number;
  let text: string;
  try {
    const answer = await fetch(endpoint, { redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) });
    status = answer.status;
    text = await answer.text();
  } catch {
    return { by: 'nobody' };
  }
  if (isConcord(text)) return { by: status === 405 ? 'concord' : 'concord-without-tenant' };
  // A proxy may let only POST through, or say that there is nothing behind it.
  const isTelling = (status >= 200 && status < 400) || status === 404 || status === 410;
  return isTelling ? { by: 'another', status } : { by: 'nobody' };
}

function isConcord(text: string): boolean {
  if (text.length > MAX_CHARACTERS) return false;
  try {
    return Problem.safeParse(JSON.parse(text)).success;
  } catch {
    return false;
  }
}
