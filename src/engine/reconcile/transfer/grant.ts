/**
 * The decision to transfer. It is an event in the log of each user, written under the leases of both: first the deleted
 * user promises, then the other one is granted. A promise without a grant means nothing, so a command that breaks off
 * between the two has decided nothing. From then on each user's reconciliation changes only its own user.
 */

import { LeaseLostError, UsageError } from '../../../errors.ts';
import type { Decided } from '../../../events/data/decisions.ts';
import type { TransferPart } from '../../../events/data/transfer.ts';
import type { EventData } from '../../../events/event.ts';
import { fold } from '../../../events/fold.ts';
import type { EventId } from '../../../identity.ts';
import type { DatabaseClock, Random } from '../../../ports/clock.ts';
import { requireClock } from '../../../ports/clock-agreement.ts';
import type { EventLog } from '../../../ports/event-log.ts';
import type { WorkQueue } from '../../../ports/queue.ts';
import { createJournal, type Journal } from '../journal.ts';
import { HeldLease, type HoldingDeps } from '../leases/held-lease.ts';
import { notFinished, proposeTransfer, type TransferProposal } from './propose.ts';
import type { Party, SidesDeps } from './sides.ts';

export interface GrantDeps extends Omit<SidesDeps, 'events'>, HoldingDeps {
  readonly log: EventLog;
  readonly queue: Pick<WorkQueue, 'claimUser' | 'renew' | 'release' | 'markDue'>;
  readonly databaseClock: DatabaseClock;
  readonly random: Random;
}

export interface Wish {
  readonly asked: readonly TransferPart[] | undefined;
  /** What the person was shown; undefined where the policy decides, and accepts whatever is found. */
  readonly shown: TransferProposal | undefined;
}

/** Throws UsageError USER_BUSY, TRANSFER_CHANGED, CLOCK_DIFFERS, and what `proposeTransfer` throws. Decides nothing then. */
export async function grantTransfer(
  deps: GrantDeps,
  from: Party,
  to: Party,
  wish: Wish,
  decided: Decided,
): Promise<TransferProposal> {
  if (from.user === to.user) throw new UsageError('Give two different users.', 'SAME_USER');
  await requireClock(deps.databaseClock);
  return holding(deps, from, (first) =>
    holding(deps, to, async (second) => {
      const proposal = await proposeAsShown(deps, from, to, wish);
      const journal = createJournal(deps, to.user, to.tenant.id, fold(await deps.log.ofUser(to.user)));
      const both = [() => first.ensure(), () => second.ensure()];
      await makeDue(deps, to);
      const granted = await writeGrant(deps, from, journal, both, proposal, decided);
      await makeDue(deps, to, granted);
      return proposal;
    }),
  );
}

/**
 * The same, for a reconciliation that holds the lease of `to`: where Auth0 proves the linking and no account is replaced.
 * Throws UsageError NOT_BY_POLICY, too.
 */
export async function grantUnderLease(
  deps: GrantDeps,
  from: Party,
  to: Party,
  own: { readonly journal: Journal; readonly ensureLease: () => Promise<void> },
  decided: Decided,
): Promise<TransferProposal> {
  await requireClock(deps.databaseClock);
  return holding(deps, from, async (held) => {
    const proposal = await proposeAsShown(deps, from, to, { asked: undefined, shown: undefined });
    if (proposal.replaces !== undefined || !proposal.isLinked || proposal.account === undefined)
      throw new UsageError('A person must decide this.', 'NOT_BY_POLICY');
    const both = [() => held.ensure(), own.ensureLease];
    await writeGrant(deps, from, own.journal, both, proposal, decided);
    return proposal;
  });
}

