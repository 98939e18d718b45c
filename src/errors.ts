/**
 * The systems an error can come from. `plc`: the directory of DIDs, and the host of a did:web. An independent resource adds
 * its system with `declare module`.
 */
export interface UpstreamNames {
  auth0: true;
  mongodb: true;
  pds: true;
  plc: true;
}
export type Upstream = keyof UpstreamNames;

export interface UpstreamErrorOptions {
  readonly upstream: Upstream;
  /** Stable, in capitals: what a caller or a person may branch on. */
  readonly code: string;
  /** Whether the same call may succeed later with nothing else changed. */
  readonly retryable: boolean;
  /** The whole system is in trouble, and not one user: no user is quarantined for it. Default: as the code says. */
  readonly isOutage?: boolean;
  /** Milliseconds to wait before trying again, where the upstream gave a time. */
  readonly retryAfterMs?: number | undefined;
  /** `unknown` when the upstream may have carried out the call although it failed for us. */
  readonly effect?: 'none' | 'unknown';
  readonly cause?: unknown;
}

/** Codes of a whole system in trouble. */
const OUTAGES: ReadonlySet<string> = new Set([
  'UNREACHABLE',
  'TIMEOUT',
  'RATE_LIMITED',
  'UNAUTHORIZED',
  'FORBIDDEN',
  'UNAUTHENTICATED',
  'NOT_WRITABLE',
  'DISK_FULL',
  'OVERLOADED',
  'TOO_MANY_COLLECTIONS',
  'TOO_MANY_CONNECTIONS',
  'ATLAS_ERROR',
]);

/**
 * A call to another system failed. Thrown by adapters only; `reconcile` turns it into an outcome.
 * The message names the call and the answer, never a value from it that could be personal.
 */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError';
  readonly upstream: Upstream;
  readonly code: string;
  readonly retryable: boolean;
  readonly isOutage: boolean;
  readonly retryAfterMs: number | undefined;
  readonly effect: 'none' | 'unknown';

  constructor(message: string, options: UpstreamErrorOptions) {
    super(message, { cause: options.cause });
    this.upstream = options.upstream;
    this.code = options.code;
    this.retryable = options.retryable;
    this.isOutage = options.isOutage ?? OUTAGES.has(options.code);
    this.retryAfterMs = options.retryAfterMs;
    this.effect = options.effect ?? 'none';
  }
}

/** Another worker holds this user's lease, or ours expired: the reconciliation stops and changes nothing more. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
  readonly code = 'LEASE_LOST';
  readonly retryable = true;
}

export type CredentialsErrorCode = 'CREDENTIAL_KEY_MISSING' | 'CREDENTIAL_NOT_OPENED';

/** A stored password cannot be opened with the keys at hand. Names the key and never the password. */
export class CredentialsError extends Error {
  override readonly name = 'CredentialsError';
  /** The same keys will not open it later either. */
  readonly retryable = false;
  readonly code: CredentialsErrorCode;

  constructor(message: string, code: CredentialsErrorCode) {
    super(message);
    this.code = code;
  }
}

/** The person or the configuration asked for something that cannot be; the message says what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly retryable = false;
  readonly code: string;

  constructor(message: string, code = 'USAGE') {
    super(message);
    this.code = code;
  }
}

/** One line a person can act on, with the chain of causes, and no stack. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  for (let at: unknown = error; at !== undefined && parts.length < 5; ) {
    if (at instanceof Error) {
      if (at.message !== '' && !parts.includes(at.message)) parts.push(at.message);
      at = at.cause;
    } else {
      parts.push(String(at));
      break;
    }
  }
  return parts.join(': ') || 'unknown error';
}
