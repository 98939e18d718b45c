/** What becomes of a user in Auth0 before any call of any scenario, and how a person has them forgotten. */
import { type ForgetDeps, forget } from '../../../src/engine/operations/forget.ts';
import { UsageError } from '../../../src/errors.ts';
import type { UserKey } from '../../../src/identity.ts';
import type { Person } from '../../mongo/subjects/people.ts';
import { openGrants } from '../judge/transfers.ts';
import type { LifeKind } from '../search/faults.ts';
import type { Run } from '../search/run.ts';
import type { Message } from './platform.ts';
import type { Process } from './process.ts';
import type { World } from './world.ts';

/** Returns what Concord is told of it. */
export function befall(world: World, who: Person, kind: LifeKind): readonly Message[] {
  if (world.userOf(who) === undefined) return [];
  switch (kind) {
    case 'user-blocked':
      world.changeNow(who, { blocked: true });
      return [{ type: 'entry', who, code: 'scu' }];
    case 'user-unverified':
      world.changeNow(who, { emailVerified: false });
      return [{ type: 'entry', who, code: 'scu' }];
    case 'user-linked':
      vanish(world, who);
      return [{ type: 'entry', who, code: 'scu' }];
    case 'user-deleted':
    case 'user-forgotten':
      vanish(world, who);
      return [{ type: 'entry', who, code: 'sdu' }];
  }
}

function vanish(world: World, who: Person): void {
  world.directoryOf(who).remove(who.userId);
  world.gone = new Set([...world.gone, who.user]);
}

/** Refused for a reason that is true, as a person would find it. */
export async function forgetNow(run: Run, process: Process, user: UserKey): Promise<void> {
  const who = run.scenario.people.find((one) => one.user === user);
  if (who === undefined) return;
  const { world } = run;
  const { log, queue, subjects, documents, accounts } = process.ports;
  const { clock, random, logger } = process.deps;
  const deps: ForgetDeps = {
    ...{ log, queue, subjects, documents, accounts, clock, random, logger },
    readModel: world.queue.readModel,
    eraser: world.eraser,
    reservations: process.ports.reservations,
    leaseMs: world.settings.leaseMs,
  };
  const directory = process.deps.tenants.get(who.tenant)?.directory;
  if (directory === undefined) throw new Error('The tenant is not there.');
  try {
    await forget(deps, directory, who, 'a person');
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    if (error.code === 'USER_BUSY') {
      // Somebody who broke off has left a lease, which runs out.
      world.advanceTo(world.nowMs + world.settings.leaseMs);
      throw Object.assign(error, { retryable: true });
    }
    run.watch.violations.push(...untrueRefusal(run, who, error.code));
  }
}

function untrueRefusal(run: Run, who: Person, code: string): string[] {
  const { world } = run;
  const facts = world.factsOf(who.user);
  const dids = [facts.account?.did, world.documents.users.get(who.user)?.account?.did];
  const isActive = [...world.accounts.stored.values()].some(
    ({ did, status }) => status === 'active' && (dids.includes(did) || run.watch.made.get(did) === who.user),
  );
  switch (code) {
    case 'USER_EXISTS':
      return world.userOf(who) === undefined ? ['R17: forget says that Auth0 has a user who is deleted'] : [];
    case 'ACCOUNT_ACTIVE':
      return isActive ? [] : ['R17: forget says that an account is active that is not'];
    case 'INTENT_OPEN':
      return ['W11: an intent is still open when all is at rest, so the user cannot be forgotten'];
    case 'TRANSFER_OPEN':
      return openGrants(world, run.scenario.people).length > 0
        ? []
        : ['R17: forget says that a transfer is open that is not'];
    case 'CLAIM_WAITED_FOR':
      return isWaitedFor(run, who) ? [] : ['R17: forget says that a user is waited for who is not'];
    case 'NOTHING_KNOWN':
    case 'ACCOUNT_UNREADABLE':
      return [];
    default:
      return [`R17: forget was refused: ${code}`];
  }
}

function isWaitedFor({ world, scenario }: Run, { user }: Person): boolean {
  return scenario.people.some((one) =>
    world.conditionsOf(one.user).some(({ waitsFor }) => waitsFor === user),
  );
}
