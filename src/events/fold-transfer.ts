/**
 * Transfers in a user's facts. What is open of one is in the facts of both users, each by its own log: `outgoing` in those
 * of the deleted user, `incoming` in those of the user who gets it. Once nothing is open, it is in neither.
 */

import type { EventId } from '../identity.ts';
import type { TransferPart } from './data/transfer.ts';
import type { ConcordEvent } from './event.ts';
import type { Facts, Outgoing, Transfer } from './facts.ts';
import type { FactsDraft } from './fold-draft.ts';

export type TransferFacts = Pick<Facts, 'outgoing' | 'incoming' | 'retiring' | 'transferred'>;
type Draft = Pick<FactsDraft, 'outgoing' | 'incoming'>;

/** The user has a code now, whichever. */
export function endCodeTransfer(facts: Draft): void {
  if (facts.incoming !== undefined) endIncoming(facts, facts.incoming.promise, ['code']);
}

export function changeOutgoing(facts: Draft, promise: EventId, change: Partial<Outgoing>): void {
  if (facts.outgoing?.promise === promise) facts.outgoing = { ...facts.outgoing, ...change };
}

export function endOutgoing(facts: Draft, promise: EventId, what: readonly TransferPart[]): void {
  if (facts.outgoing?.promise === promise) facts.outgoing = without(facts.outgoing, what);
}

export function endIncoming(facts: Draft, promise: EventId, what: readonly TransferPart[]): void {
  if (facts.incoming?.promise === promise) facts.incoming = without(facts.incoming, what);
}

function without<T extends Transfer>(transfer: T, what: readonly TransferPart[]): T | undefined {
  const open = new Set([...transfer.open].filter((part) => !what.includes(part)));
  return open.size === 0 ? undefined : { ...transfer, open };
}

/** What the log of the user who gets a transfer says of it. */
export interface TransferAnswer {
  readonly granted: boolean;
  readonly taken: ReadonlySet<TransferPart>;
  readonly declined: ReadonlySet<TransferPart>;
}

export function answerIn(
  events: readonly ConcordEvent[],
  { promise, code }: Pick<Outgoing, 'promise' | 'code'>,
): TransferAnswer {
  let granted = false;
  const taken = new Set<TransferPart>();
  const declined = new Set<TransferPart>();
  for (const { type, data } of events) {
    if (type === 'code.assigned' && code !== undefined && data.code === code) taken.add('code');
    if (!('promise' in data) || data.promise !== promise) continue;
    if (type === 'transfer.granted') granted = true;
    if (type === 'account.transferred') taken.add('account');
    if (type === 'handle.transferred') taken.add('handle');
    if (type === 'transfer.declined' || type === 'transfer.cancelled')
      for (const part of data.what) declined.add(part);
  }
  return { granted, taken, declined };
}
