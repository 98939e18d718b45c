/**
 * The PDS as `doctor` checks it: its health, what it offers, and whether it accepts our credentials.
 * Source: @atproto/pds 0.4.217 and 0.5.35, checked against the real ones by test/doctor.
 */
import { z } from 'zod';
import { UpstreamError } from '../errors.ts';
import { parseAccountHandle } from '../identity.ts';
import type { PdsInspection } from '../ports/inspection.ts';
import { createCaller } from '../upstream/caller.ts';
import { aheadMs, quotaIn } from '../upstream/headers.ts';
import { readHandleDomains, readRepoPage } from './answers.ts';
import { askDirectory } from './handle-probe.ts';
import { createXrpc, type XrpcOptions } from './xrpc.ts';

/** A PDS that was built without one says none. */
const Health = z.object({ version: z.string().optional() });
/** Left out where no invites are asked for. */
export const Invites = z.object({ inviteCodeRequired: z.boolean().default(false) });
/** The answer to a request for zero codes must have none. */
export const NoCodes = z.object({ codes: z.array(z.object({ codes: z.array(z.string()).max(0) })) });
/** The eldest ones; some of them are active. */
const ACCOUNTS_LISTED = 100;
/** Within the 3 to 18 characters of a handle, and used by no account. */
const PROBE_LABEL = 'concord-doctor';

export function createPdsInspection(options: XrpcOptions): PdsInspection {
  const xrpc = createXrpc(options);
  const { clock, limiter, fetch, timeoutMs } = options;
  const call = createCaller({ upstream: 'pds', origin: options.url, clock, limiter, fetch, timeoutMs });
  return {
    health: () => {
      const askedAt = clock.now();
      return call({
        method: 'GET',
        route: 'health',
        path: '/xrpc/_health',
        parse: (body, headers) => ({
          version: Health.parse(body).version,
          aheadMs: aheadMs(headers, askedAt, clock.now()),
        }),
      });
    },
    describe: () =>
      xrpc({
        name: 'server.describeServer',
        as: 'none',
        parse: (body) => ({
          invitesRequired: Invites.parse(body).inviteCodeRequired,
          handleDomains: readHandleDomains(body),
        }),
      }),
    // Asks for zero codes: the PDS checks the permission to make one, and makes none.
    admin: async () => {
      try {
        const input = { codeCount: 0, useCount: 1 };
        const parse = (body: unknown) => NoCodes.parse(body);
        await xrpc({ name: 'server.createInviteCodes', as: 'admin', input, parse });
        return 'accepted';
      } catch (error) {
        if (error instanceof UpstreamError && error.code === 'UNAUTHORIZED') return 'refused';
        throw error;
      }
    },
    quota: () =>
      xrpc({
        name: 'server.describeServer',
        as: 'none',
        parse: (_body, headers) => quotaIn(headers, clock.now()),
      }),
    // The PDS asks the directory for a DID that cannot exist, and has to hear that there is none.
    directoryAnswers: async (handleDomain) => {
      const handle = parseAccountHandle(`${PROBE_LABEL}${handleDomain}`);
      if (handle === undefined) throw new Error('the handle domain makes no handle');
      try {
        await askDirectory(xrpc, handle);
        return true;
      } catch (error) {
        if (error instanceof UpstreamError && error.code === 'SERVER_ERROR') return false;
        throw error;
      }
    },
    accounts: async (limit) => {
      const query = { limit: ACCOUNTS_LISTED };
      const { repos } = await xrpc({
        name: 'sync.listRepos',
        as: 'none',
        query,
        bulk: true,
        parse: readRepoPage,
      });
      const dids = repos.flatMap((one) => (one !== 'unreadable' && one.state === 'active' ? one.did : []));
      return dids.filter((did) => did.startsWith('did:plc:')).slice(0, limit);
    },
  };
}
