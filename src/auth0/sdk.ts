/**
 * Calls to the Management API by the clients of the `auth0` SDK. Each is loaded at the first call that needs it, and from its
 * own sub-path: loaded as a whole, the SDK takes twice the time.
 */
import type { EventStreamsClient } from 'auth0/eventStreams';
import type { JobsClient } from 'auth0/jobs';
import type { LogStreamsClient } from 'auth0/logStreams';
import type { LogsClient } from 'auth0/logs';
import type { UsersClient } from 'auth0/users';
import {
  createGuardedFetch,
  type GuardedCall,
  type GuardOptions,
  placeOf,
} from '../upstream/guarded-fetch.ts';
import type { Reading } from '../upstream/interpret.ts';
import { fetchForSdk, throughSdk } from '../upstream/sdk.ts';

export interface SdkCall<T> extends GuardedCall, Reading<T> {
  /** Makes the call. */
  readonly send: (sdk: Sdk) => Promise<SdkResponse>;
}

interface Sdk {
  readonly users: () => Promise<UsersClient>;
  readonly logs: () => Promise<LogsClient>;
  readonly jobs: () => Promise<JobsClient>;
  readonly logStreams: () => Promise<LogStreamsClient>;
  readonly eventStreams: () => Promise<EventStreamsClient>;
}

/** What `withRawResponse` gives, or a page of a listing, which has the whole answer as its `response`. */
interface SdkResponse {
  readonly data: unknown;
  readonly response?: unknown;
  readonly rawResponse: { readonly headers: Headers };
}

export type SdkCaller = <T>(call: SdkCall<T>, token: string) => Promise<T>;

/** `origin`: scheme, host and port of the API. */
export function createSdkCaller(origin: string, options: Omit<GuardOptions, 'upstream'>): SdkCaller {
  const guardedFetch = createGuardedFetch({ ...options, upstream: 'auth0' });
  return (call, token) =>
    throughSdk(placeOf('auth0', call), call, async () => {
      const sdk = sdkWith({
        baseUrl: `${origin}/api/v2`,
        token,
        fetch: fetchForSdk(guardedFetch, call),
        maxRetries: 0,
        // The guarded fetch bounds the time. A timer of the SDK outlives a call that fails, and would keep a command from ending.
        timeoutInSeconds: 0,
      });
      const answer = await call.send(sdk);
      return {
        data: 'response' in answer ? answer.response : answer.data,
        headers: answer.rawResponse.headers,
      };
    });
}

function sdkWith(options: UsersClient.Options): Sdk {
  return {
    users: async () => new (await import('auth0/users')).UsersClient(options),
    logs: async () => new (await import('auth0/logs')).LogsClient(options),
    jobs: async () => new (await import('auth0/jobs')).JobsClient(options),
    logStreams: async () => new (await import('auth0/logStreams')).LogStreamsClient(options),
    eventStreams: async () => new (await import('auth0/eventStreams')).EventStreamsClient(options),
  };
}
