/**
 * What is done for a deleted user whose account, handle or code goes to another one. The log of the other user says what
 * it took; this user releases what is taken and keeps the rest. Pure.
 *
 * | the other user's log says | the part                                    | action           | reason          |
 * |---------------------------|---------------------------------------------|------------------|-----------------|
 * | nothing of a grant        | any                                         | close            | TransferPending |
 * | granted                   | the account                                 | wait             | TransferPending |
 * | taken                     | the account, and its document names it      | release          | TransferPending |
 * | taken                     | the account, and its document does not      | wait             | TransferPending |
 * | granted                   | a handle that the account here carries      | change-handle    | TransferPending |
 * |   any                     | the same, given up and not recorded yet     | record-handle    | TransferPending |
 * | granted                   | the address that the account here has       | change-email     | TransferPending |
 * | granted                   | the row of the handle                       | release          | TransferPending |
 * | granted                   | the row, which is removed                   | wait             | HandleReleased  |
 * | declined                  | the row, which is removed                   | put it back      | HandleReleased  |
 * | granted                   | the code                                    | release          | TransferPending |
 * | granted                   | the code, which is removed                  | wait             | CodeReleased    |
 * | taken or declined         | anything else                               | close            | TransferPending |
 *
 * The row, the code, a handle and an address are released only while the other user can take them: in Auth0, verified, not blocked.
 */
import type { CloseReason, TransferPart } from '../../events/data/transfer.ts';
import type { Facts, Outgoing } from '../../events/facts.ts';
import type { PdsAccount } from '../../ports/accounts.ts';
import type { Documents } from '../../ports/documents.ts';
import { isOnParkedAddress } from '../account/address-chain.ts';
import type { EmailAction } from '../account/email.ts';
import type { HandleAction } from '../account/handle.ts';
import { shellQuoted } from '../command-lines.ts';
import { codeHandle, parkedAddress, parkedHandle, wantedHandle } from '../derived-names.ts';
import type { OutgoingSeen } from '../other-users.ts';
import { type Plan, pending } from '../reconciler.ts';
import { RESOURCE_OF, type TransferAction, type TransferResource } from './state.ts';

type ChangeHandle = Extract<HandleAction, { type: 'change-handle' }>;
type RecordHandle = Extract<HandleAction, { type: 'record-handle' }>;
type ChangeEmail = Extract<EmailAction, { type: 'change-email' }>;
type OutgoingPlan = Plan<TransferAction | ChangeHandle | RecordHandle | ChangeEmail>;
export type OutgoingPlans = { readonly [R in TransferResource]?: OutgoingPlan };

export interface Releasing {
  readonly documents: Documents;
  readonly domain: string;
  readonly refused: Facts['refusedHandles'];
}

export function planOutgoing(outgoing: Outgoing, seen: OutgoingSeen, who: Releasing): OutgoingPlans {
  const plans: { [R in TransferResource]?: OutgoingPlan } = {};
  for (const part of outgoing.open) plans[RESOURCE_OF[part]] = planPart(part, outgoing, seen, who);
  return plans;
}

function planPart(part: TransferPart, outgoing: Outgoing, seen: OutgoingSeen, who: Releasing): OutgoingPlan {
  if (!seen.answer.granted) return close(outgoing, part, 'not-granted');
  switch (part) {
    case 'account':
      return planAccount(outgoing, seen);
    case 'handle':
      return planHandle(outgoing, seen, who);
    case 'code':
      return planCode(outgoing, seen, who.documents);
    case 'address':
      return planAddress(outgoing, seen);
  }
}

function planAccount(outgoing: Outgoing, { answer, hasRecord, isGone }: OutgoingSeen): OutgoingPlan {
  const { account: did, to, promise } = outgoing;
  if (answer.declined.has('account') || did === undefined) return close(outgoing, 'account', 'declined');
  if (!answer.taken.has('account')) return waiting(outgoing, 'account', notTaken(outgoing));
  if (!hasRecord && !isGone)
    return waiting(outgoing, 'account', `The users document of ${to} does not name it.`);
  return {
    actions: [{ resource: 'account', type: 'release-account', promise, to, did }],
    condition: pendingPart(outgoing, 'account', 'It is taken.'),
  };
}

function planHandle(outgoing: Outgoing, seen: OutgoingSeen, who: Releasing): OutgoingPlan {
  const { handle, row, to, promise } = outgoing;
  const { answer, isReady, account } = seen;
  const { documents } = who;
  const given = recordGiven(account, who);
  if (given !== undefined)
    return {
      actions: [given],
      condition: pendingPart(outgoing, 'handle', `The account carries ${given.account.handle} now.`),
    };
  if (answer.taken.has('handle')) return close(outgoing, 'handle', 'taken');
  if (answer.declined.has('handle')) return keepHandle(outgoing, documents);
  // Also when the user is back and has chosen another handle since.
  const isRemoved = row !== undefined && documents.handle !== handle;
  if (handle !== undefined && documents.handle !== handle && !isRemoved)
    return close(outgoing, 'handle', 'changed');
  if (isRemoved) return waiting(outgoing, 'handle', notTaken(outgoing), 'HandleReleased');
  if (!isReady)
    return waiting(outgoing, 'handle', `It is released once ${to} can take it. ${seeWhy(outgoing)}`);
  const wanted = giveUp(account, who);
  if (wanted !== undefined)
    return {
      actions: [wanted],
      condition: pendingPart(outgoing, 'handle', `The account gives up ${wanted.account.handle}.`),
    };
  if (handle === undefined) return close(outgoing, 'handle', 'released');
  return {
    actions: [{ resource: 'handle', type: 'release-handle', promise, to, handle }],
    condition: pendingPart(outgoing, 'handle', 'It is being released.'),
  };
}

