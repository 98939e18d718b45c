/**
 * The PLC directory that the settings name, as `doctor` checks it: whether it answers, and which DIDs it has.
 * Source: https://web.plc.directory/spec/v0.1/did-plc, checked against a real one by test/doctor.
 */
import { z } from 'zod';
import { UpstreamError } from '../errors.ts';
import type { Did } from '../identity.ts';
import type { Clock } from '../ports/clock.ts';
import type { PlcInspection } from '../ports/inspection.ts';
import { createCaller } from '../upstream/caller.ts';
import type { Refusal } from '../upstream/interpret.ts';
import type { RateLimiter } from '../upstream/rate-limit.ts';

interface PlcInspectionOptions {
  /** May have a path. */
  readonly plcUrl: string;
  readonly clock: Clock;
  readonly limiter: RateLimiter;
  readonly timeoutMs: number;
}

/** No existing DID hashes to it. */
const UNREGISTERED = `did:plc:${'a'.repeat(24)}`;
const MAX_DOCUMENT_BYTES = 64 * 1024;

const NotRegistered = z.object({ message: z.string().regex(/not registered/i) });
const Deactivated = z.object({ message: z.string().regex(/not available/i) });

export function createPlcInspection({ plcUrl, ...options }: PlcInspectionOptions): PlcInspection {
  const { origin, pathname } = new URL(plcUrl);
  const call = createCaller({ upstream: 'plc', origin, ...options });
  const has = (did: string): Promise<boolean> =>
    call({
      method: 'GET',
      route: 'document',
      path: `${pathname.replace(/\/+$/, '')}/${did}`,
      maxBytes: MAX_DOCUMENT_BYTES,
      parse: (body) => z.object({ id: z.literal(did) }).parse(body) !== undefined,
      refusal: isRegistered,
    });
  return {
    answers: async () => {
      try {
        return (await has(UNREGISTERED)) ? 'another' : 'directory';
      } catch (error) {
        if (error instanceof UpstreamError && SAYS_SOMETHING_ELSE.has(error.code)) return 'another';
        throw error;
      }
    },
    has: (did: Did) => has(did),
  };
}

/** What answers, and not as a directory does. */
const SAYS_SOMETHING_ELSE: ReadonlySet<string> = new Set([
  ...['UNEXPECTED_ANSWER', 'ANSWER_TOO_LARGE', 'NOT_FOUND', 'BAD_REQUEST', 'CONFLICT'],
  ...['UNAUTHORIZED', 'FORBIDDEN'],
]);

/** Undefined for an answer that is not one of a directory's. */
function isRegistered({ status, body }: Refusal): boolean | undefined {
  if (status !== 404 && status !== 410) return undefined;
  if (Deactivated.safeParse(body).success) return true;
  return NotRegistered.safeParse(body).success ? false : undefined;
}
