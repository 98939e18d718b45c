/**
 * Refuses requests that a browser sends for a foreign page.
 *
 * - A page of another site sends requests here: the browser says so in `Sec-Fetch-Site`, or in `Origin`.
 * - A page under a name that points to this machine (DNS rebinding) has the same origin for the browser; only the Host
 *   reveals it.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { sendProblem } from '../problem.ts';

/** Admits a request, or has answered it. */
export type Gate = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined>;

const NAMES_OF_THIS_MACHINE: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Whether the Host is a name that always means this machine. */
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
      detail: 'This request comes from another site. Only requests of the dashboard itself are answered.',
    });
  }
  if (isOfThisOrigin(request)) return undefined;
  return sendProblem(reply, {
    code: 'wrong-origin',
    status: 403,
    detail: 'The Origin is not this host. A proxy in front of Concord must forward the Host unchanged.',
  });
};

/** Also true without an Origin: browsers send it with every request that may change something. */
function isOfThisOrigin({ headers }: FastifyRequest): boolean {
  const { origin } = headers;
  if (origin === undefined) return true;
  if (!URL.canParse(origin)) return false;
  const { protocol, host } = new URL(origin);
  // A foreign page cannot set the second, because that header needs a preflight.
  const asked = [
    headers.host,
    String(headers['x-forwarded-host'] ?? '')
      .split(',')[0]
      ?.trim(),
  ];
  return asked.some((name) => hostOf(`${protocol}//${name ?? ''}`) === host);
}

/** As in URLs: lower-case, without the default port. */
function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined;
}

/** Whether the browser uses https to the proxy in front of us, as far as the headers say. */
export function isSecure({ headers }: FastifyRequest): boolean {
  const forwarded = `${headers.forwarded ?? ''};proto=${headers['x-forwarded-proto'] ?? ''}`;
  return headers.origin?.startsWith('https://') === true || /proto="?https/i.test(forwarded);
}
