/** Deliveries as Auth0 sends them, by the thousand. */
import { randomBytes } from 'node:crypto';
import { type Agent, request } from 'node:http';

export interface Answer {
  /** `broken` where the connection was closed before an answer. */
  readonly status: number | 'broken';
  readonly retryAfter: string | undefined;
}

export interface Endpoint {
  readonly url: string;
  readonly token: string;
  readonly agent: Agent;
}

export interface Entry {
  readonly log_id: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** About users whom Auth0 does not have. */
export function newEntries(count: number): readonly Entry[] {
  const user_id = `auth0|${randomBytes(12).toString('hex')}`;
  return Array.from({ length: count }, () => ({
    log_id: randomBytes(16).toString('hex'),
    data: { type: 's', user_id, date: new Date().toISOString(), description: 'x'.repeat(500) },
  }));
}

/** Resolves also where the connection breaks: a sender that is told to come later may be cut off. */
export function post({ url, token, agent }: Endpoint, body: string): Promise<Answer> {
  return new Promise((resolve) => {
    const headers = {
      authorization: token,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    };
    const sent = request(url, { agent, method: 'POST', headers }, (answer) => {
      answer.resume();
      answer.once('close', () =>
        resolve({ status: answer.statusCode ?? 'broken', retryAfter: answer.headers['retry-after'] }),
      );
    });
    sent.once('error', () => resolve({ status: 'broken', retryAfter: undefined }));
    sent.end(body);
  });
}
