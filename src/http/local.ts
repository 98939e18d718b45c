/** Who asks from this machine, which is who is answered where no token says who may ask. */
import type { FastifyRequest } from 'fastify';

/** What proxies say of whom they pass on. */
const PASSED_ON = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'] as const;

/**
 * A proxy on this machine connects from it, whoever asked: so what was passed on is from elsewhere. nginx says nothing
 * of that unless it is told to, and asks by its own name for us; but it speaks HTTP/1.0, which nobody else does.
 */
export function isLocal(request: FastifyRequest): boolean {
  const address = request.socket.remoteAddress ?? '';
  const isLoopback = address === '::1' || /^(::ffff:)?127\./.test(address);
  if (!isLoopback || request.raw.httpVersion === '1.0') return false;
  return PASSED_ON.every((name) => request.headers[name] === undefined);
}
