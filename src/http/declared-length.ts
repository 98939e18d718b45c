import type { IncomingHttpHeaders } from 'node:http';

/** Bytes of the body, as declared by the headers; NaN when they declare none. */
export function declaredLength(headers: IncomingHttpHeaders): number {
  return headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : Number.NaN;
}
