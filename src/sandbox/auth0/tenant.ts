import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { standardError } from './api-error.ts';
import type { Clock } from './clock.ts';
import { Faults } from './faults.ts';
import { addEventStreamRoutes } from './logs/event-stream-routes.ts';
import { addLogRoutes } from './logs/log-routes.ts';
import { LogStore } from './logs/log-store.ts';
import type { DeliverySettings } from './logs/log-stream.ts';
import { addLogStreamRoutes } from './logs/log-stream-routes.ts';
import { LogStreams } from './logs/log-streams.ts';
import {
  type EventStreamControl,
  eventStreamControlOf,
  type LogStreamControl,
  logStreamControlOf,
} from './logs/tenant-streams.ts';
import { createRandomness } from './randomness.ts';
import { type RateLimit, TokenBucket } from './rate-limit.ts';
import { RequestCounter } from './request-counter.ts';
import { createServer, notFound } from './server.ts';
import { AccessTokens } from './users/access-tokens.ts';
import { AccountLinking } from './users/account-linking.ts';
import { addSignUpRoutes, addTokenRoute } from './users/authentication-routes.ts';
import { ExportJobs } from './users/export-jobs.ts';
import { addIdentityRoutes } from './users/identity-routes.ts';
import { addDownloadRoute, addJobRoutes } from './users/job-routes.ts';
import { Logins } from './users/logins.ts';
import { InexactListings, type ListingFlaws, OddFields } from './users/odd-values.ts';
import { Grant, scopesFor } from './users/scopes.ts';
import { type People, peopleOf } from './users/tenant-people.ts';
import { type DeletionEntry, UserDirectory } from './users/user-directory.ts';
import { addUserReadRoutes, addUserWriteRoutes } from './users/user-routes.ts';
import { UserStore } from './users/user-store.ts';

export interface Auth0TenantOptions {
  /** The tenant's name, such as `aesthetic`. */
  readonly tenant: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Port on 127.0.0.1; 0, the default, takes any that is free. */
  readonly port?: number;
  /** Everything random follows from it; default 1. */
  readonly seed?: number;
  /** Default: the real time. */
  readonly clock?: Clock;
  /** How far list, search and export lag behind writes, ms; default 500. */
  readonly indexDelayMs?: number;
  /** How far the logs API lags behind events, ms; default 0. Streams never wait for it. */
  readonly logDelayMs?: number;
  /** One token bucket for the Management API; default 200 requests/s, burst 400. */
  readonly rateLimit?: RateLimit;
  /** How long a log entry is kept, days; default 30. */
  readonly retentionDays?: number;
  /** How long a bearer token lives, seconds; default 86,400. */
  readonly tokenLifetimeS?: number;
  /** Duration of an export job, ms; default 200. */
  readonly exportMs?: number;
  /** Whether the export file is gzipped; default true. No source settles it, so both can be had. */
  readonly exportGzip?: boolean;
  /** Whether a first social login also logs `ss`; default false. No source settles it, so both can be had. */
  readonly logsSocialSignup?: boolean;
  /** How log streams deliver; every value has a default. */
  readonly delivery?: Partial<Omit<DeliverySettings, 'seed' | 'clock'>>;
}

/** A running stand-in for one Auth0 tenant. */
export interface Auth0Tenant extends People {
  /** Where it listens, such as `http://127.0.0.1:40123`. */
  readonly url: string;
  /** The host name that a client is configured with, such as `aesthetic.us.auth0.com`. */
  readonly domain: string;
  readonly logStream: LogStreamControl;
  readonly eventStream: EventStreamControl;
  readonly logs: LogStore;
  readonly faults: Faults;
  /** Users that are read with fields missing, null or of other types. */
  readonly oddFields: OddFields;
  /** Which entries a deletion writes from now on; undefined as at first. */
  logDeletions(entries: readonly DeletionEntry[] | undefined): void;
  /** How listings and exports are wrong from now on; nothing named is right. */
  misstateListings(flaws: ListingFlaws): void;
  readonly requests: RequestCounter;
  /** The scopes of the application. Tokens that are out keep theirs. */
  grant(scopes: readonly string[]): void;
  /** Another limit, of which so many calls are left: others have used it too. */
  limit(rateLimit: RateLimit, left: number): void;
  /** Makes every bearer token expire at once. */
  expireTokens(): void;
  /** Ends deliveries and open requests at once, and closes the port. */
  stop(): Promise<void>;
}