function keepHandle(outgoing: Outgoing, { handle }: Documents): OutgoingPlan {
  const { row, to, promise } = outgoing;
  if (row === undefined || handle !== undefined) return close(outgoing, 'handle', 'declined');
  return {
    actions: [{ resource: 'handle', type: 'return-handle', promise, to, row }],
    condition: pendingPart(outgoing, 'handle', 'It was not taken, and is put back.', 'HandleReleased'),
  };
}

/** The handle of an account that stays this user's is replaced by the code, or by a label that no user needs. */
function giveUp(
  account: PdsAccount | 'missing' | undefined,
  { documents, domain, refused }: Releasing,
): ChangeHandle | undefined {
  const code = documents.user?.code;
  if (account === undefined || account === 'missing' || wantedHandle(account, code, domain) === undefined)
    return undefined;
  const byCode = codeHandle(code, domain);
  const parked = parkedHandle(account.did, domain);
  const to = byCode === undefined || refused.has(byCode) ? parked : byCode;
  if (to === undefined) return undefined;
  const recorded = documents.user?.account?.handle;
  return { resource: 'handle', type: 'change-handle', account, recorded, to, isCode: true };
}

/** A reconciliation was interrupted between the PDS and the users document. */
function recordGiven(
  account: PdsAccount | 'missing' | undefined,
  { documents, domain }: Releasing,
): RecordHandle | undefined {
  const recorded = documents.user?.account;
  if (account === undefined || account === 'missing' || recorded?.did !== account.did) return undefined;
  const isGiven = wantedHandle(account, documents.user?.code, domain) === undefined;
  if (!isGiven || recorded.handle === account.handle) return undefined;
  return { resource: 'handle', type: 'record-handle', account, recorded: recorded.handle };
}

/** The address of an account that stays this user's goes to one that nothing can be delivered to. */
function planAddress(outgoing: Outgoing, { answer, account, isReady }: OutgoingSeen): OutgoingPlan {
  if (account === undefined || account === 'missing') return close(outgoing, 'address', 'released');
  if (isOnParkedAddress(account)) return close(outgoing, 'address', 'released');
  if (answer.declined.has('address')) return close(outgoing, 'address', 'declined');
  if (!isReady)
    return waiting(
      outgoing,
      'address',
      `It is released once ${outgoing.to} can take it. ${seeWhy(outgoing)}`,
    );
  return {
    actions: [{ resource: 'email', type: 'change-email', did: account.did, to: parkedAddress(account.did) }],
    condition: pendingPart(outgoing, 'address', `The account ${account.did} gives it up.`),
  };
}

function planCode(outgoing: Outgoing, { answer, isReady }: OutgoingSeen, { user }: Documents): OutgoingPlan {
  const { code, to, promise, isCodeReleased } = outgoing;
  if (answer.taken.has('code')) return close(outgoing, 'code', 'taken');
  if (answer.declined.has('code') || code === undefined) return close(outgoing, 'code', 'declined');
  if (isCodeReleased) return waiting(outgoing, 'code', notTaken(outgoing), 'CodeReleased');
  if (!isReady)
    return waiting(outgoing, 'code', `It is released once ${to} can take it. ${seeWhy(outgoing)}`);
  // Also when the document no longer has it: a reconciliation was interrupted between the two.
  if (user?.code !== undefined && user.code !== code) return close(outgoing, 'code', 'changed');
  return {
    actions: [{ resource: 'user-document', type: 'release-code', promise, to, code }],
    condition: pendingPart(outgoing, 'code', 'It is being released.'),
  };
}

function close(outgoing: Outgoing, part: TransferPart, because: CloseReason): OutgoingPlan {
  const { promise, to } = outgoing;
  const resource = RESOURCE_OF[part];
  return {
    actions: [{ resource, type: 'close-transfer', promise, to, what: [part], because }],
    condition: pendingPart(outgoing, part, `It is over (${because}).`),
  };
}

function notTaken(outgoing: Outgoing): string {
  return `It has not been taken yet. ${seeWhy(outgoing)}`;
}

/** The other user may be deleted, blocked, unverified or paused: its own conditions say which. */
function seeWhy({ to }: Outgoing): string {
  return `See what it waits for with: concord explain ${shellQuoted(to)}`;
}

function waiting(outgoing: Outgoing, part: TransferPart, message: string, reason?: string): OutgoingPlan {
  return { actions: [], condition: pendingPart(outgoing, part, message, reason) };
}

function pendingPart(
  { to }: Outgoing,
  part: TransferPart,
  message: string,
  reason = 'TransferPending',
): OutgoingPlan['condition'] {
  const said = `The ${part} of this user is being transferred to ${to}. ${message}`;
  return { ...pending({ type: RESOURCE_OF[part], reason, message: said }), waitsFor: to };
}
