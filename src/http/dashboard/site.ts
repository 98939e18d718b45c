/**
 * What a browser does for a foreign page is refused, whoever sits in front of it.
 *
 * - A page of another site sends requests here: the browser says so in `Sec-Fetch-Site`, or in `Origin`.
 * - A page of a name that was made to point to this machine (DNS rebinding) is of the same origin by all that the
 *   browser knows; only the name gives it away.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { sendProblem } from '../problem.ts';

/** Lets a request pass, or has answered it. */
export type Gate = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined>;

const NAMES_OF_THIS_MACHINE: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Whether it was asked for by a name that is this machine's wherever one is. */
export function isNamedLocally(request: FastifyRequest): boolean {
  const host = request.headers.host ?? '';
  return NAMES_OF_THIS_MACHINE.has(host.replace(/:[0-9]+$/, '').toLowerCase());
}

export const refuseOtherSites: Gate = async (request, reply) => {
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    return sendProblem(reply, {
      code: 'cross-site',
      status: 403,
      detail: 'Only the dashboard itself is answered here, and this request comes from another site.',
    });
  }
  if (isOfThisOrigin(request)) return undefined;
  return sendProblem(reply, {
    code: 'wrong-origin',
    status: 403,
    detail:
      'The Origin is not this host. A proxy in front of Concord has to pass on the Host it was asked for.',
  });
};

/** Without an Origin, too: browsers name it with whatever may change something. */
function isOfThisOrigin({ headers }: FastifyRequest): boolean {
  const { origin } = headers;
  if (origin === undefined) return true;
  if (!URL.canParse(origin)) return false;
  const { protocol, host } = new URL(origin);
  // No foreign page can set the second, because a header of that name has to be allowed first.
  const asked = [
    headers.host,
    String(headers['x-forwarded-host'] ?? '')
      .split(',')[0]
      ?.trim(),
  ];
  return asked.some((name) => hostOf(`${protocol}//${name ?? ''}`) === host);
}

/** As URLs have it: lower-case, without the port that goes without saying. */
function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined;
}

/** Whether the browser speaks https with whoever stands in front of us, as far as that can be told. */
export function isSecure({ headers }: FastifyRequest): boolean {
  const forwarded = `${headers.forwarded ?? ''};proto=${headers['x-forwarded-proto'] ?? ''}`;
  return headers.origin?.startsWith('https://') === true || /proto="?https/i.test(forwarded);
}
