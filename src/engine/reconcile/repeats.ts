/**
 * What repeats while a user keeps failing. The log has the 1st, the 2nd, the 4th, the 8th … of identical failures, and the
 * read model the running count; an intent that is open is not written again. So what such a user costs in the log grows
 * with the logarithm of the tries. A read model that is rebuilt counts on from the last failure in the log.
 *
 * A failure for another reason is logged at once, but not without end: a system that is away may fail in two ways by turns,
 * for weeks. After so many in a row, they count as repeats too.
 */
import { isDeepStrictEqual } from 'node:util';
import type { LastFailure } from '../../events/condition.ts';
import type { IntendedAction } from '../../events/data/reconciliation.ts';
import type { Facts } from '../../events/facts.ts';
import type { EventId } from '../../identity.ts';
import type { SubjectView } from '../../ports/subjects.ts';
import { dropsRecord } from '../../reconcilers/registry.ts';

/** A failure that is counted and not logged. */
export interface Repeat {
  readonly attempts: number;
  readonly at: Date;
  /** Undefined where it is of another failure than the last one in the log. */
  readonly message?: string;
}

/** The facts with the running count, where the read model shows more of the same failures than the log. */
export function withRunningCount(
  facts: Facts,
  shown: Pick<SubjectView, 'attempts' | 'failure'> | undefined,
): Facts {
  const { failure, attempts } = facts;
  if (shown?.failure === undefined || shown.attempts <= attempts) return facts;
  const isSame = shown.failure.since === failure?.since && shown.failure.code === failure.code;
  return isSame ? { ...facts, attempts: shown.attempts, failure: shown.failure } : facts;
}

export function withRepeat(facts: Facts, { attempts, at, message }: Repeat): Facts {
  const said = message === undefined ? {} : { message };
  const failure = facts.failure && { ...facts.failure, ...said, at: at.toISOString() };
  return { ...facts, attempts, failure };
}

/** Whether the log has every such try. */
export function isLogged(attempt: number): boolean {
  return Number.isInteger(Math.log2(attempt));
}

/** How many failures in a row are logged because each differs from the one before. */
const MAX_DIFFERENT = 16;

export function isFlapping({ loggedFailures }: Pick<Facts, 'loggedFailures'>): boolean {
  return loggedFailures >= MAX_DIFFERENT;
}

/** Numbers may differ: waiting times, ports. */
export function isSameFailure(
  before: LastFailure | undefined,
  { code, upstream, message }: Pick<LastFailure, 'code' | 'upstream' | 'message'>,
): boolean {
  if (before?.code !== code || before.upstream !== upstream) return false;
  return before.message.replace(/\d+/g, '0') === message.replace(/\d+/g, '0');
}

/**
 * The open intent of exactly these actions. None where one removes the record of an account: when that was intended shows
 * who removed it.
 */
export function openIntent(
  { openActions }: Pick<Facts, 'openActions'>,
  actions: readonly IntendedAction[],
): EventId | undefined {
  const newest = openActions.at(-1)?.event;
  if (newest === undefined || actions.some(({ type }) => dropsRecord(type))) return undefined;
  const open = openActions.filter(({ event }) => event === newest).map(({ event: _, ...action }) => action);
  return isDeepStrictEqual(open, actions) ? newest : undefined;
}