export async function holding<T>(
  deps: GrantDeps,
  party: Party,
  work: (held: HeldLease) => Promise<T>,
): Promise<T> {
  const { user, userId, tenant } = party;
  const trigger = { user, userId, tenant: tenant.id };
  const lease = await deps.queue.claimUser(trigger, deps.clock.now(), deps.settings.leaseMs);
  if (lease === undefined) throw busy(user);
  const held = new HeldLease(deps, lease);
  try {
    return await held.during(() => work(held));
  } catch (error) {
    throw error instanceof LeaseLostError ? busy(user) : error;
  } finally {
    await deps.queue.release(lease);
  }
}

function busy(user: string): UsageError {
  return new UsageError(`${user} is being reconciled. Try again in a moment.`, 'USER_BUSY');
}

async function proposeAsShown(
  deps: GrantDeps,
  from: Party,
  to: Party,
  { asked, shown }: Wish,
): Promise<TransferProposal> {
  const sides = { ...deps, events: deps.log };
  const proposal = await proposeTransfer(sides, from, to, asked, deps.clock.now());
  if (shown === undefined || sameDecision(shown, proposal)) return proposal;
  throw new UsageError(
    `What would be transferred from ${from.user} to ${to.user} has changed. Nothing was decided. Check again, then decide.`,
    'TRANSFER_CHANGED',
  );
}

function sameDecision(a: TransferProposal, b: TransferProposal): boolean {
  const decisive = ({ what, account, handle, code, address, replaces, isLinked }: TransferProposal) =>
    JSON.stringify([what, account?.did, handle, code, address, replaces, isLinked]);
  return decisive(a) === decisive(b);
}

async function writeGrant(
  deps: GrantDeps,
  from: Party,
  to: Journal,
  leases: readonly (() => Promise<void>)[],
  proposal: TransferProposal,
  decided: Decided,
): Promise<EventId> {
  // Before each write: another worker may have one of the users by now.
  const ensureLeases = async () => void (await Promise.all(leases.map((ensure) => ensure())));
  const history = await deps.log.ofUser(from.user);
  // Before the first event, so that the promise of a command that breaks off is found and has no effect.
  await makeDue(deps, from);
  await ensureLeases();
  const promise = await createJournal(deps, from.user, from.tenant.id, fold(history)).append([], {
    type: 'transfer.promised',
    data: { to: proposal.to, ...dataOf(proposal), ...decided },
  });
  await refuseOtherGrants(deps, from, history, proposal);
  await ensureLeases();
  const granted = await to.append([promise], {
    type: 'transfer.granted',
    data: {
      ...{ promise, from: from.user, ...dataOf(proposal), ...decided },
      ...(proposal.replaces === undefined ? {} : { replaces: proposal.replaces }),
      evidence: proposal.evidence,
    },
  });
  await makeDue(deps, from, granted);
  // A grant that was logged after the leases may find its promise closed: then its meaning is unknown.
  await ensureLeases();
  return granted;
}

/** An earlier promise may get its grant late: its user then reads this promise before it takes anything. */
async function refuseOtherGrants(
  { log }: GrantDeps,
  { user }: Party,
  history: Awaited<ReturnType<EventLog['ofUser']>>,
  { to }: TransferProposal,
): Promise<void> {
  const others = new Set(history.flatMap(({ type, data }) => (type === 'transfer.promised' ? data.to : [])));
  others.delete(to);
  for (const other of others) {
    if (fold(await log.ofUser(other)).incoming?.from !== user) continue;
    throw notFinished(user, other);
  }
}

export async function makeDue({ queue, clock }: GrantDeps, party: Party, cause?: EventId): Promise<void> {
  const { user, userId, tenant } = party;
  const trigger = { user, userId, tenant: tenant.id };
  await queue.markDue([cause === undefined ? trigger : { ...trigger, cause }], clock.now(), 'trigger');
}

type Promised = Pick<EventData['transfer.promised'], 'what' | 'account' | 'handle' | 'code'>;

function dataOf({ what, account, handle, code }: TransferProposal): Promised {
  return {
    what,
    ...(account === undefined ? {} : { account: account.did }),
    ...(handle?.platformHandle === undefined ? {} : { handle: handle.platformHandle }),
    ...(code === undefined ? {} : { code }),
  };
}
