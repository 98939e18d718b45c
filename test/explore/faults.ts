/** What can go wrong with one call, and which of it applies to which call. */
import { UpstreamError } from '../../src/errors.ts';
import type { Point } from './ports.ts';

export const FAULT_KINDS = [
  /** The process is gone before the call. Its lease stays until it runs out. */
  'crash-before',
  /** The process is gone after the effect. */
  'crash-after',
  /** The call fails and did nothing. */
  'error',
  /** The call fails, nobody knows whether it did something, and it did. Of a stream: it breaks off at its end. */
  'lost',
  /** The call fails, nobody knows whether it did something, and it did not. */
  'unreached',
  /** The other side is busy and says so. */
  'limited',
  /** The call is held up until the lease has run out and another worker has gone on. */
  'stall-before',
  /** The same, with the answer held up and not the call. */
  'stall-after',
  /** The call times out, and its effect comes later. */
  'late',
  /** The call takes more than half of a lease, and nobody else goes on meanwhile. */
  'slow',
  /** A listing as it was a moment ago. */
  'stale',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface Fault {
  /** The number of the call that is struck, counted from 0 over the whole run. */
  readonly at: number;
  readonly kind: FaultKind;
}

const WRITE: readonly FaultKind[] = [
  'crash-before',
  'crash-after',
  'error',
  'lost',
  'unreached',
  'stall-before',
  'stall-after',
];
const READ: readonly FaultKind[] = [
  'crash-before',
  'crash-after',
  'error',
  'lost',
  'stall-before',
  'stall-after',
];
/** A read has no effect, so that what comes before it and after it is the same to everybody else. */
const READ_ONCE: readonly FaultKind[] = ['crash-before', 'error', 'stall-before'];
const BUSY = new Set(['accounts', 'auth0', 'secondAuth0']);

function kindsFor(point: Point, reads: readonly FaultKind[]): readonly FaultKind[] {
  const kinds = point.kind === 'write' ? WRITE : reads;
  if (point.name === 'accounts.createAccount') return [...kinds, 'limited', 'slow', 'late'];
  if (point.method === 'everyone') return [...READ, 'limited', 'stale'];
  return BUSY.has(point.port) ? [...kinds, 'limited', 'slow'] : kinds;
}

const byPoint = new Map<
  Point,
  { readonly all: readonly FaultKind[]; readonly apart: readonly FaultKind[] }
>();

/** The faults of one call: all of them, or only those that differ in what they do to the rest of the world. */
export function faultsOf(point: Point, which: 'all' | 'apart'): readonly FaultKind[] {
  let known = byPoint.get(point);
  if (known === undefined) {
    known = { all: kindsFor(point, READ), apart: kindsFor(point, READ_ONCE) };
    byPoint.set(point, known);
  }
  return known[which];
}

export function upstreamOf(point: Point): 'auth0' | 'mongodb' | 'pds' {
  if (point.port === 'accounts') return 'pds';
  return point.port === 'auth0' || point.port === 'secondAuth0' ? 'auth0' : 'mongodb';
}

export function errorOf(point: Point, kind: FaultKind): UpstreamError {
  const upstream = upstreamOf(point);
  if (kind === 'limited') {
    const busy = { upstream, code: 'RATE_LIMITED', retryable: true, retryAfterMs: 3_000 } as const;
    return new UpstreamError(`${point.method} was refused as too much`, busy);
  }
  const effect = point.kind === 'write' && kind !== 'error' ? 'unknown' : 'none';
  const code = kind === 'error' ? 'UNREACHABLE' : 'TIMEOUT';
  return new UpstreamError(`${point.method} failed`, { upstream, code, retryable: true, effect });
}
