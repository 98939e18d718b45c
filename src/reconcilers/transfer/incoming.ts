/**
 * What is done for a user who gets an account, a handle or a code from a deleted one. Each part is taken or declined by
 * itself, in the log of this user; the deleted user follows. Pure.
 *
 * | the user               | the part                                       | action  | reason          |
 * |------------------------|------------------------------------------------|---------|-----------------|
 * | deleted                | any                                            | decline | TransferPending |
 * | blocked, or unverified | any                                            | wait    | TransferPending |
 * | there                  | no longer promised by the deleted user's log   | decline | TransferPending |
 * | there                  | an account that the PDS does not have          | decline | TransferPending |
 * | there                  | an account that a third user's document names  | decline | TransferPending |
 * | there, with an account | an account, and the grant replaces another one | decline | TransferPending |
 * | there                  | an account                                     | take    | TransferPending |
 * | there, with a handle   | another handle                                 | decline | TransferPending |
 * | there                  | a handle whose row is not released yet         | wait    | TransferPending |
 * | there                  | a handle whose row is released                 | take    | TransferPending |
 * | there, with a code     | another code                                   | decline | TransferPending |
 * | there                  | a code that is not released yet                | wait    | TransferPending |
 * | there                  | a code that is released                        | see user-document.ts      |
 * | not blocked            | the account before is replaced                 | retire  | AccountReplaced |
 */

import type { DeclineReason, TransferPart } from '../../events/data/transfer.ts';
import type { Incoming } from '../../events/facts.ts';
import type { Did, UserKey } from '../../identity.ts';
import type { PdsAccount } from '../../ports/accounts.ts';
import type { Documents } from '../../ports/documents.ts';
import { endSentence } from '../account/account-end.ts';
import type { DesiredAccount } from '../account/account-state.ts';
import { ownAddresses } from '../account/address.ts';
import { parkedAddress, parkedHandle } from '../derived-names.ts';
import type { IncomingSeen } from '../other-users.ts';
import { type Plan, pending } from '../reconciler.ts';
import { RESOURCE_OF, type TransferAction, type TransferResource } from './state.ts';

type TransferPlan = Plan<TransferAction>;
export type TransferPlans = { readonly [R in TransferResource]?: TransferPlan };

export interface Successor {
  readonly wanted: DesiredAccount;
  readonly documents: Documents;
  /** Another user with the code. */
  readonly codeHolder: UserKey | undefined;
}

export function planIncoming(incoming: Incoming, seen: IncomingSeen, who: Successor): TransferPlans {
  const plans: { [R in TransferResource]?: TransferPlan } = {};
  for (const part of incoming.open) {
    const plan = planPart(part, incoming, seen, who);
    if (plan !== undefined) plans[RESOURCE_OF[part]] = plan;
  }
  return plans;
}

function planPart(
  part: TransferPart,
  incoming: Incoming,
  seen: IncomingSeen,
  who: Successor,
): TransferPlan | undefined {
  const { wanted } = who;
  if (wanted.type === 'end' && isGone(wanted)) return decline(incoming, part, 'deleted');
  if (wanted.type !== 'account') {
    return waiting(incoming, part, wanted.type === 'none' ? wanted.message : endSentence(wanted.end));
  }
  const { withheld } = wanted.email;
  if (withheld !== undefined) return waiting(incoming, part, withheld.why);
  if (seen.promise?.open.has(part) !== true) return decline(incoming, part, 'not-promised');
  switch (part) {
    case 'account':
      return planAccount(incoming, seen, who);
    case 'handle':
      return planHandle(incoming, seen, who);
    case 'code':
      return planCode(incoming, seen, who);
    case 'address':
      return decline(incoming, part, 'not-promised');
  }
}

/** By two proofs: a single one is waited out, like everywhere else. */
function isGone({ end }: Extract<DesiredAccount, { type: 'end' }>): boolean {
  return end.type === 'removed' || (end.type === 'kept' && end.reason === 'UserGone');
}

function planAccount(incoming: Incoming, seen: IncomingSeen, who: Successor): TransferPlan {
  const { account: did, replaces, promise, from } = incoming;
  const { account } = seen;
  const { wanted, documents } = who;
  if (did === undefined || account === undefined || account === 'missing')
    return decline(incoming, 'account', 'account-missing');
  if (seen.thirds.length > 0) return decline(incoming, 'account', 'account-of-another');
  const recorded = documents.user?.account;
  const own = recorded === undefined ? wanted.loggedDid : recorded.did;
  const isUnreadable = recorded !== undefined && recorded.did === undefined;
  if (isUnreadable || (own !== undefined && own !== did && own !== replaces))
    return decline(incoming, 'account', 'has-account');
  if (documents.user === undefined) return waiting(incoming, 'account', 'There is no users document yet.');
  const over = recorded?.did === did ? undefined : recorded?.did;
  const replaced = replaces === did ? undefined : replaces;
  return {
    actions: [
      {
        ...{ resource: 'account', type: 'take-account', promise, from, account, over, replaced },
        deactivated: seen.deactivated,
      },
    ],
    condition: pendingPart(incoming, 'account', `The account ${did} is being recorded for this user.`),
  };
}

