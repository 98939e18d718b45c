/** What the reconciliation of a user sees of a transfer that it is part of: the log and the documents of the other user. */
import type { ConcordEvent } from '../../../events/event.ts';
import type { Facts, Incoming, Outgoing } from '../../../events/facts.ts';
import { fold } from '../../../events/fold.ts';
import { answerIn } from '../../../events/fold-transfer.ts';
import type { UserKey } from '../../../identity.ts';
import type { AccountReader } from '../../../ports/accounts.ts';
import type { DocumentReader } from '../../../ports/documents.ts';
import type { EventReader } from '../../../ports/event-log.ts';
import type { Claimant } from '../../../ports/subjects.ts';
import type { IncomingSeen, OutgoingSeen, TransferSeen } from '../../../reconcilers/other-users.ts';
import { subjectView } from '../subject-view.ts';

export interface TransferDeps {
  readonly events: Pick<EventReader, 'ofUser'>;
  readonly documents: Pick<DocumentReader, 'read' | 'findUsers'>;
  readonly accounts: Pick<AccountReader, 'account'>;
}

/** Undefined for a user that is part of none. Throws UpstreamError. */
export async function observeTransfer(
  deps: TransferDeps,
  user: UserKey,
  { incoming, outgoing, retiring, account }: Facts,
): Promise<TransferSeen | undefined> {
  if (incoming === undefined && outgoing === undefined && retiring === undefined) return undefined;
  const [from, to, retired] = await Promise.all([
    incoming && seeIncoming(deps, user, incoming),
    outgoing && seeOutgoing(deps, outgoing, account?.did),
    retiring && deps.accounts.account(retiring),
  ]);
  return { incoming: from, outgoing: to, retiring: retired };
}

async function seeIncoming(
  { events, documents, accounts }: TransferDeps,
  user: UserKey,
  { from, promise, open, account: did, handle }: Incoming,
): Promise<IncomingSeen> {
  const isAccountOpen = did !== undefined && open.has('account');
  const [history, read, account, named] = await Promise.all([
    events.ofUser(from),
    documents.read([from]),
    isAccountOpen ? accounts.account(did) : undefined,
    isAccountOpen ? documents.findUsers({ did }) : [],
  ]);
  const facts = fold(history);
  return {
    promise: facts.outgoing?.promise === promise ? facts.outgoing : undefined,
    deactivated: facts.deactivated,
    account,
    hasRow: handle !== undefined && read.get(from)?.handle === handle,
    thirds: named.filter((one) => one !== user && one !== from),
    other: claimantIn(from, history, facts),
  };
}

async function seeOutgoing(
  { events, documents, accounts }: TransferDeps,
  outgoing: Outgoing,
  own: NonNullable<Facts['account']>['did'] | undefined,
): Promise<OutgoingSeen> {
  const { to, open, account: did } = outgoing;
  const isToGiveUp = (open.has('handle') || open.has('address')) && did === undefined && own !== undefined;
  const [history, read, account] = await Promise.all([
    events.ofUser(to),
    documents.read([to]),
    isToGiveUp ? accounts.account(own) : undefined,
  ]);
  const facts = fold(history);
  const { auth0, absentSince, forgotten } = facts;
  const isThere = absentSince === undefined && !forgotten && auth0 !== undefined;
  return {
    answer: answerIn(history, outgoing),
    isReady: isThere && auth0.emailVerified && !auth0.blocked,
    isGone: absentSince !== undefined || forgotten,
    hasRecord: did !== undefined && read.get(to)?.user?.account?.did === did,
    account,
    other: claimantIn(to, history, facts),
  };
}

/** The read model's view of a user with this log. Undefined for an empty log, where a promise has no grant. */
function claimantIn(user: UserKey, history: readonly ConcordEvent[], facts: Facts): Claimant | undefined {
  const [first] = history;
  if (first === undefined) return undefined;
  const { did, accountHandle, accountEmail, email, emailVerified, health, conditions } = subjectView(facts);
  return {
    user,
    tenant: first.tenant,
    did,
    accountHandle,
    accountEmail,
    email,
    emailVerified,
    health,
    conditions,
  };
}
