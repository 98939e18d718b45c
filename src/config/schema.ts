/**
 * What a setting may be, with a description of it for docs/configuration.md. `config/default.yaml` says what each one means
 * and has its default, so there are no defaults here.
 */

import { z } from 'zod';
import { parseKeyRing } from '../credentials/envelope.ts';
import { exclusionProblem } from '../exclusion.ts';
import { parseTenantId, type TenantId } from '../identity.ts';
import { cron, decimal, flag, given, isWebUrl, oneOf, secret, text, webUrl, whole } from './values.ts';

/** The shortest webhook token: as many bytes as the digest it is compared by. */
export const MIN_TOKEN_BYTES = 32;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const token = secret
  .refine(
    (value) => Buffer.byteLength(value) >= MIN_TOKEN_BYTES,
    `must be at least ${MIN_TOKEN_BYTES} bytes long (openssl rand -hex 32 makes one)`,
  )
  .describe(`a secret of at least ${MIN_TOKEN_BYTES} bytes`);

const tokens = z
  .array(token)
  .max(4, 'must be at most 4 tokens: one, and the next while it is being rotated')
  .describe(`a list of up to 4 secrets of at least ${MIN_TOKEN_BYTES} bytes`)
  .default([]);

const exclude = z
  .array(
    z.unknown().transform((entry, context): string => {
      const problem = exclusionProblem(entry);
      if (problem === undefined) return String(entry);
      context.addIssue({ code: 'custom', message: problem });
      return z.NEVER;
    }),
    'must be a list of keys and patterns',
  )
  .max(10_000, 'must have at most 10,000 entries')
  .describe('a list of up to 10,000 keys and patterns')
  .default([]);

const NAME = '1 to 32 lower-case letters, digits and hyphens';

const tenant = z
  .strictObject({
    id: z
      .custom<TenantId>(
        (value) => typeof value === 'string' && parseTenantId(value) !== undefined,
        `must be ${NAME}`,
      )
      .describe(NAME),
    domain: given(
      text(
        'a host name such as example.eu.auth0.com, without https:// and without a path',
        /^[a-z0-9][a-z0-9.-]{0,252}(:[0-9]{1,5})?$/i,
      ),
    ),
    managementUrl: webUrl('https://example.eu.auth0.com').optional(),
    clientId: given(secret),
    clientSecret: given(secret),
    logTokens: tokens,
    eventTokens: tokens,
    logRetentionDays: whole(1, 3_650).nullable().default(null),
    keyPrefix: text(
      'empty, or up to 32 lower-case letters, digits and hyphens that end in a hyphen',
      /^([a-z0-9][a-z0-9-]{0,30}-)?$/,
    ).default(''),
    emailTag: z
      .union(
        [z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/), z.literal(false)],
        `must be ${NAME}, or false for none`,
      )
      .describe(`${NAME}, or false for none`)
      .nullable()
      .default(null),
    sisterOf: z
      .custom<TenantId>(
        (value) => typeof value === 'string' && parseTenantId(value) !== undefined,
        'must be the id of another tenant',
      )
      .describe('the id of another tenant')
      .nullable()
      .default(null),
    requestsPerSecond: decimal(0.1, 10_000).nullable().default(null),
    exclude,
  })
  .transform((value) => ({ ...value, managementUrl: value.managementUrl ?? managementUrl(value.domain) }));

/** Empty where the domain is missing too, which has no effect: without a domain there is no client. */
function managementUrl(domain: string | undefined): string {
  return domain === undefined ? '' : `https://${domain}`;
}

const backoff = z
  .strictObject({
    firstMs: whole(1, HOUR_MS),
    factor: decimal(1, 10),
    maxMs: whole(1, 7 * DAY_MS),
    jitter: decimal(0, 1),
  })
  .refine((value) => value.maxMs >= value.firstMs, {
    path: ['maxMs'],
    error: 'must not be less than firstMs',
  });

const limit = z.strictObject({ share: decimal(0, 1), count: whole(0, 1_000_000) });

/** The address of a receiver is its secret, so it may have a query, and no message repeats it. */
const receiverUrl = z
  .string('must be an http(s) URL')
  .refine((value) => isWebUrl(value), 'must be an http(s) URL, without user and password')
  .describe('an http(s) URL, without user and password');

const receiver = z.strictObject({
  name: text(NAME, /^[a-z0-9][a-z0-9-]{0,31}$/),
  format: oneOf('json', 'slack'),
  url: receiverUrl.optional(),
});

