/** What can go wrong with one call, and which of it applies to which call. */
import { type Upstream, UpstreamError } from '../../../src/errors.ts';
import type { Touched, WorldStep } from '../model/platform.ts';
import type { Point } from '../model/ports.ts';

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
  /** The same, and it comes when the creation has been given up. */
  'too-late',
  /** The call takes longer than two leases, timers run, and others go on meanwhile. */
  'slow',
  /** A listing as it was a moment ago. */
  'stale',
] as const;
/** What the rest of the world does before a call, which itself goes on as if nothing were. */
export const WORLD_KINDS = [
  /** The platform takes its next steps. */
  'meanwhile',
  /** The same, if any, and then Concord is told of all that it has not been told yet. */
  'heard',
] as const;
/** What becomes of the user before a call. There is no reference for such a run: only what always holds counts. */
export const LIFE_KINDS = [
  'user-deleted',
  'user-blocked',
  'user-unverified',
  /** Linked into another user: this one vanishes, and no entry speaks of a deletion. */
  'user-linked',
  /** Deleted, and forgotten at the end of the scenario. */
  'user-forgotten',
] as const;
export type LifeKind = (typeof LIFE_KINDS)[number];
export type FaultKind =
  | (typeof FAULT_KINDS)[number]
  | (typeof WORLD_KINDS)[number]
  | (typeof LIFE_KINDS)[number];

export interface Fault {
  /** The number of the call that is struck, counted from 0 over the whole run. */
  readonly at: number;
  readonly kind: FaultKind;
  /** How many steps the platform takes, of the world's kinds; 1 unless said otherwise. */
  readonly steps?: number;
}

export function isLifeKind(kind: FaultKind): kind is LifeKind {
  return LIFE_KINDS.some((one) => one === kind);
}

/** Something that others do, and no fault of the call. */
export function isOfWorld(kind: FaultKind): boolean {
  return kind === 'meanwhile' || kind === 'heard' || isLifeKind(kind);
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
const BUSY = new Set(['accounts', 'dids', 'auth0', 'secondAuth0']);

function kindsFor(point: Point, reads: readonly FaultKind[]): readonly FaultKind[] {
  const kinds = point.kind === 'write' ? WRITE : reads;
  if (point.name === 'accounts.createAccount') return [...kinds, 'limited', 'slow', 'late', 'too-late'];
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

/** What the platform may do before a call: the steps that are left, and how many messages have not been heard. */
export interface Prospect {
  readonly steps: readonly WorldStep[];
  readonly unheard: number;
}

/** Calls for which it makes no difference what the platform did before them. */
const INDIFFERENT = new Set([
  ...['documents.indexes', 'documents.createIndex', 'documents.codesInYear'],
  ...['accounts.handleDomains', 'accounts.allowsHandle', 'accounts.createInvite'],
]);
/** Those for which it makes a difference what Concord has been told before them. */
const HEARING = new Set([
  ...['queue.claim', 'queue.claimUser', 'queue.complete', 'queue.release'],
  ...['log.ofUser', 'log.read'],
]);

function touchedBy({ port, name }: Point): Touched | undefined {
  if (INDIFFERENT.has(name)) return undefined;
  if (port === 'secondAuth0') return 'auth0';
  // Who moves does both: the DID names another PDS, and the account here is deactivated.
  if (port === 'dids') return 'accounts';
  return port === 'documents' || port === 'accounts' || port === 'auth0' ? port : undefined;
}

/**
 * Where the platform's steps may come, each place once: a step makes no difference before a call that touches
 * nothing of it, so it comes before the next one that does, with the steps that have to come before it.
 */
export function worldFaults(point: Point, at: number, { steps, unheard }: Prospect): Fault[] {
  const touched = touchedBy(point);
  const faults: Fault[] = [];
  if (touched !== undefined)
    for (const [index, step] of steps.entries())
      if (step.touches.includes(touched)) faults.push({ at, kind: 'meanwhile', steps: index + 1 });
  if (!HEARING.has(point.name)) return faults;
  if (unheard > 0) faults.push({ at, kind: 'heard', steps: 0 });
  for (const [index, step] of steps.entries())
    if (step.isTold) faults.push({ at, kind: 'heard', steps: index + 1 });
  return faults;
}

export function upstreamOf(point: Point): Upstream {
  if (point.port === 'accounts') return 'pds';
  if (point.port === 'dids') return 'plc';
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
