/** More deliveries than a server can take, sent by the clock and not when it is ready for them. */
import { setTimeout as delay } from 'node:timers/promises';
import { postKept, sender } from './post.ts';
import { atOnce, rateOf } from './work.ts';

export interface Flood {
  readonly url: string;
  readonly token: string;
  /** Sent again and again, in turn. */
  readonly bodies: readonly Buffer[];
  readonly seconds: number;
  /** How many times the rate that the server was seen to take. */
  readonly times: number;
  /** Told of every delivery that was acknowledged, by its place in `bodies`. */
  readonly onKept: (at: number) => void;
}

export interface FloodOutcome {
  readonly answers: number;
  /** Answers that are neither 200 nor 429 or 503 with Retry-After. */
  readonly improper: number;
}

const TICK_MS = 10;
const CONNECTIONS = 8;
/** Sockets are the sender's to count: so many deliveries are on their way at once, and the rest is not sent. */
const MOST_ON_THEIR_WAY = 1_000;

export async function flood({ url, token, bodies, seconds, times, onKept }: Flood): Promise<FloodOutcome> {
  const calm = sender(url, token, CONNECTIONS);
  const first = bodies.slice(0, 100);
  const rate = await rateOf(first.length, () => atOnce(CONNECTIONS, first, (body) => postKept(calm, body)));
  for (const at of first.keys()) onKept(at);
  calm.close();

  const to = sender(url, token, MOST_ON_THEIR_WAY);
  const outcome = { answers: 0, improper: 0 };
  const onTheirWay = new Set<Promise<void>>();
  const send = async (at: number, body: Buffer): Promise<void> => {
    const answer = await to.post(body).catch(broken);
    // A connection that the server closed while the body was on its way says nothing: the sender comes again.
    if (answer === undefined) return;
    outcome.answers += 1;
    const isLater = (answer.status === 429 || answer.status === 503) && Number(answer.retryAfter) > 0;
    if (answer.status === 200) onKept(at);
    else if (!isLater) outcome.improper += 1;
  };
  const startedAt = performance.now();
  let sent = 0;
  for (;;) {
    const passed = (performance.now() - startedAt) / 1_000;
    if (passed >= seconds) break;
    const wanted = Math.floor(passed * rate * times);
    for (; sent < wanted; sent += 1) {
      const at = sent % bodies.length;
      const body = bodies[at];
      if (body === undefined || onTheirWay.size >= MOST_ON_THEIR_WAY) continue;
      const sending = send(at, body).finally(() => onTheirWay.delete(sending));
      onTheirWay.add(sending);
    }
    await delay(TICK_MS);
  }
  await Promise.all(onTheirWay);
  to.close();
  return outcome;
}

function broken(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')) {
    return undefined;
  }
  throw error;
}
