/** Transfers from a deleted user to another one: first what is in the log of the deleted user, then in that of the other. */
import { BLANKED_HANDLE } from '../../identity.ts';
import type { Decided } from '../data/decisions.ts';
import type { TransferEventData, TransferPart } from '../data/transfer.ts';
import { defineEvents } from '../definition.ts';
import type { EventOf } from '../event.ts';
import type { Incoming, Outgoing } from '../facts.ts';
import { close, type FactsDraft, forgetAccount, own, see, sightRecord } from '../fold-draft.ts';
import { changeOutgoing, endIncoming, endOutgoing } from '../fold-transfer.ts';
import { type Pseudonyms, pseudonymisedDecision } from '../pseudonyms.ts';
import {
  asItIs,
  byWhom,
  didOf,
  EVIDENCE,
  FROM,
  NONE,
  NOTHING,
  pseudonymisedDid,
  REASON,
  TO,
  unreasoned,
} from './members.ts';

/** A row of `@handles` may have any fields of the platform; a plan depends only on whether there is one. */
const DISGUISED_ROW = '{}';

type Transferred = Pick<
  TransferEventData['transfer.granted'],
  'what' | 'account' | 'handle' | 'code' | keyof Decided
>;

export const transferEvents = defineEvents<TransferEventData>({
  'transfer.promised': {
    part: 'decided',
    summary: (data) => `${data.what.join(', ')} to ${data.to} ${byWhom(data)}`,
    evolve(facts, event) {
      facts.outgoing = promised(event);
    },
    blank: (data) => withoutHandle(unreasoned(data)),
    mentions: [...TO, ...REASON],
    pseudonymise: (data, as) => ({ to: as.user(data.to), ...pseudonymisedTransfer(data, as) }),
  },
  'account.released': {
    part: 'effect',
    follows: ['release-account'],
    summary: ({ did, to }) => `${did} to ${to}`,
    evolve(facts, event) {
      const { promise, did, to } = event.data;
      forgetAccount(facts);
      facts.deactivated = undefined;
      facts.parked = undefined;
      endOutgoing(facts, promise, ['account']);
      facts.transferred = { did, to };
      close(facts, 'account');
    },
    blank: asItIs,
    mentions: TO,
    pseudonymise: ({ promise, to, did }, as) => ({
      ...{ promise: as.event(promise), to: as.user(to), did: as.did(did) },
    }),
  },
  'handle.release-intended': {
    part: 'step',
    follows: ['release-handle'],
    summary: ({ to }) => `to ${to}`,
    evolve(facts, event) {
      changeOutgoing(facts, event.data.promise, { row: event.data.row });
    },
    blank: (data) => ({ ...data, row: NOTHING }),
    mentions: TO,
    pseudonymise: ({ promise, to }, as) => ({
      ...{ promise: as.event(promise), to: as.user(to), row: DISGUISED_ROW },
    }),
  },
  'handle.returned': {
    part: 'effect',
    follows: ['return-handle'],
    summary: ({ to }) => `not taken by ${to}`,
    evolve(facts, event) {
      facts.platformHandle = facts.outgoing?.handle;
      changeOutgoing(facts, event.data.promise, { row: undefined });
      close(facts, 'handle');
    },
    blank: asItIs,
    mentions: TO,
    pseudonymise: ({ promise, to }, as) => ({ promise: as.event(promise), to: as.user(to) }),
  },
  'code.release-intended': {
    part: 'step',
    follows: ['release-code'],
    summary: ({ code, to }) => `${code} to ${to}`,
    evolve: loseCode,
    blank: asItIs,
    mentions: TO,
    pseudonymise: pseudonymisedRelease,
  },
  'code.released': {
    part: 'effect',
    follows: ['release-code'],
    summary: ({ code, to }) => `${code} to ${to}`,
    evolve(facts, event) {
      loseCode(facts);
      changeOutgoing(facts, event.data.promise, { isCodeReleased: true });
      close(facts, 'user-document');
    },
    blank: asItIs,
    mentions: TO,
    pseudonymise: pseudonymisedRelease,
  },
  'transfer.closed': {
    part: 'step',
    // A step may also find that the handle is another user's meanwhile.
    follows: ['close-transfer', 'return-handle'],
    summary: ({ what, because }) => `${what.join(', ')}: ${because}`,
    evolve(facts, event) {
      const { promise, what, because } = event.data;
      const isKept = because !== 'taken' && what.includes('code');
      if (isKept) facts.code ??= facts.outgoing?.code;
      endOutgoing(facts, promise, what);
    },
    blank: asItIs,
    mentions: TO,
    pseudonymise: ({ promise, to, ...rest }, as) => ({
      ...{ ...rest, promise: as.event(promise), to: as.user(to) },
    }),
  },
  'transfer.granted': {
    part: 'decided',
    summary: (data) => `${data.what.join(', ')} of ${data.from} ${byWhom(data)}`,
    evolve(facts, event) {
      facts.incoming = granted(event);
    },
    blank: (data) => ({ ...withoutHandle(unreasoned(data)), evidence: [] }),
    mentions: [...FROM, ...EVIDENCE, ...REASON],
    pseudonymise(data, as) {
      const { promise, from, replaces, evidence } = data;
      return {
        ...{ promise: as.event(promise), from: as.user(from), ...pseudonymisedTransfer(data, as) },
        ...(replaces === undefined ? {} : { replaces: as.did(replaces) }),
        evidence: evidence.map((one) => as.text(one)),
      };
    },
  },
  'account.transferred': {
    part: 'effect',
    follows: ['take-account'],
    summary: ({ did, from }) => `${did} from ${from}`,
    evolve: takeAccount,
    blank: (data) => ({ ...data, handle: BLANKED_HANDLE, email: null }),
    mentions: FROM,
    pseudonymise: ({ promise, from, did, handle, email, replaced, ...rest }, as) => ({
      ...{ ...rest, promise: as.event(promise), from: as.user(from), did: as.did(did) },
      ...{ handle: as.handle(handle), email: email === null ? null : as.email(email) },
      ...(replaced === undefined ? {} : { replaced: as.did(replaced) }),
    }),
  },
  'account.retired': {
    part: 'effect',
    follows: ['retire-account'],
    summary: didOf,
    evolve(facts, event) {
      if (facts.retiring === event.data.did) facts.retiring = undefined;
      close(facts, 'account');
    },
    blank: asItIs,
    mentions: NONE,
    pseudonymise: pseudonymisedDid,
  },
  'handle.transferred': {
    part: 'effect',
    follows: ['take-handle'],
    summary: ({ handle, from }) => `@${handle} from ${from}`,
    evolve(facts, event) {
      facts.platformHandle = event.data.handle;
      endIncoming(facts, event.data.promise, ['handle']);
      close(facts, 'handle');
    },
    blank: (data) => ({ ...data, handle: NOTHING }),
    mentions: FROM,
    pseudonymise: ({ promise, from, handle }, as) => ({
      ...{ promise: as.event(promise), from: as.user(from), handle: as.platformHandle(handle) },
    }),
  },
  'transfer.declined': {
    part: 'step',
    // A step may also find that the handle is another user's meanwhile.
    follows: ['decline-transfer', 'take-handle'],
    summary: ({ what, because }) => `${what.join(', ')}: ${because}`,
    evolve(facts, event) {
      endIncoming(facts, event.data.promise, event.data.what);
    },
    blank: asItIs,
    mentions: FROM,
    pseudonymise: ({ promise, from, ...rest }, as) => ({
      ...{ ...rest, promise: as.event(promise), from: as.user(from) },
    }),
  },
  'transfer.cancelled': {
    part: 'decided',
    summary: (data) => `${data.what.join(', ')} of ${data.from} ${byWhom(data)}`,
    evolve(facts, event) {
      endIncoming(facts, event.data.promise, event.data.what);
    },
    blank: unreasoned,
    mentions: [...FROM, ...REASON],
    pseudonymise(data, as) {
      const { promise, from, what } = data;
      return { what, promise: as.event(promise), from: as.user(from), ...pseudonymisedDecision(data, as) };
    },
  },
});

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

