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
import type { Clock, DatabaseClock, Random } from '../../../ports/clock.ts';
import { requireClock } from '../../../ports/clock-agreement.ts';
import type { EventLog } from '../../../ports/event-log.ts';
import type { Lease, WorkQueue } from '../../../ports/queue.ts';
import { createJournal, type Journal } from '../journal.ts';
import { notFinished, proposeTransfer, type TransferProposal } from './propose.ts';
import type { Party, SidesDeps } from './sides.ts';

export interface GrantDeps extends Omit<SidesDeps, 'events'> {
  readonly log: EventLog;
  readonly queue: Pick<WorkQueue, 'claimUser' | 'renew' | 'release' | 'markDue'>;
  readonly clock: Clock;
  readonly databaseClock: DatabaseClock;
  readonly random: Random;
  readonly leaseMs: number;
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
      const leases = new Leases(deps, [first, second]);
      await makeDue(deps, to);
      const granted = await writeGrant(deps, from, journal, leases, proposal, decided);
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
  return holding(deps, from, async (lease) => {
    const proposal = await proposeAsShown(deps, from, to, { asked: undefined, shown: undefined });
    if (proposal.replaces !== undefined || !proposal.isLinked || proposal.account === undefined)
      throw new UsageError('A person must decide this.', 'NOT_BY_POLICY');
    const leases = new Leases(deps, [lease]);
    const both = { ensure: async () => void (await Promise.all([leases.ensure(), own.ensureLease()])) };
    await writeGrant(deps, from, own.journal, both, proposal, decided);
    return proposal;
  });
}

export async function holding<T>(
  deps: GrantDeps,
  party: Party,
  work: (lease: Lease) => Promise<T>,
): Promise<T> {
  const { user, userId, tenant } = party;
  const trigger = { user, userId, tenant: tenant.id };
  const lease = await deps.queue.claimUser(trigger, deps.clock.now(), deps.leaseMs);
  if (lease === undefined) throw busy(user);
  try {
    return await work(lease);
  } catch (error) {
    throw error instanceof LeaseLostError ? busy(user) : error;
  } finally {
    await deps.queue.release(lease);
  }
}

function busy(user: string): UsageError {
  return new UsageError(`${user} is being reconciled. Try again in a moment.`, 'USER_BUSY');
}

/** Checked before each write: another worker may have one of the users by now. */
export class Leases {
  readonly #deps: GrantDeps;
  #held: readonly Lease[];

  constructor(deps: GrantDeps, held: readonly Lease[]) {
    this.#deps = deps;
    this.#held = held;
  }

  async ensure(): Promise<void> {
    const { queue, clock, leaseMs } = this.#deps;
    this.#held = await Promise.all(this.#held.map((lease) => queue.renew(lease, clock.now(), leaseMs)));
    // The answer may have taken longer than the lease.
    const lost = this.#held.find(({ until }) => until <= clock.now());
    if (lost !== undefined) throw new LeaseLostError(`The lease on ${lost.user} ran out`);
  }
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
  leases: { ensure(): Promise<void> },
  proposal: TransferProposal,
  decided: Decided,
): Promise<EventId> {
  const history = await deps.log.ofUser(from.user);
  // Before the first event, so that the promise of a command that breaks off is found and has no effect.
  await makeDue(deps, from);
  await leases.ensure();
  const promise = await createJournal(deps, from.user, from.tenant.id, fold(history)).append([], {
    type: 'transfer.promised',
    data: { to: proposal.to, ...dataOf(proposal), ...decided },
  });
  await refuseOtherGrants(deps, from, history, proposal);
  await leases.ensure();
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
  await leases.ensure();
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
