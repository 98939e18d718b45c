/**
 * Which PDS a DID names: a did:plc by the PLC directory, a did:web by its own host.
 *
 * | answer                                    | location                          |
 * |-------------------------------------------|-----------------------------------|
 * | the document names this PDS               | here                              |
 * | the document names another PDS            | elsewhere                         |
 * | the document names no PDS                 | nowhere                           |
 * | did:plc: 404, not registered              | nowhere                           |
 * | did:plc: 410, deactivated                 | nowhere                           |
 * | anything else                             | throws UpstreamError              |
 *
 * Sources: https://web.plc.directory/spec/v0.1/did-plc and https://atproto.com/specs/did, checked against a real
 * directory by test/pds.
 */
import { z } from 'zod';
import { UpstreamError } from '../errors.ts';
import type { Did } from '../identity.ts';
import type { DidDirectory, ServiceLocation } from '../ports/accounts.ts';
import type { Clock } from '../ports/clock.ts';
import { type Call, createCaller } from '../upstream/caller.ts';
import type { GuardOptions } from '../upstream/guarded-fetch.ts';
import { RateLimiter } from '../upstream/rate-limit.ts';
import { hostOfDidWeb, type OwnServices, originOf } from './services.ts';

export interface DidDirectoryOptions extends Omit<GuardOptions, 'upstream'> {
  /** The PLC directory. May have a path. */
  readonly plcUrl: string;
  readonly own: OwnServices;
  /** Milliseconds for one call. Default, and at most, 10,000. */
  readonly timeoutMs?: number | undefined;
}

const DEFAULT_TIMEOUT_MS = 10_000;
/** A document with several keys and services is 2 kB. */
const MAX_DOCUMENT_BYTES = 64 * 1024;
/** A directory that does not answer is not asked again for so long: else every worker would wait for every timeout. */
const PAUSE_MS = 15_000;
const NO_ANSWER: ReadonlySet<string> = new Set(['UNREACHABLE', 'TIMEOUT']);

export function createDidDirectory(options: DidDirectoryOptions): DidDirectory {
  const { clock, own, limiter, fetch, onCall } = options;
  const timeoutMs = Math.min(options.timeoutMs ?? DEFAULT_TIMEOUT_MS, DEFAULT_TIMEOUT_MS);
  const plc = new URL(options.plcUrl);
  const base = plc.pathname.replace(/\/+$/, '');
  const common = { upstream: 'plc', clock, fetch, timeoutMs, onCall } as const;
  const askPlc = pausing(clock, createCaller({ ...common, origin: plc.origin, limiter }));
  return {
    async serviceOf(did) {
      const host = hostOfDidWeb(did);
      const endpoint =
        host === undefined
          ? await askPlc(plcDocument(did, base))
          : // Each host has its own limits, and they say nothing about the next host.
            await askHost(
              createCaller({ ...common, origin: host, limiter: new RateLimiter({ upstream: 'plc', clock }) }),
              did,
            );
      return locate(endpoint, own);
    },
  };
}

async function locate(endpoint: string | 'none', own: OwnServices): Promise<ServiceLocation> {
  const origin = originOf(endpoint);
  if (origin === undefined) return { type: 'nowhere' };
  return (await own.includes(origin)) ? { type: 'here' } : { type: 'elsewhere', origin };
}

function plcDocument(did: Did, base: string): Call<string | 'none'> {
  return {
    ...documentOf(did),
    route: 'document',
    path: `${base}/${did}`,
    refusal: ({ status }) => (status === 404 || status === 410 ? 'none' : undefined),
  };
}

/** A host that does not answer says nothing of the PLC directory, and an outage of it is one user's trouble. */
async function askHost(call: ReturnType<typeof createCaller>, did: Did): Promise<string | 'none'> {
  try {
    return await call({ ...documentOf(did), route: 'did:web document', path: '/.well-known/did.json' });
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    throw new UpstreamError(`The host of a did:web did not return its document (${error.code}).`, {
      ...{ upstream: 'plc', code: 'DID_WEB_UNREADABLE', retryable: true, cause: error },
    });
  }
}

function documentOf(did: Did) {
  return {
    method: 'GET',
    maxBytes: MAX_DOCUMENT_BYTES,
    parse: (body: unknown) => readEndpoint(body, did),
  } as const;
}

const Document = z.object({ service: z.array(z.unknown()).default([]) });
const PdsService = z.object({
  id: z.string(),
  type: z.literal('AtprotoPersonalDataServer'),
  serviceEndpoint: z.string(),
});

/** Other services are ignored, whatever their form. */
function readEndpoint(body: unknown, did: Did): string | 'none' {
  const { service } = Document.extend({ id: z.literal(did) }).parse(body);
  const found = service
    .flatMap((one) => PdsService.safeParse(one).data ?? [])
    .find(({ id }) => id === '#atproto_pds' || id === `${did}#atproto_pds`);
  return found?.serviceEndpoint ?? 'none';
}

/** The same calls, turned away for a while after one that got no answer. */
function pausing(
  clock: Clock,
  call: ReturnType<typeof createCaller>,
): (call: Call<string | 'none'>) => Promise<string | 'none'> {
  let pause: { readonly untilMs: number; readonly error: UpstreamError } | undefined;
  return async (asked) => {
    if (pause !== undefined && clock.now().getTime() < pause.untilMs) throw pause.error;
    try {
      const answer = await call(asked);
      pause = undefined;
      return answer;
    } catch (error) {
      if (error instanceof UpstreamError && NO_ANSWER.has(error.code))
        pause = { untilMs: clock.now().getTime() + PAUSE_MS, error };
      throw error;
    }
  };
}