const DELIVERY_DEFAULTS: Omit<DeliverySettings, 'seed' | 'clock'> = {
  batchMax: 20,
  duplicateShare: 0.15,
  gatherMs: 20,
  attemptBackoffMs: 50,
  cyclePauseMs: 500,
  requestTimeoutMs: 10_000,
};

const REAL_TIME: Clock = () => new Date();

export async function startAuth0Tenant(options: Auth0TenantOptions): Promise<Auth0Tenant> {
  const { tenant, clock = REAL_TIME, seed = 1 } = options;
  const domain = `${tenant}.us.auth0.com`;
  const randomness = createRandomness(seed);
  const users = new UserStore(clock, options.indexDelayMs ?? 500);
  const { logDelayMs = 0, retentionDays = 30, logsSocialSignup = false } = options;
  const logs = new LogStore({ tenant, hostname: domain, clock, randomness, logDelayMs, retentionDays });
  const shared = { tenant, users, logs, clock, randomness };
  const directory = new UserDirectory(shared);
  const logins = new Logins({ ...shared, logsSocialSignup });
  const linking = new AccountLinking(shared);
  const odd = new OddFields();
  const inexact = new InexactListings();
  const delivery = { ...DELIVERY_DEFAULTS, ...options.delivery, seed, clock };
  const streams = new LogStreams(logs, delivery);
  const eventStream = eventStreamControlOf(users, { ...delivery, tenant, randomness });
  const { exportMs: durationMs = 200, exportGzip: gzip = true } = options;
  const jobs = new ExportJobs({ clock, randomness, durationMs, gzip });
  const tokens = new AccessTokens(clock, randomness, options.tokenLifetimeS ?? 86_400);
  const bucket = new TokenBucket(options.rateLimit ?? { requestsPerSecond: 200, burst: 400 }, clock);
  const requests = new RequestCounter();
  const faults = new Faults();

  const server = createServer(requests, faults);
  const grant = new Grant();
  addTokenRoute(server, options, tokens, domain, grant);
  addSignUpRoutes(server, directory);
  addDownloadRoute(server, jobs);
  server.register(
    async (api) => {
      guard(api, bucket, tokens);
      addUserReadRoutes(api, users, odd, inexact);
      addUserWriteRoutes(api, directory, options.clientId);
      addIdentityRoutes(api, linking, options.clientId);
      addLogRoutes(api, logs);
      addLogStreamRoutes(api, streams, logs, options.clientId);
      addEventStreamRoutes(api, eventStream.all);
      const exported = { store: users, odd, inexact };
      addJobRoutes(api, jobs, exported, logs, options.clientId, `${tenant}.json${gzip ? '.gz' : ''}`);
    },
    { prefix: '/api/v2' },
  );
  await server.listen({ host: '127.0.0.1', port: options.port ?? 0 });
  const url = `http://127.0.0.1:${portOf(server)}`;

  return {
    ...peopleOf({ directory, logins, linking, users, clock, url }),
    url,
    domain,
    logStream: logStreamControlOf(streams),
    eventStream,
    logs,
    faults,
    oddFields: odd,
    logDeletions: (entries) => {
      directory.deletionEntries = entries;
    },
    misstateListings: (flaws) => {
      inexact.flaws = flaws;
    },
    requests,
    grant: (scopes) => {
      grant.scopes = scopes;
    },
    limit: (rateLimit, left) => bucket.change(rateLimit, left),
    expireTokens: () => tokens.expireAll(),
    async stop() {
      await Promise.all([streams.stop(), eventStream.stop()]);
      await server.close();
    },
  };
}

/** What every Management API route, known or not, goes through: the rate limit first, then the token. */
function guard(api: FastifyInstance, bucket: TokenBucket, tokens: AccessTokens): void {
  api.addHook('onRequest', async (request, reply) => {
    const { admitted, limit, remaining, resetS } = bucket.take();
    reply.headers({
      'x-ratelimit-limit': limit,
      'x-ratelimit-remaining': remaining,
      'x-ratelimit-reset': resetS,
    });
    // The standard limits tell by x-ratelimit-reset when to come back; they send no Retry-After.
    if (!admitted) throw standardError(429);
    tokens.check(request.headers.authorization, scopesFor(request.method, request.routeOptions.url));
  });
  api.setNotFoundHandler(notFound);
}

function portOf(server: FastifyInstance): number {
  // Listening on a port, the address is never the name of a pipe.
  const address = server.server.address() as AddressInfo;
  return address.port;
}
