/**
 * GET /api/live: changes as they happen, as server-sent events. A browser reconnects after a connection ends and then
 * gets everything again, so ending one is always safe.
 */
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { uuidv7 } from 'uuidv7';
import { BEAT } from '../../dashboard-data/answers/session.ts';
import type { DashboardData } from '../../dashboard-data/data.ts';
import type { Clock } from '../../ports/clock.ts';
import { allowOnly, errorFields, sendProblem, unavailable } from '../problem.ts';
import type { Access } from './access.ts';

export interface LiveLimits {
  /** Concurrent listeners; more are refused with 503. */
  readonly maxListeners: number;
  /** Bytes that may wait for a slow listener; with more, the connection is closed. */
  readonly maxWaitingBytes: number;
  /** Milliseconds between heartbeats. Less than the timeout of any proxy, and than `connectionTimeoutMs`. */
  readonly beatMs: number;
}

export const DEFAULT_LIVE_LIMITS: LiveLimits = {
  maxListeners: 50,
  maxWaitingBytes: 1024 * 1024,
  beatMs: BEAT.everyMs,
};

export interface LiveOptions {
  readonly dashboardData: DashboardData;
  readonly access: Access;
  readonly clock: Pick<Clock, 'now'>;
  readonly limits: LiveLimits;
}

/** Milliseconds until a browser reconnects. */
const COME_BACK_MS = 2_000;
export const STREAM_TYPE = 'text/event-stream';

export function live(options: LiveOptions): FastifyPluginAsync {
  const { access, limits } = options;
  const listeners = new Set<Listener>();
  let closing = false;
  return async (scope) => {
    // An answer that never ends would prevent the server from closing.
    scope.addHook('preClose', async () => {
      closing = true;
      for (const listener of listeners) listener.end();
    });
    scope.route({
      method: scope.supportedMethods,
      url: '/api/live',
      exposeHeadRoute: false,
      onRequest: [allowOnly('GET'), ...access.toData],
      handler: async (request, reply) => {
        if (closing) return sendProblem(reply, unavailable('The server is draining.'));
        if (listeners.size >= limits.maxListeners) {
          return sendProblem(reply, unavailable('Too many listeners are connected.'));
        }
        reply.hijack();
        const listener = open(reply, limits.maxWaitingBytes);
        listeners.add(listener);
        // A closed connection frees its place, also before the source has noticed.
        listener.signal.addEventListener('abort', () => listeners.delete(listener));
        try {
          await tell(options, listener, request);
        } finally {
          listeners.delete(listener);
          listener.end();
        }
        return reply;
      },
    });
  };
}

interface Listener {
  readonly signal: AbortSignal;
  /** Closes the connection when too much is unread. */
  send(text: string): void;
  /** May be repeated. */
  end(): void;
}

function open(reply: FastifyReply, maxWaitingBytes: number): Listener {
  const { raw } = reply;
  const gone = new AbortController();
  raw.once('close', () => gone.abort());
  // The connection may have closed meanwhile.
  if (raw.destroyed || reply.request.socket.destroyed) gone.abort();
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) raw.setHeader(name, value);
  }
  raw.setHeader('content-type', STREAM_TYPE);
  // nginx would buffer the events.
  raw.setHeader('x-accel-buffering', 'no');
  raw.writeHead(200);
  raw.write(`retry: ${COME_BACK_MS}\n\n`);
  return {
    signal: gone.signal,
    send: (text) => {
      if (gone.signal.aborted) return;
      raw.write(text);
      if (raw.writableLength > maxWaitingBytes) raw.destroy();
    },
    end: () => {
      gone.abort();
      raw.end();
    },
  };
}

async function tell(
  { dashboardData, access, clock, limits }: LiveOptions,
  listener: Listener,
  request: FastifyRequest,
): Promise<void> {
  if (listener.signal.aborted) return;
  const { expiresAtMs = Number.POSITIVE_INFINITY } = access.callerOf(request);
  const beat = setInterval(() => {
    if (clock.now().getTime() >= expiresAtMs) listener.end();
    // A comment would keep the connection too, but browsers do not pass comments to the page.
    else listener.send(`event: ${BEAT.name}\ndata: {}\n\n`);
  }, limits.beatMs);
  listener.signal.addEventListener('abort', () => clearInterval(beat));
  try {
    for await (const { name, data } of dashboardData.live(listener.signal)) {
      listener.send(`event: ${name}\nid: ${uuidv7()}\ndata: ${JSON.stringify(data)}\n\n`);
    }
  } catch (error) {
    if (!listener.signal.aborted) request.log.error(errorFields(error), 'the live messages broke off');
    else request.log.debug(errorFields(error), 'the live messages ended with an error');
  }
}
