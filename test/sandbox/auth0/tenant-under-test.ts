import { afterEach } from 'vitest';
import type { LogData } from '../../../src/sandbox/auth0/logs/log-entry.ts';
import {
  type Auth0Tenant,
  type Auth0TenantOptions,
  startAuth0Tenant,
} from '../../../src/sandbox/auth0/tenant.ts';
import type { TenantUser } from '../../../src/sandbox/auth0/users/user.ts';

/** A clock that stands still until it is moved, so that no test sleeps. */
export class TestClock {
  #nowMs: number;

  constructor(start = '2025-10-14T12:00:00.000Z') {
    this.#nowMs = Date.parse(start);
  }

  readonly read = (): Date => new Date(this.#nowMs);

  advance(ms: number): void {
    this.#nowMs += ms;
  }

  set(time: string): void {
    this.#nowMs = Date.parse(time);
  }
}

export const APPLICATION = { clientId: 'cli_m2m', clientSecret: 'not-a-real-secret' };

const running: { stop(): Promise<void> }[] = [];

/** Stops whatever a test started, after the test. */
export function stopAfterTest<Started extends { stop(): Promise<void> }>(started: Started): Started {
  running.push(started);
  return started;
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((started) => started.stop()));
});

export async function startTenant(options: Partial<Auth0TenantOptions> = {}): Promise<Auth0Tenant> {
  const delivery = { gatherMs: 1, attemptBackoffMs: 1, cyclePauseMs: 1 };
  return stopAfterTest(
    await startAuth0Tenant({ tenant: 'aesthetic', ...APPLICATION, indexDelayMs: 0, delivery, ...options }),
  );
}

export async function tokenOf(tenant: Auth0Tenant): Promise<string> {
  const response = await fetch(`${tenant.url}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: APPLICATION.clientId,
      client_secret: APPLICATION.clientSecret,
      audience: `https://${tenant.domain}/api/v2/`,
    }),
  });
  const { access_token } = (await response.json()) as { access_token: string };
  return access_token;
}

export interface Answer<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** What a test looks at unless it says otherwise: an error, a user, or a page with totals. */
type AnswerBody = TenantUser & {
  statusCode: number;
  message: string;
  errorCode: string;
  length: number;
  total: number;
  users: TenantUser[];
  logs: LogData[];
};

export type Call = <Body = AnswerBody>(method: string, path: string, body?: unknown) => Promise<Answer<Body>>;

/** Calls the Management API with a token; `path` begins after `/api/v2`. */
export async function managementApi(tenant: Auth0Tenant): Promise<Call> {
  const token = await tokenOf(tenant);
  return async (method, path, body) => {
    const response = await fetch(`${tenant.url}/api/v2${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? undefined : JSON.parse(text),
    };
  };
}

/** Query string for `path`. */
export function query(parameters: Record<string, string | number | boolean>): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters)) search.set(key, String(value));
  return `?${search.toString()}`;
}
