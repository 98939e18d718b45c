/** The clients of Auth0, the PDS and the directory of DIDs, each with its rate limit, and the tenants that they belong to. */
import { createAuth0Client } from '../auth0/client.ts';
import { createTenantLogs } from '../auth0/logs.ts';
import { createDirectory } from '../auth0/management.ts';
import type { Config, TenantConfig } from '../config/schema.ts';
import { emailTagOf, exclusionFor } from '../config/tenants.ts';
import type { PulledTenant } from '../engine/intake/pull.ts';
import type { AssessedTenant } from '../engine/reconcile/read-side.ts';
import { UpstreamError } from '../errors.ts';
import type { EngineObserver } from '../metrics/observer.ts';
import { rememberingDids } from '../pds/did-cache.ts';
import { createDidDirectory } from '../pds/did-directory.ts';
import { askServiceDid, ownServices } from '../pds/services.ts';
import { createXrpc, type Xrpc } from '../pds/xrpc.ts';
import type { AccountReader, DidDirectory } from '../ports/accounts.ts';
import type { CallInfo } from '../upstream/guarded-fetch.ts';
import { RateLimiter } from '../upstream/rate-limit.ts';
import { systemClock } from './system.ts';

export type WiredTenant = AssessedTenant & PulledTenant & { readonly limiter: RateLimiter };

export function tenantsFor(config: Config, observer?: EngineObserver): WiredTenant[] {
  const tenants: WiredTenant[] = config.tenants.map((tenant) => {
    const { id, keyPrefix } = tenant;
    const perSecond = tenant.requestsPerSecond ?? undefined;
    const limiter = new RateLimiter({ upstream: 'auth0', clock: systemClock, perSecond });
    let built: Pick<WiredTenant, 'directory' | 'logs'> | undefined;
    // Built when it is asked for, because a command that reads MongoDB alone has no Auth0 secret.
    const auth0 = () => {
      built ??= auth0For(tenant, limiter, config.auth0.requestTimeoutMs, observer);
      return built;
    };
    return {
      id,
      keyPrefix,
      emailTag: emailTagOf(config.tenants, tenant),
      excludedBy: exclusionFor(config, tenant),
      logRetentionDays: tenant.logRetentionDays ?? undefined,
      limiter,
      get directory() {
        return auth0().directory;
      },
      get logs() {
        return auth0().logs;
      },
      // Only one of two linked tenants names the other, but the link is mutual.
      get linkedTenant() {
        return tenants.find(
          (other, index) => other.id === tenant.sisterOf || config.tenants[index]?.sisterOf === id,
        );
      },
    };
  });
  return tenants;
}

function auth0For(
  tenant: TenantConfig,
  limiter: RateLimiter,
  timeoutMs: number,
  observer: EngineObserver | undefined,
): Pick<WiredTenant, 'directory' | 'logs'> {
  const { id, domain, managementUrl } = tenant;
  const onCall = observer === undefined ? undefined : (info: CallInfo) => observer.onCall('auth0', id, info);
  const common = { clock: systemClock, limiter, timeoutMs, onCall };
  const client = createAuth0Client({
    ...{ domain, managementUrl, ...common },
    get clientId() {
      return tenant.clientId;
    },
    get clientSecret() {
      return tenant.clientSecret;
    },
  });
  return { directory: createDirectory(client), logs: createTenantLogs(client) };
}

export function pdsLimiter({ pds }: Config): RateLimiter {
  const perSecond = pds.requestsPerSecond ?? undefined;
  return new RateLimiter({ upstream: 'pds', clock: systemClock, perSecond });
}

/** Built at the first call, because a command that does not call the PDS need not know its address. */
export function xrpcFor(config: Config, observer?: EngineObserver, limiter = pdsLimiter(config)): Xrpc {
  let xrpc: Xrpc | undefined;
  const { pds } = config;
  return (call) => {
    xrpc ??= createXrpc({
      url: pds.url,
      get adminPassword() {
        return pds.adminPassword;
      },
      get bypassKey() {
        return pds.rateLimitBypassKey;
      },
      timeoutMs: pds.requestTimeoutMs,
      clock: systemClock,
      limiter,
      onCall: observer === undefined ? undefined : (info) => observer.onCall('pds', undefined, info),
    });
    return xrpc(call);
  };
}

/** Built at the first call, as `xrpcFor` does: it needs the address of the PDS. */
export function didsFor({ pds }: Config, xrpc: Xrpc, observer?: EngineObserver): DidDirectory {
  let dids: DidDirectory | undefined;
  return {
    serviceOf: (did) => {
      dids ??= rememberingDids(
        createDidDirectory({
          plcUrl: pds.plcUrl,
          own: ownServices(pds.url, () => askServiceDid(xrpc)),
          clock: systemClock,
          limiter: new RateLimiter({ upstream: 'plc', clock: systemClock }),
          timeoutMs: pds.requestTimeoutMs,
          onCall: observer === undefined ? undefined : (info) => observer.onCall('plc', undefined, info),
        }),
        systemClock,
      );
      return dids.serviceOf(did);
    },
  };
}

/** Asks the PDS once; a failure is not cached, so that the next call asks again. */
export function handleDomainOf(accounts: AccountReader): () => Promise<string> {
  let known: string | undefined;
  return async () => {
    known ??= (await accounts.handleDomains())[0];
    if (known !== undefined) return known;
    throw new UpstreamError('the PDS offers no domain for handles', {
      upstream: 'pds',
      code: 'NO_HANDLE_DOMAIN',
      retryable: false,
    });
  };
}
