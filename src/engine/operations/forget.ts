/**
 * Forgets a deleted person: personal data is blanked, and the shape of the history stays.
 *
 * The order is the guarantee. The event comes first, as an intent does: from then on no reconciliation changes anything
 * for the user, and the read model shows nothing. The user's own events are blanked last, because only they have the
 * addresses that find the rest: while they have personal data, a call that broke off is noticed, and the next one has
 * everything that the first one had.
 */

import { LeaseLostError, UsageError } from '../../errors.ts';
import { addressesIn, isPersonal } from '../../events/blank.ts';
import type { ConcordEvent } from '../../events/event.ts';
import { fold } from '../../events/fold.ts';
import type { Did } from '../../identity.ts';
import type { AccountReader } from '../../ports/accounts.ts';
import type { Directory } from '../../ports/auth0.ts';
import type { Random } from '../../ports/clock.ts';
import type { DocumentReader } from '../../ports/documents.ts';
import type { Eraser, EventLog } from '../../ports/event-log.ts';
import type { ReadModel, WorkQueue } from '../../ports/queue.ts';
import type { Reservations } from '../../ports/reservations.ts';
import type { SubjectReader } from '../../ports/subjects.ts';
import type { Trigger } from '../../ports/trigger.ts';
import { shellQuoted } from '../../reconcilers/command-lines.ts';
import { unsettled } from '../../reconcilers/registry.ts';
import { createJournal } from '../reconcile/journal.ts';
import { HeldLease, type HoldingDeps } from '../reconcile/leases/held-lease.ts';
import { subjectView } from '../reconcile/subject-view.ts';
import { accountsOf } from './accounts-of.ts';

export interface ForgetDeps extends Omit<HoldingDeps, 'settings'> {
  readonly log: EventLog;
  readonly queue: Pick<WorkQueue, 'claimUser' | 'renew' | 'release' | 'drop' | 'markDue'>;
  readonly subjects: Pick<SubjectReader, 'get' | 'waitingFor'>;
  readonly readModel: ReadModel;
  readonly eraser: Eraser;
  readonly reservations: Pick<Reservations, 'release'>;
  readonly documents: Pick<DocumentReader, 'read'>;
  readonly accounts: Pick<AccountReader, 'account' | 'holderOf'>;
  readonly random: Random;
  readonly leaseMs: number;
}

export type Person = Omit<Trigger, 'cause'>;

export interface ForgetReport {
  /** Events of the user, now blank. */
  readonly events: number;
  /** Log entries about others that named the user. */
  readonly mentions: number;
  readonly rejects: number;
  /** Forgotten before; this call finished an earlier one, or blanked late entries. */
  readonly again: boolean;
}

export interface Remembered {
  readonly events: number;
  /** Events with personal data. */
  readonly personal: number;
  readonly forgotten: boolean;
}

/** What is stored about a person. Throws UsageError NOTHING_KNOWN for a mistyped id, which Auth0 does not have either. */
export async function remembered(deps: ForgetDeps, { user }: Person): Promise<Remembered> {
  const [decisive, subject] = await Promise.all([deps.log.ofUser(user), deps.subjects.get(user)]);
  const counts = { events: 0, personal: 0 };
  for await (const event of deps.log.read({ user })) {
    counts.events += 1;
    if (isPersonal(event)) counts.personal += 1;
  }
  if (counts.events === 0 && subject === undefined) {
    throw new UsageError('Nothing is known of this user, so there is nothing to forget.', 'NOTHING_KNOWN');
  }
  return { ...counts, forgotten: fold(decisive).forgotten };
}

/**
 * Refuses, with what to do first, while the user is in Auth0, an account creation is open, or an account is in use. Throws
 * UpstreamError when either cannot be read: an unreadable user is not a deleted one. Returns Auth0's answer.
 */
export async function refuseUnlessGone(
  deps: ForgetDeps,
  directory: Pick<Directory, 'user'>,
  { user, userId }: Person,
): Promise<'absent' | 'invalid'> {
  const answer = await directory.user(userId);
  if (typeof answer === 'object') {
    throw new UsageError(
      'Auth0 still has this user. Only a deleted user can be forgotten: delete the user in Auth0 first.',
      'USER_EXISTS',
    );
  }
  const facts = fold(await deps.log.ofUser(user));
  const partner = facts.outgoing?.to ?? facts.incoming?.from;
  if (partner !== undefined) {
    throw new UsageError(
      `A transfer between this user and ${partner} is not finished, and once the user is forgotten nothing can finish it. Finish it first: concord reconcile ${shellQuoted(partner)}, then: concord reconcile ${shellQuoted(user)}`,
      'TRANSFER_OPEN',
    );
  }
  const open = unsettled(facts, deps.clock.now());
  if (open !== undefined) throw new UsageError(open, 'INTENT_OPEN');
  for (const did of await accountsOf(deps.accounts, facts, await recordedAccount(deps, user))) {
    const account = await deps.accounts.account(did);
    if (account === 'missing' || account.state === 'deactivated' || account.state === 'takendown') continue;
    throw new UsageError(
      `The account ${did} of this user is still there and not deactivated. Let it be removed first: turn policy.removal on and wait for the sweep, or delete it on the PDS.`,
      'ACCOUNT_ACTIVE',
    );
  }
  return answer;
}

