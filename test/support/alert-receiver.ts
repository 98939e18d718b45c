import type { ServerResponse } from 'node:http';
import { bodyOf, localServer } from './local-server.ts';

/** What a receiver of alerts is sent. */
export interface Told {
  readonly id: string;
  readonly type: string;
  readonly cause: string;
  readonly [field: string]: unknown;
}

export interface AlertReceiver {
  readonly url: string;
  /** What it took, in the order in which it came. */
  readonly told: Told[];
  /** Everything that was sent, also what it did not take. */
  readonly sent: Told[];
  /** How it answers from now on, to so many requests, or to those about one cause; it takes everything else. */
  answer(how: (response: ServerResponse) => void, times?: number, cause?: string): void;
}

/** A server on loopback that is told of alerts, lives as long as the test and behaves as badly as it is asked to. */
export async function alertReceiver(): Promise<AlertReceiver> {
  const told: Told[] = [];
  const sent: Told[] = [];
  let bad:
    | { readonly how: (response: ServerResponse) => void; readonly cause: string | undefined; left: number }
    | undefined;
  const { origin } = await localServer(async (request, response) => {
    const notice = JSON.parse(await bodyOf(request)) as Told;
    sent.push(notice);
    if (bad !== undefined && bad.left > 0 && (bad.cause ?? notice.cause) === notice.cause) {
      bad.left -= 1;
      bad.how(response);
      return;
    }
    told.push(notice);
    response.writeHead(204).end();
  });
  return {
    url: `${origin}/hooks/T0?secret=s3cret`,
    told,
    sent,
    answer: (how, times = 1, cause) => {
      bad = { how, cause, left: times };
    },
  };
}

/** Answers with this status. */
export function status(code: number, headers: Record<string, string> = {}) {
  return (response: ServerResponse): void => void response.writeHead(code, headers).end('no');
}

/** Never answers. */
export function stall(): void {}
