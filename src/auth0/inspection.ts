/**
 * One Auth0 tenant as `doctor` checks it: what the application may read, and how the streams are set up.
 * Every request is made once, however many checks use its answer.
 *
 * The users are asked for first, and alone, so that what their answer says is left of the limit is not what
 * our own other questions have left of it.
 */
import { z } from 'zod';
import { UpstreamError } from '../errors.ts';
import type {
  Allowed,
  Auth0Inspection,
  InspectedEventStream,
  InspectedLogStream,
} from '../ports/inspection.ts';
import { createCaller } from '../upstream/caller.ts';
import { aheadMs, quotaIn } from '../upstream/headers.ts';
import { type Auth0ClientOptions, apiOrigin, tokenCall } from './client.ts';
import { createSdkCaller, type SdkCall } from './sdk.ts';

const TokenAnswer = z.object({ access_token: z.string().min(1), scope: z.string().optional() });
const Claims = z.object({ scope: z.string() });
export const LogStreamsAnswer = z.array(
  z.object({
    id: z.string(),
    name: z.string().default(''),
    status: z.enum(['active', 'paused', 'suspended']),
    isPriority: z.boolean().default(false),
    filters: z.array(z.object({ name: z.string().optional() })).default([]),
    sink: z
      .object({
        httpEndpoint: z.string(),
        httpAuthorization: z.string().optional(),
        httpCustomHeaders: z.array(z.object({ header: z.string().optional() })).optional(),
      })
      .optional()
      .catch(undefined),
  }),
);
export const EventStreams = z.array(
  z.object({
    status: z.enum(['enabled', 'disabled']),
    subscriptions: z.array(z.object({ event_type: z.string().optional() })).default([]),
    destination: z
      .object({ configuration: z.object({ webhook_endpoint: z.string().optional() }) })
      .optional(),
  }),
);
const EventStreamsAnswer = z.union([
  EventStreams,
  z.object({ eventStreams: EventStreams }).transform(({ eventStreams }) => eventStreams),
]);

export function createAuth0Inspection(options: Auth0ClientOptions): Auth0Inspection {
  const { domain, clientId, clientSecret, clock, limiter, timeoutMs, fetch } = options;
  const guard = { clock, limiter, fetch, timeoutMs };
  const origin = apiOrigin(options);
  const send = createSdkCaller(origin, guard);
  const askForToken = createCaller({ ...guard, upstream: 'auth0', origin });
  const token = once(() =>
    askForToken({
      ...tokenCall({ domain, clientId, clientSecret }),
      parse: (body) => {
        const { access_token, scope } = TokenAnswer.parse(body);
        return { access_token, scopes: (scope ?? scopeClaim(access_token))?.split(' ').filter(Boolean) };
      },
    }),
  );
  const ask = async <T>(call: Omit<SdkCall<T>, 'method'>): Promise<Allowed<T>> => {
    const { access_token } = await token();
    try {
      return await send({ ...call, method: 'GET' }, access_token);
    } catch (error) {
      if (error instanceof UpstreamError && error.code === 'FORBIDDEN') return 'forbidden';
      throw error;
    }
  };
  const users = once(() => {
    const askedAt = clock.now();
    return ask({
      route: 'users.list',
      send: async (sdk) =>
        (await sdk.users()).list({
          ...{ page: 0, per_page: 1, fields: 'user_id', include_fields: true, include_totals: null },
        }),
      parse: (_body, headers) => ({
        aheadMs: aheadMs(headers, askedAt, clock.now()),
        quota: quotaIn(headers, clock.now()),
      }),
    });
  });
  const afterUsers = <T>(call: Omit<SdkCall<T>, 'method'>) =>
    once(async () => {
      // The caller that needs the users handles the error.
      await users().catch(() => undefined);
      return ask(call);
    });
  return {
    token,
    users,
    logs: afterUsers({
      route: 'logs.oldest',
      send: async (sdk) => (await sdk.logs()).list({ page: 0, per_page: 1, include_totals: null }),
      bucket: 'logs',
      parse: () => 'readable' as const,
    }),
    logStreams: afterUsers({
      route: 'logStreams.list',
      send: async (sdk) => (await sdk.logStreams()).list().withRawResponse(),
      bucket: 'other',
      parse: logStreamsIn,
    }),
    eventStreams: afterUsers({
      route: 'eventStreams.list',
      send: async (sdk) => (await sdk.eventStreams()).list(),
      bucket: 'other',
      parse: eventStreamsIn,
    }),
  };
}

function logStreamsIn(body: unknown): readonly InspectedLogStream[] {
  return LogStreamsAnswer.parse(body).map(({ id, name, status, isPriority, filters, sink }) => ({
    ...{ id, name, status, isPriority },
    endpoint: sink?.httpEndpoint,
    authorization: sink?.httpAuthorization,
    filters: filters.flatMap((filter) => filter.name ?? []),
    headers: (sink?.httpCustomHeaders ?? []).flatMap(({ header }) => header?.toLowerCase() ?? []),
  }));
}

function eventStreamsIn(body: unknown): readonly InspectedEventStream[] {
  return EventStreamsAnswer.parse(body).map(({ status, subscriptions, destination }) => ({
    isEnabled: status === 'enabled',
    types: subscriptions.flatMap(({ event_type }) => event_type ?? []),
    endpoint: destination?.configuration.webhook_endpoint,
  }));
}

/** Tokens are opaque; but where the answer beside it does not say what was granted, Auth0's own carry it. */
function scopeClaim(token: string): string | undefined {
  const payload = token.split('.')[1];
  if (payload === undefined) return undefined;
  try {
    return Claims.safeParse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))).data?.scope;
  } catch {
    return undefined;
  }
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= ask();
    return answer;
  };
}
