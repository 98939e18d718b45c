/**
 * Transfers in a user's facts. What is open of one is in the facts of both users, each by its own log: `outgoing` in those
 * of the deleted user, `incoming` in those of the user who gets it. Once nothing is open, it is in neither.
 */

import type { EventId } from '../identity.ts';
import type { TransferPart } from './data/transfer.ts';
import type { ConcordEvent, EventOf } from './event.ts';
import type { Facts, Incoming, Outgoing, Transfer } from './facts.ts';

export type TransferFacts = Pick<Facts, 'outgoing' | 'incoming' | 'retiring' | 'transferred'>;
type Draft = { -readonly [K in keyof TransferFacts]: TransferFacts[K] };

type TransferEvent = Extract<
  ConcordEvent,
  {
    type:
      | 'transfer.promised'
      | 'transfer.granted'
      | 'transfer.declined'
      | 'transfer.cancelled'
      | 'transfer.closed'
      | 'account.transferred'
      | 'account.released'
      | 'account.retired'
      | 'handle.release-intended'
      | 'handle.returned'
      | 'handle.transferred'
      | 'code.release-intended'
      | 'code.released';
  }
>;

/** The part of these events that is about transfers alone; what they say of accounts and codes is in fold.ts. */
export function foldTransfer(facts: Draft, event: TransferEvent): void {
  switch (event.type) {
    case 'transfer.promised':
      facts.outgoing = promised(event);
      return;
    case 'transfer.granted':
      facts.incoming = granted(event);
      return;
    case 'transfer.declined':
    case 'transfer.cancelled':
      endIncoming(facts, event.data.promise, event.data.what);
      return;
    case 'transfer.closed':
      endOutgoing(facts, event.data.promise, event.data.what);
      return;
    case 'account.transferred':
      endIncoming(facts, event.data.promise, ['account']);
      facts.retiring = event.data.replaced ?? facts.retiring;
      return;
    case 'account.released':
      endOutgoing(facts, event.data.promise, ['account']);
      facts.transferred = { did: event.data.did, to: event.data.to };
      return;
    case 'account.retired':
      if (facts.retiring === event.data.did) facts.retiring = undefined;
      return;
    case 'handle.release-intended':
      changeOutgoing(facts, event.data.promise, { row: event.data.row });
      return;
    case 'handle.returned':
      changeOutgoing(facts, event.data.promise, { row: undefined });
      return;
    case 'handle.transferred':
      endIncoming(facts, event.data.promise, ['handle']);
      return;
    case 'code.release-intended':
      return;
    case 'code.released':
      changeOutgoing(facts, event.data.promise, { isCodeReleased: true });
      return;
  }
}

/** The user has a code now, whichever. */
export function endCodeTransfer(facts: Draft): void {
  if (facts.incoming !== undefined) endIncoming(facts, facts.incoming.promise, ['code']);
}

function promised({ _id, data }: EventOf<'transfer.promised'>): Outgoing {
  const { to, what, account, handle, code } = data;
  return {
    ...{ promise: _id, to, open: new Set(what), account, handle, code },
    ...{ row: undefined, isCodeReleased: false },
  };
}

/** Where the account of the deleted user only gives up its handle or its address, there is nothing to take. */
function granted({ data }: EventOf<'transfer.granted'>): Incoming | undefined {
  const { promise, from, what, account, handle, code, replaces } = data;
  const isTaken = (part: TransferPart) => part !== 'address' && (part !== 'handle' || handle !== undefined);
  const open = new Set(what.filter(isTaken));
  return open.size === 0 ? undefined : { promise, from, open, account, handle, code, replaces };
}

function changeOutgoing(facts: Draft, promise: EventId, change: Partial<Outgoing>): void {
  if (facts.outgoing?.promise === promise) facts.outgoing = { ...facts.outgoing, ...change };
}

function endOutgoing(facts: Draft, promise: EventId, what: readonly TransferPart[]): void {
  if (facts.outgoing?.promise === promise) facts.outgoing = without(facts.outgoing, what);
}

function endIncoming(facts: Draft, promise: EventId, what: readonly TransferPart[]): void {
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