function planHandle(
  incoming: Incoming,
  { promise, hasRow }: IncomingSeen,
  { documents }: Successor,
): TransferPlan {
  const { handle } = incoming;
  if (handle === undefined) return decline(incoming, 'handle', 'not-promised');
  if (documents.handle !== undefined && documents.handle !== handle)
    return decline(incoming, 'handle', 'has-handle');
  // In the log before it is removed: the deleted user may still have it.
  if (promise?.row === undefined || hasRow)
    return waiting(incoming, 'handle', 'The handle is not released yet.');
  const { promise: id, from } = incoming;
  return {
    actions: [{ resource: 'handle', type: 'take-handle', promise: id, from, handle, row: promise.row }],
    condition: pendingPart(incoming, 'handle', 'The handle is being recorded for this user.'),
  };
}

/** Undefined where the code is released: then it is restored like one that the log knows. */
function planCode(incoming: Incoming, { promise }: IncomingSeen, who: Successor): TransferPlan | undefined {
  const { code } = incoming;
  const { documents, codeHolder } = who;
  const found = documents.user?.code;
  if (code === undefined) return decline(incoming, 'code', 'not-promised');
  if (found === code)
    return {
      actions: [{ resource: 'user-document', type: 'record-code', code }],
      condition: pendingPart(incoming, 'code', `The users document has the code ${code}.`),
    };
  if (found !== undefined || documents.user?.hasUnreadableCode === true)
    return decline(incoming, 'code', 'has-code');
  if (promise?.isCodeReleased !== true)
    return waiting(incoming, 'code', `The code ${code} is not released yet.`);
  return codeHolder === undefined ? undefined : decline(incoming, 'code', 'code-taken');
}

function decline(incoming: Incoming, part: TransferPart, because: DeclineReason): TransferPlan {
  const { promise, from } = incoming;
  const resource = RESOURCE_OF[part];
  return {
    actions: [{ resource, type: 'decline-transfer', promise, from, what: [part], because }],
    condition: pendingPart(incoming, part, `It is not taken (${because}).`),
  };
}

function waiting(incoming: Incoming, part: TransferPart, message: string): TransferPlan {
  return { actions: [], condition: pendingPart(incoming, part, message) };
}

function pendingPart(incoming: Incoming, part: TransferPart, message: string): TransferPlan['condition'] {
  const type = RESOURCE_OF[part];
  const said = `The ${part} of ${incoming.from} is being transferred to this user. ${message}`;
  return { ...pending({ type, reason: 'TransferPending', message: said }), waitsFor: incoming.from };
}

// ── The account before ──

/** Undefined while the user is blocked, and where nothing was replaced. */
export function planRetirement(
  did: Did,
  account: PdsAccount | 'missing' | undefined,
  wanted: DesiredAccount,
  domain: string,
): TransferPlan | undefined {
  if (wanted.type === 'end' && !isGone(wanted)) return undefined;
  const message = `The account ${did} was replaced; it is deactivated, and its handle and address are freed. It stays on the PDS, and is listed by: concord audit --orphans`;
  const condition = pending({ type: 'account', reason: 'AccountReplaced', message });
  if (account === undefined || account === 'missing')
    return { actions: [{ ...RETIRE, account: { did }, ...NOTHING_LEFT }], condition };
  const handle = parkedHandle(did, domain);
  const isOurs = account.handle.endsWith(domain) && account.handle !== handle;
  const addresses = wanted.type === 'account' ? ownAddresses(wanted.email) : [];
  const isInTheWay = account.email !== undefined && addresses.includes(account.email.toLowerCase());
  return {
    actions: [
      {
        ...{ ...RETIRE, account, handle: isOurs ? handle : undefined },
        email: isInTheWay ? parkedAddress(did) : undefined,
        isActive: account.state === 'active' || account.state === 'unknown',
      },
    ],
    condition,
  };
}

const RETIRE = { resource: 'account', type: 'retire-account' } as const;
const NOTHING_LEFT = { handle: undefined, email: undefined, isActive: false } as const;
