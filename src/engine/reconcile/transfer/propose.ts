/**
 * What a transfer from a deleted user to another one would do, with the evidence. Needs only readers; the same is
 * read again before the decision.
 */

import { UsageError } from '../../../errors.ts';
import { TRANSFER_PARTS, type TransferPart } from '../../../events/data/transfer.ts';
import type { Outgoing } from '../../../events/facts.ts';
import { answerIn } from '../../../events/fold-transfer.ts';
import type { Code, Did, UserKey } from '../../../identity.ts';
import type { PdsAccount } from '../../../ports/accounts.ts';
import { shellQuoted } from '../../../reconcilers/command-lines.ts';
import {
  type Availability,
  type AvailableHandle,
  accountBefore,
  accountOf,
  addressOf,
  codeOf,
  handleOf,
} from './parts.ts';
import { type Proof, prove } from './proof.ts';
import { type Party, readSides, type Sides, type SidesDeps } from './sides.ts';

export interface TransferProposal extends Proof {
  readonly from: UserKey;
  readonly to: UserKey;
  readonly what: readonly TransferPart[];
  readonly account: PdsAccount | undefined;
  readonly handle: AvailableHandle | undefined;
  readonly code: Code | undefined;
  /** The account that gives up its address. */
  readonly address: Did | undefined;
  /** The account that the transferred one replaces. */
  readonly replaces: Did | undefined;
  /** The password of the account is not stored, and the account needs a new one. */
  readonly hasNoPassword: boolean;
  /** What of the default is not transferred, as sentences. */
  readonly leftOut: readonly string[];
}

const BY_DEFAULT: ReadonlySet<TransferPart> = new Set(['account', 'handle']);

/**
 * `asked` undefined means the account and the handle, as far as there are any. Throws UsageError: what `prove` throws,
 * NO_EVIDENCE, TRANSFER_GRANTED, TRANSFER_OPEN, ALREADY_TRANSFERRED, NOTHING_TO_TRANSFER, and for a requested part the code of
 * what is in its way; UpstreamError when something cannot be read.
 */
export async function proposeTransfer(
  deps: SidesDeps,
  from: Party,
  to: Party,
  asked: readonly TransferPart[] | undefined,
  now: Date,
): Promise<TransferProposal> {
  if (from.user === to.user) throw new UsageError('Give two different users.', 'SAME_USER');
  const sides = await readSides(deps, from, to);
  await refuseOpen(deps, sides);
  return proposalOf(sides, asked, now);
}

export function proposalOf(
  sides: Sides,
  asked: readonly TransferPart[] | undefined,
  now: Date,
): TransferProposal {
  const { from, to } = sides;
  refuseTransferred(sides);
  const proof = prove(sides, now);
  const leftOut: string[] = [];
  /** Undefined where it is not transferred; a requested part is refused then. */
  const take = <T>(part: TransferPart, find: () => Availability<T>): T | undefined => {
    const isWanted = asked === undefined ? BY_DEFAULT.has(part) : asked.includes(part);
    if (!isWanted) return undefined;
    const found = find();
    if (found.type === 'available') return found.value;
    if (asked !== undefined) throw new UsageError(`${found.message} Nothing is transferred.`, found.code);
    leftOut.push(found.message);
    return undefined;
  };
  const account = take('account', () => accountOf(sides));
  const handle = take('handle', () => handleOf(sides, account !== undefined));
  const code = take('code', () => codeOf(sides));
  const address = take('address', () => addressOf(sides));
  const what = TRANSFER_PARTS.filter((part) => ({ account, handle, code, address })[part] !== undefined);
  if (what.length === 0) {
    throw new UsageError(
      `There is nothing of ${from.party.user} to transfer. ${leftOut.join(' ')}`,
      'NOTHING_TO_TRANSFER',
    );
  }
  if (account !== undefined && address !== undefined)
    throw new UsageError('The address goes with the account. Give one of the two.');
  const claim = claimOf(sides, what, handle);
  if (!proof.isSamePerson && claim === undefined) throw noEvidence(sides);
  const before = account === undefined ? undefined : accountBefore(sides);
  if (before?.type === 'refused')
    throw new UsageError(`${before.message} Nothing is transferred.`, before.code);
  return {
    ...{ ...proof, from: from.party.user, to: to.party.user, what, account, handle, code, address, leftOut },
    evidence: [...proof.evidence, ...(claim === undefined ? [] : [claim])],
    replaces: before?.value,
    hasNoPassword: account !== undefined && from.documents.user?.account?.hasPassword !== true,
  };
}

/** A handle alone only needs the other user to have it in `@handles`: nothing of the deleted user moves. */
function claimOf(
  { to }: Sides,
  what: readonly TransferPart[],
  handle: AvailableHandle | undefined,
): string | undefined {
  const isAlone = what.every((part) => part === 'handle');
  if (!isAlone || handle?.isOfOther !== true || handle.platformHandle !== undefined) return undefined;
  return `the row of @handles with this handle is that of ${to.party.user}`;
}

function noEvidence({ from, to }: Sides): UsageError {
  const [deleted, successor] = [from.party.user, to.party.user];
  return new UsageError(
    `Nothing says that ${deleted} and ${successor} are the same person: they have no verified address in common, and Auth0 has not linked them. If the account is that of ${successor} all the same, adopt it once no users document names it any more: concord adopt ${shellQuoted(successor)} <did>`,
    'NO_EVIDENCE',
  );
}

/** The account is in both documents until the deleted user has released it; until then no other evidence is reported. */
function refuseTransferred({ from, to }: Sides): void {
  const { transferred } = from.facts;
  const isTaken = from.did !== undefined && from.did === to.did;
  const isReleased = from.did === undefined && transferred?.to === to.party.user;
  const hasNothing = from.documents.handle === undefined;
  if (!isTaken && !(isReleased && hasNothing)) return;
  throw new UsageError(
    `The account ${isTaken ? from.did : transferred?.did} of ${from.party.user} was transferred to ${to.party.user} already.`,
    'ALREADY_TRANSFERRED',
  );
}

/** A promise without a grant comes from a command that broke off, and means nothing. */
async function refuseOpen({ events }: SidesDeps, { from, to }: Sides): Promise<void> {
  const { outgoing } = from.facts;
  const { incoming } = to.facts;
  if (outgoing !== undefined) {
    const history = outgoing.to === to.party.user ? to.history : await events.ofUser(outgoing.to);
    if (answerIn(history, outgoing).granted) throw isOpen(from.party.user, outgoing, to.party.user);
  }
  if (incoming === undefined) return;
  throw new UsageError(
    `A transfer from ${incoming.from} to ${to.party.user} is not finished. Finish it first: concord reconcile ${shellQuoted(to.party.user)}`,
    'TRANSFER_OPEN',
  );
}

/** Another transfer from the same user is open. */
export function notFinished(from: UserKey, to: UserKey): UsageError {
  const [source, target] = [shellQuoted(from), shellQuoted(to)];
  return new UsageError(
    `A transfer from ${from} to ${to} is not finished. Finish it first: concord reconcile ${target}, then: concord reconcile ${source}. Or cancel what is not taken: concord transfer ${source} ${target} --cancel`,
    'TRANSFER_OPEN',
  );
}

function isOpen(from: UserKey, { to }: Outgoing, asked: UserKey): UsageError {
  return to === asked
    ? new UsageError(
        `A transfer from ${from} to ${to} is granted already. Apply it now with: concord reconcile ${shellQuoted(to)}, then: concord reconcile ${shellQuoted(from)}`,
        'TRANSFER_GRANTED',
      )
    : notFinished(from, to);
}
