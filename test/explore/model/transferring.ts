/** A person who transfers what a deleted user has to another user, with what the command shows, and repeats it until it is decided. */
import { reconcile } from '../../../src/engine/reconcile/reconcile.ts';
import { cancelTransfer } from '../../../src/engine/reconcile/transfer/cancel.ts';
import { grantTransfer } from '../../../src/engine/reconcile/transfer/grant.ts';
import { proposeTransfer } from '../../../src/engine/reconcile/transfer/propose.ts';
import type { Party } from '../../../src/engine/reconcile/transfer/sides.ts';
import { UsageError } from '../../../src/errors.ts';
import type { TransferPart } from '../../../src/events/data/transfer.ts';
import type { Person } from '../../mongo/subjects/people.ts';
import { openGrants } from '../judge/transfers.ts';
import type { Run } from '../search/run.ts';
import type { Process } from './process.ts';

const decided = { by: 'a person', reason: 'the same person' };

/** How many of these commands a process has under way; one that dies leaves its own. */
const underWay = new WeakMap<Process, number>();

interface Wish {
  readonly from: Person;
  readonly to: Person;
  readonly asked: readonly TransferPart[] | undefined;
  /** Finishes first what is in the way. */
  readonly isPatient: boolean;
}

/** A command that is refused has decided nothing. What stands in its way has to be so. */
export async function transferNow(
  run: Run,
  process: Process,
  { from, to, asked, isPatient }: Wish,
): Promise<void> {
  const { world } = run;
  const { deps, ports } = process;
  const granting = { ...deps, events: ports.log };
  const before = [world.mutations, run.progress.stalls];
  const [source, target] = [partyOf(process, from), partyOf(process, to)];
  underWay.set(process, (underWay.get(process) ?? 0) + 1);
  try {
    const shown = await proposeTransfer(granting, source, target, asked, world.clock.now());
    await grantTransfer(granting, source, target, { asked, shown }, decided);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    if (error.code === 'TRANSFER_CHANGED') throw Object.assign(error, { retryable: true });
    if (error.code === 'USER_BUSY') {
      // A command that broke off has left its leases, which run out; those of one that is under way must not.
      if (underWay.get(process) === 1) world.advanceTo(world.nowMs + world.settings.leaseMs);
      throw Object.assign(error, { retryable: true });
    }
    // Where others went on meanwhile, it was so when it was read.
    const after = [world.mutations, run.progress.stalls];
    if (isPatient && after.every((count, at) => count === before[at]))
      run.watch.violations.push(...untrueRefusal(run, from, to, error.code));
    if (!UNFINISHED.has(error.code) || !isPatient) return;
    for (const who of [to, from]) await reconcileNow(run, process, who);
    if (error.code !== 'TRANSFER_GRANTED') throw Object.assign(error, { retryable: true });
  } finally {
    underWay.set(process, (underWay.get(process) ?? 0) - 1);
  }
}

/** As `concord transfer --cancel` does. Refused where nothing is open any more. */
export async function cancelNow(run: Run, process: Process, from: Person, to: Person): Promise<void> {
  const { world } = run;
  try {
    await cancelTransfer(process.deps, partyOf(process, from), partyOf(process, to), decided);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    if (error.code !== 'USER_BUSY') return;
    world.advanceTo(world.nowMs + world.settings.leaseMs);
    throw Object.assign(error, { retryable: true });
  }
}

function partyOf({ deps: { tenants } }: Process, { user, userId, tenant }: Person): Party {
  const directory = tenants.get(tenant)?.directory;
  if (directory === undefined) throw new Error('The tenant is not there.');
  return { user, userId, tenant: { id: tenant, directory } };
}

/** The message says to reconcile the users; what is not the transfer that was asked for is asked for again then. */
const UNFINISHED: ReadonlySet<string> = new Set(['TRANSFER_GRANTED', 'TRANSFER_OPEN', 'INTENT_OPEN']);

/** As `concord reconcile` does. */
async function reconcileNow({ world }: Run, process: Process, who: Person): Promise<void> {
  const lease = await process.ports.queue.claimUser(who, world.clock.now(), world.settings.leaseMs);
  if (lease === undefined) {
    world.advanceTo(world.nowMs + world.settings.leaseMs);
    throw Object.assign(new Error('The user is being reconciled.'), { retryable: true });
  }
  process.user = who.user;
  await reconcile(process.deps, lease);
  process.user = undefined;
}

/** Refusals that are about one user alone, and can be looked up. */
function untrueRefusal(run: Run, from: Person, to: Person, code: string): string[] {
  const { world, scenario } = run;
  const successor = world.userOf(to);
  const isSo = (): boolean => {
    switch (code) {
      case 'USER_EXISTS':
        return world.userOf(from) !== undefined;
      case 'USER_DELETED':
        return successor === undefined;
      case 'USER_BLOCKED':
        return successor?.blocked === true;
      case 'USER_UNVERIFIED':
        return successor?.emailVerified === false;
      case 'TRANSFER_GRANTED':
      case 'TRANSFER_OPEN':
        return openGrants(world, scenario.people).length > 0;
      case 'NO_ACCOUNT':
        return world.documents.users.get(from.user)?.account === undefined;
      default:
        return true;
    }
  };
  return isSo() ? [] : [`transfer: the command says what is not so: ${code}`];
}
