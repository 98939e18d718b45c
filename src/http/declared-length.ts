import type { IncomingHttpHeaders } from 'node:http';

/** Bytes of the body that the headers promise; NaN when they promise nothing. */
export function declaredLength(headers: IncomingHttpHeaders): number {
  return headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : Number.NaN;
}