const DATABASE = /^[^\s/\\."$*<>:|?]{1,63}$/;

export const configSchema = z
  .strictObject({
    mongodb: z.strictObject({
      uri: given(
        text(
          'a URI that begins with mongodb:// or mongodb+srv://',
          /^mongodb(\+srv)?:\/\/[^\s]+$/,
          'must begin with mongodb:// or mongodb+srv://',
        ),
      ),
      database: given(text('the name of a database', DATABASE)),
    }),
    pds: z.strictObject({
      url: given(webUrl('https://pds.example.com')),
      adminPassword: given(secret),
      rateLimitBypassKey: secret.optional(),
      plcUrl: webUrl('https://plc.directory'),
      requestTimeoutMs: whole(100, 10 * MINUTE_MS),
      requestsPerSecond: decimal(0.1, 10_000).nullable(),
    }),
    credentials: z.strictObject({
      storage: oneOf('sealed', 'plaintext').nullable().default(null),
      keys: z.string().superRefine(checkKeys).describe('a list of keys').optional(),
    }),
    tenants: z
      .array(tenant)
      .min(1, 'must name at least one tenant')
      .max(100, 'must name at most 100 tenants'),
    exclude,
    auth0: z.strictObject({
      freshForMs: whole(0, MINUTE_MS),
      loginFreshForMs: whole(0, 30 * DAY_MS),
      requestTimeoutMs: whole(100, 10 * MINUTE_MS),
    }),
    engine: z.strictObject({
      concurrency: whole(1, 256),
      leaseMs: whole(1_000, HOUR_MS),
      maxLeaseMs: whole(1_000, DAY_MS),
      pollMs: whole(10, HOUR_MS),
      backoff,
      quarantineAfter: whole(1, 1_000),
      stopDeadlineMs: whole(0, HOUR_MS),
      settleMs: whole(0, DAY_MS),
      refusalRetryMs: whole(1, 30 * DAY_MS),
      recheckMs: whole(1, 30 * DAY_MS),
      listInactiveMs: whole(0, DAY_MS),
    }),
    schedule: z.strictObject({ pull: cron, reconcile: cron, sweep: cron }),
    server: z.strictObject({
      host: text('an address to listen on', /^[a-zA-Z0-9.:-]{1,253}$/),
      port: whole(0, 65_535),
      bodyLimitBytes: whole(1_024, 64 * 1_024 * 1_024),
      maxConnections: whole(1, 1_000_000).nullable(),
      metricsToken: token.optional(),
      dashboardToken: token.optional(),
    }),
    policy: z.strictObject({
      observeOnly: flag,
      blocked: oneOf('report', 'deactivate'),
      removal: oneOf('report', 'deactivate', 'delete'),
      removalGraceMs: whole(0, 365 * DAY_MS),
      remnant: oneOf('report', 'recreate'),
      linked: oneOf('report', 'transfer'),
    }),
    limits: z.strictObject({
      removals: limit,
      renames: limit,
      disappearances: limit,
      restores: limit,
      adoptions: limit,
      sourceShrink: decimal(0, 1),
    }),
    alerts: z.strictObject({
      receivers: z
        .array(receiver)
        .max(20, 'must name at most 20 receivers')
        .refine(
          (list) => new Set(list.map(({ name }) => name)).size === list.length,
          'must give each receiver a name of its own',
        ),
      intervalMs: whole(100, HOUR_MS).nullable(),
      probeEveryMs: whole(100, DAY_MS),
      openAfterMs: whole(0, DAY_MS),
      openAtUsers: whole(1, 1_000_000),
      closeAfterMs: whole(0, DAY_MS),
      remindAfterMs: whole(1_000, 30 * DAY_MS),
      requestTimeoutMs: whole(100, MINUTE_MS),
      silence: z
        .strictObject({ leastMs: whole(1_000, 30 * DAY_MS), mostMs: whole(1_000, 30 * DAY_MS) })
        .refine((value) => value.mostMs >= value.leastMs, {
          path: ['mostMs'],
          error: 'must not be less than leastMs',
        }),
      logUnreadAfterMs: whole(1_000, 30 * DAY_MS),
      sweepOverdueAfterMs: whole(1_000, 365 * DAY_MS),
    }),
    ingest: z.strictObject({ keepUnrelated: flag }),
    log: z.strictObject({
      level: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
      pretty: flag.nullable(),
    }),
  })
  .refine((value) => value.engine.settleMs > value.pds.requestTimeoutMs, {
    path: ['engine', 'settleMs'],
    error: 'must be longer than pds.requestTimeoutMs: until then the creation may still be under way',
  })
  .refine((value) => value.engine.leaseMs > 2 * value.pds.requestTimeoutMs, {
    path: ['engine', 'leaseMs'],
    // A lease is renewed at its half, so that much of it is left when a call begins.
    error: 'must be more than twice pds.requestTimeoutMs: no call may outlast the lease it was begun under',
  })
  .refine((value) => value.engine.maxLeaseMs >= value.engine.leaseMs, {
    path: ['engine', 'maxLeaseMs'],
    error: 'must be at least engine.leaseMs: a lease is renewed until then',
  });

function checkKeys(keys: string, context: z.core.$RefinementCtx): void {
  try {
    parseKeyRing(keys);
  } catch (error) {
    const message = error instanceof Error ? error.message : 'must be a list of keys';
    context.addIssue({ code: 'custom', message });
  }
}

type Frozen<Value> = Value extends string | number | boolean | null | undefined
  ? Value
  : { readonly [Key in keyof Value]: Frozen<Value[Key]> };

export type Config = Frozen<z.output<typeof configSchema>>;
export type TenantConfig = Config['tenants'][number];
