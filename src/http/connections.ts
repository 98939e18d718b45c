/**
 * How many connections the server holds. A process has so many descriptors, and MongoDB, Auth0 and the PDS need theirs: a
 * server that accepts all that come leaves it without any, and then nothing that it has accepted can be done.
 */
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

export interface ConnectionLimits {
  /** Undefined for no limit. */
  readonly maxConnections: number | undefined;
  /** Called when the number of open connections changes. Must not throw. */
  readonly onConnections?: ((open: number) => void) | undefined;
  /** Called for each connection that was refused. Must not throw. */
  readonly onRefused?: (() => void) | undefined;
}

/** A flood is one line in so long. */
const SAY_EVERY_MS = 60_000;

export function limitConnections(app: FastifyInstance, limits: ConnectionLimits): void {
  const { maxConnections, onConnections, onRefused } = limits;
  const { server, log } = app;
  let open = 0;
  let refused = 0;
  let saidAtMs = Number.NEGATIVE_INFINITY;
  const refuse = (why: string): void => {
    refused += 1;
    onRefused?.();
    // Those that are only kept open for a next request give their places to others.
    server.closeIdleConnections();
    const nowMs = performance.now();
    if (nowMs - saidAtMs < SAY_EVERY_MS) return;
    log.warn({ refused, open, maxConnections }, `connections were refused: ${why}`);
    saidAtMs = nowMs;
    refused = 0;
  };
  if (maxConnections !== undefined) server.maxConnections = maxConnections;
  server.on('connection', (socket: Socket) => {
    open += 1;
    onConnections?.(open);
    socket.once('close', () => {
      open -= 1;
      onConnections?.(open);
    });
  });
  server.on('drop', () => refuse('server.maxConnections is reached'));
  // Without a listener an error of accept, such as EMFILE, would end the process.
  server.on('error', (error: NodeJS.ErrnoException) => {
    if (error.syscall === 'accept') refuse(`the process has no descriptor left (${error.code})`);
  });
}