/** It is another user's from now on; this one would get a new code. */
function loseCode(facts: FactsDraft): void {
  facts.code = undefined;
  facts.seen = { ...facts.seen, code: undefined };
}

function takeAccount(facts: FactsDraft, { data }: EventOf<'account.transferred'>): void {
  const { promise, did, handle, email, replaced, deactivated } = data;
  facts.account = { did, handle, ...(email === null ? {} : { email }) };
  facts.accountDeleted = false;
  facts.deactivated = deactivated;
  facts.adoption = undefined;
  facts.lostAccount = undefined;
  facts.parked = undefined;
  facts.passwordRefused = false;
  facts.passwordResetGranted = false;
  see(facts, undefined);
  sightRecord(facts, did);
  own(facts, handle, email ?? undefined);
  endIncoming(facts, promise, ['account']);
  facts.retiring = replaced ?? facts.retiring;
  close(facts, 'account');
}

/** That a row moved stays, and not which handle it had. */
function withoutHandle<Data extends { readonly handle?: string }>(data: Data): Data {
  return data.handle === undefined ? data : { ...data, handle: NOTHING };
}

function pseudonymisedRelease(
  { promise, to, code }: TransferEventData['code.released'],
  as: Pseudonyms,
): TransferEventData['code.released'] {
  return { promise: as.event(promise), to: as.user(to), code: as.code(code) };
}

function pseudonymisedTransfer(data: Transferred, as: Pseudonyms): Transferred {
  const { what, account, handle, code } = data;
  return {
    ...{ what, ...pseudonymisedDecision(data, as) },
    ...(account === undefined ? {} : { account: as.did(account) }),
    ...(handle === undefined ? {} : { handle: as.platformHandle(handle) }),
    ...(code === undefined ? {} : { code: as.code(code) }),
  };
}