/** Once the user is forgotten, no record shows who has the address or the handle that another user waits for. */
export async function refuseWhileWaitedFor(
  { subjects }: Pick<ForgetDeps, 'subjects'>,
  { user }: Person,
): Promise<void> {
  const [first] = await subjects.waitingFor(user);
  if (first === undefined) return;
  throw new UsageError(
    `${first.user} waits for what this user has. Move it first: concord transfer ${shellQuoted(user)} ${shellQuoted(first.user)}, or forget the user all the same with: --force`,
    'CLAIM_WAITED_FOR',
  );
}

/** Throws UsageError ACCOUNT_UNREADABLE where the users document names an account without a readable DID. */
async function recordedAccount({ documents }: ForgetDeps, user: Person['user']): Promise<Did | undefined> {
  const recorded = (await documents.read([user])).get(user)?.user?.account;
  if (recorded !== undefined && recorded.did === undefined) {
    throw new UsageError(
      'The users document names an account whose DID cannot be read, so it is unknown whether it is in use: correct or remove it first.',
      'ACCOUNT_UNREADABLE',
    );
  }
  return recorded?.did;
}

/**
 * Throws UsageError USER_BUSY while the user is being reconciled, and when another worker took the user over before this was
 * done. May be repeated at any time, and finishes what a call that broke off began.
 */
export async function forget(
  deps: ForgetDeps,
  directory: Pick<Directory, 'user'>,
  person: Person,
  by: string,
): Promise<ForgetReport> {
  const lease = await deps.queue.claimUser(person, deps.clock.now(), deps.leaseMs);
  if (lease === undefined) {
    throw new UsageError('This user is being reconciled. Try again in a moment.', 'USER_BUSY');
  }
  // Without a maximum: the whole log is searched, every call has a time limit of its own, and a person can stop it.
  const settings = { leaseMs: deps.leaseMs, maxLeaseMs: Number.POSITIVE_INFINITY };
  const held = new HeldLease({ ...deps, settings }, lease);
  try {
    return await held.during(() => forgetHeld(deps, directory, held, by));
  } catch (error) {
    if (!(error instanceof LeaseLostError)) throw error;
    throw new UsageError(
      'Another process has taken this user over before everything was blanked. Run the command again: it finishes what this one began.',
      'USER_BUSY',
    );
  } finally {
    // Nothing is left to release where the user was dropped.
    await deps.queue.release(lease);
  }
}

async function forgetHeld(
  deps: ForgetDeps,
  directory: Pick<Directory, 'user'>,
  held: HeldLease,
  by: string,
): Promise<ForgetReport> {
  // Again under the lease: the user may have come back while a person confirmed.
  const answer = await refuseUnlessGone(deps, directory, held.current);
  const report = await erase(deps, held, by);
  if (answer === 'invalid') await deps.queue.drop(held.current);
  return report;
}

async function erase(deps: ForgetDeps, held: HeldLease, by: string): Promise<ForgetReport> {
  const { user, tenant, userId } = held.current;
  const ensure = (): Promise<void> => held.ensure();
  const history: readonly ConcordEvent[] = await deps.log.ofUser(user);
  const journal = createJournal(deps, user, tenant, fold(history));
  const again = journal.facts().forgotten;
  await ensure();
  if (!again) await journal.append([], { type: 'user.forgotten', data: { by } });
  // Users who wait for this one must see that its address and handle are no longer known.
  const waiting = await deps.subjects.waitingFor(user);
  await deps.readModel.show(held.current, subjectView(journal.facts()));
  // Their keys are derived from addresses and handles.
  await deps.reservations.release(user);
  if (waiting.length > 0) await deps.queue.markDue(waiting, deps.clock.now(), 'trigger');
  const addresses = addressesIn(history);
  const { events: mentions, rejects } = await deps.eraser.blankMentions(
    { user, tenant, userId, addresses },
    ensure,
  );
  const events = await deps.eraser.blankEvents(user, ensure);
  return { events, mentions, rejects, again };
}
