/** Whether a request comes from this machine: without a token only those are answered. */
import type { FastifyRequest } from 'fastify';

/** The headers that proxies add to forwarded requests. */
const PASSED_ON = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'] as const;

/**
 * A proxy on this machine forwards requests of other machines, so a forwarded request counts as from elsewhere. nginx
 * adds no such header by default and replaces the Host, but it uses HTTP/1.0, which no other client does.
 */
export function isLocal(request: FastifyRequest): boolean {
  const address = request.socket.remoteAddress ?? '';
  const isLoopback = address === '::1' || /^(::ffff:)?127\./.test(address);
  if (!isLoopback || request.raw.httpVersion === '1.0') return false;
  return PASSED_ON.every((name) => request.headers[name] === undefined);
}
