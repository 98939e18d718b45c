/**
 * The handle of the PDS account follows the platform handle, and falls back to the user's code.
 *
 * The platform handle is the user's own, or else the linked user's. The PDS accepts a handle once: of the two accounts,
 * the one whose user has the row in `@handles` carries it. The other carries it only where the first user has no
 * account and will get none.
 *
 * | platform handle                  | the PDS                          | wanted            | reason           |
 * |----------------------------------|----------------------------------|-------------------|------------------|
 * | none                             |                                  | the code          | NoPlatformHandle |
 * | the linked user's, whose account |                                  |                   |                  |
 * |   carries it                     |                                  | the code          | SisterHasHandle  |
 * | the linked user's, and that user |                                  |                   |                  |
 * |   or that account is not known   |                                  | nothing decided   | NotObserved      |
 * | its label breaks the PDS's rules |                                  | the code          | HandleNotAllowed |
 * | good                             | refused it as not allowed        | the code          | HandleNotAllowed |
 * | good                             | a deleted user's account has it  | the code          | HandleHeldByDeletedUser |
 * | good                             | another account has it           | the code          | HandleTaken      |
 * | good                             | refused it as taken, not long ago| the code          | HandleTaken      |
 * | good                             | free, or this user's             | the handle        | PlatformHandle   |
 *
 * | account                                     | action        | reason         |
 * |---------------------------------------------|---------------|----------------|
 * | none                                        | –             | NoAccount      |
 * | one that is left as it is                   | –             | NotManaged     |
 * | carries a domain of the user's own          | –             | OwnDomain      |
 * | has the wanted handle, document says so too | –             | as above       |
 * | has the wanted handle, document does not    | record        | NotRecorded    |
 * | has another handle                          | change        | HandleDiffers  |
 * | would need the code, which is not there yet | –             | WaitingForCode |
 * | would need the code, and the PDS refused it | held          | CodeHandleRefused |
 */
// biome-ignore-all lint/style/noExcessiveLinesPerFile: the table above and all that observes, plans and applies it.

import type { Facts, Refusal } from '../../events/facts.ts';
import { type AccountHandle, type Code, parseAccountHandle, type UserKey } from '../../identity.ts';
import type { AccountHost, AccountReader, PdsAccount } from '../../ports/accounts.ts';
import type { AccountRecord, DocumentStore } from '../../ports/documents.ts';
import type { Claimant, SubjectReader } from '../../ports/subjects.ts';
import { shellQuoted } from '../command-lines.ts';
import { codeHandle, handleLabel, isAllowedLabel } from '../derived-names.ts';
import { isDeleted, type ObservedLinkedUser } from '../other-users.ts';
import {
  type Applied,
  type ApplyContext,
  inSync,
  needsAction,
  type Plan,
  pending,
  unknown,
} from '../reconciler.ts';
import { handleValue, type LookUpTaken, type TakenValues, whileReserved } from '../reservation.ts';
import { type ManagedAccount, notManaged } from './managed-account.ts';

/** Who holds a handle, with what is known of the account. */
export type Holder =
  | { readonly type: 'nobody' }
  | {
      readonly type: 'hidden';
      readonly owner?: Owner | undefined;
      /** Where the index of inactive accounts knows it. */
      readonly account?: PdsAccount | undefined;
    }
  | { readonly type: 'account'; readonly account: PdsAccount; readonly owner?: Owner | undefined }
  /** No account has it yet, and the owner's is about to. `until` is when it is known whether it got it. */
  | { readonly type: 'reserved'; readonly owner: Owner; readonly until?: Date };

/** The user of ours whose account has a handle. */
export interface Owner {
  readonly user: UserKey;
  readonly isDeleted: boolean;
  /** As the read model showed it. */
  readonly seen: Claimant;
}

export interface DesiredHandle {
  /** The handle made from the platform handle, where this account should carry it and the rules allow it. */
  readonly preferred: AccountHandle | undefined;
  /** The platform handle as it is, for messages. */
  readonly platformHandle: string | undefined;
  /** The linked user whose account carries the platform handle instead. */
  readonly carriedBy: UserKey | undefined;
  /** False where the handle is the linked user's, and that user, or whether that account has it, is not known yet. */
  readonly isKnown: boolean;
  /** What the code is put in front of, such as `.at.test`. */
  readonly domain: string;
  readonly refused: ReadonlyMap<string, Refusal>;
  /** Milliseconds after which a handle that was taken is asked for again. */
  readonly refusalRetryMs: number;
}

export interface HandleChoice {
  /** Undefined when the code is wanted and there is none yet, or when even the code is refused. */
  readonly handle: AccountHandle | undefined;
  readonly reason:
    | 'PlatformHandle'
    | 'NoPlatformHandle'
    | 'SisterHasHandle'
    | 'HandleNotAllowed'
    | 'HandleTaken'
    | 'HandleHeldByDeletedUser'
    | 'CodeHandleRefused';
  readonly message: string;
  /** Whose account has the handle. */
  readonly waitsFor?: UserKey | undefined;
  /** When the handle may be free again. */
  readonly retryAt?: Date | undefined;
}

export type HandleAction =
  | {
      readonly resource: 'handle';
      readonly type: 'change-handle';
      readonly account: PdsAccount;
      /** What the document was seen to name. */
      readonly recorded: AccountHandle | undefined;
      readonly to: AccountHandle;
      readonly isCode: boolean;
    }
  | {
      readonly resource: 'handle';
      readonly type: 'record-handle';
      readonly account: PdsAccount;
      readonly recorded: AccountHandle | undefined;
    };

export const type = 'handle';

export function desired(
  facts: Facts,
  domain: string,
  refusalRetryMs: number,
  linkedUser: ObservedLinkedUser,
): DesiredHandle {
  const own = facts.platformHandle;
  const lender =
    typeof linkedUser === 'object' && linkedUser.platformHandle !== undefined ? linkedUser : undefined;
  const isDecided = lender === undefined ? linkedUser !== 'unknown' : lender.carries !== undefined;
  const isKnown = own !== undefined || isDecided;
  const platformHandle = own ?? (isKnown ? lender?.platformHandle : undefined);
  const carriedBy = own === undefined && lender?.carries === true ? lender.user : undefined;
  const label =
    platformHandle === undefined || carriedBy !== undefined ? undefined : handleLabel(platformHandle);
  const preferred =
    label !== undefined && isAllowedLabel(label) ? parseAccountHandle(label + domain) : undefined;
  const { refusedHandles: refused } = facts;
  return { preferred, platformHandle, carriedBy, isKnown, domain, refused, refusalRetryMs };
}

export async function lookUp(accounts: AccountReader, handle: AccountHandle): Promise<Holder> {
  const holder = await accounts.holderOf(handle);
  if (holder.type !== 'account') return holder;
  const account = await accounts.account(holder.did);
  // The holder vanished between the two reads: the next observation decides.
  return account === 'missing' ? { type: 'nobody' } : { type: 'account', account };
}

/** The handle that this user should have. `holder` is who holds the preferred one; undefined when it was not observed. */
export function chooseHandle(
  wanted: DesiredHandle,
  code: Code | undefined,
  holder: Holder | undefined,
  own: PdsAccount['did'] | undefined,
  now: Date,
): HandleChoice {
  const { preferred, platformHandle, carriedBy } = wanted;
  if (platformHandle === undefined) {
    return useCode(wanted, code, 'NoPlatformHandle', 'No handle has been chosen; the code is used.');
  }
  if (carriedBy !== undefined) {
    const message = `This person's handle ${platformHandle} is for the account of ${carriedBy}; the code is used.`;
    return useCode(wanted, code, 'SisterHasHandle', message);
  }
  const refusal = preferred === undefined ? undefined : wanted.refused.get(preferred);
  if (preferred === undefined || refusal?.reason === 'not-allowed') {
    const message = `The PDS does not allow the handle ${platformHandle}; the code is used.`;
    return useCode(wanted, code, 'HandleNotAllowed', message);
  }
  const refusedNow = refusal !== undefined && now.getTime() - refusal.at.getTime() < wanted.refusalRetryMs;
  const heldByOther = holder?.type === 'hidden' || (holder?.type === 'account' && holder.account.did !== own);
  const owner = heldByOther ? holder.owner : undefined;
  if (owner?.isDeleted === true) {
    const message = `The account of ${owner.user}, who is deleted in Auth0, carries ${preferred}; the code is used. Release it for this user with: concord transfer ${shellQuoted(owner.user)} <user> --what handle`;
    return { ...useCode(wanted, code, 'HandleHeldByDeletedUser', message), waitsFor: owner.user };
  }
  if (owner !== undefined) {
    const message = `The account of ${owner.user} carries ${preferred}; the code is used.`;
    return { ...useCode(wanted, code, 'HandleTaken', message), waitsFor: owner.user };
  }
  if (holder?.type === 'reserved') {
    const { owner: reserving, until: retryAt } = holder;
    const message = `An account creation or a change of ${reserving.user} has ${preferred} reserved; the code is used.`;
    return { ...useCode(wanted, code, 'HandleTaken', message), waitsFor: reserving.user, retryAt };
  }
  if (heldByOther || refusedNow) {
    return useCode(wanted, code, 'HandleTaken', `Another account holds ${preferred}; the code is used.`);
  }
  return { handle: preferred, reason: 'PlatformHandle', message: `The handle is ${preferred}.` };
}

function useCode(
  wanted: DesiredHandle,
  code: Code | undefined,
  reason: HandleChoice['reason'],
  message: string,
): HandleChoice {
  const handle = codeHandle(code, wanted.domain);
  if (handle !== undefined && wanted.refused.has(handle)) {
    const refused = `The PDS refuses ${handle}, the handle made of the code. Look for the account that carries it with: concord audit --orphans. Then try again with: concord retry <user>`;
    return { handle: undefined, reason: 'CodeHandleRefused', message: refused };
  }
  return { handle, reason, message };
}

/** Looks up the preferred handle where that decides anything: when this user's account does not carry it. */
export async function observe(
  deps: OwnerDeps,
  user: UserKey,
  wanted: DesiredHandle,
  account: PdsAccount | undefined,
): Promise<Holder | undefined> {
  if (wanted.preferred === undefined || account === undefined || account.handle === wanted.preferred)
    return undefined;
  const holder = await lookUpOwner(deps, user, wanted.preferred);
  // An account that gets the handle between the two reads is found out by the PDS, which refuses the change.
  if (holder.type !== 'nobody') return holder;
  return orReserved(holder, wanted.preferred, await deps.lookUpTaken([handleValue(wanted.preferred)]));
}

/** Where no account has the handle, a user whose account is about to get it counts as its holder. */
export function orReserved(holder: Holder, handle: AccountHandle, taken: TakenValues): Holder {
  const by = taken.get(handle);
  if (by === undefined || holder.type !== 'nobody') return holder;
  const owner = { user: by.seen.user, isDeleted: isDeleted(by.seen), seen: by.seen };
  return { type: 'reserved', owner, ...(by.type === 'reserved' ? { until: by.until } : {}) };
}

export interface OwnerDeps {
  readonly accounts: AccountReader;
  readonly subjects: Pick<SubjectReader, 'holdersOfHandle'>;
  readonly lookUpTaken: LookUpTaken;
}

/** The same, and whose account it is where another user's account has the handle. */
export async function lookUpOwner(
  { accounts, subjects }: Pick<OwnerDeps, 'accounts' | 'subjects'>,
  user: UserKey,
  handle: AccountHandle,
): Promise<Holder> {
  const holder = await lookUp(accounts, handle);
  if (holder.type === 'nobody') return holder;
  const claimants = (await subjects.holdersOfHandle(handle)).filter((one) => one.user !== user);
  const seen =
    holder.type === 'account' ? claimants.find(({ did }) => did === holder.account.did) : claimants[0];
  return seen === undefined
    ? holder
    : { ...holder, owner: { user: seen.user, isDeleted: isDeleted(seen), seen } };
}

export function plan(
  wanted: DesiredHandle,
  actual: {
    readonly managed: ManagedAccount;
    readonly recorded: AccountRecord | undefined;
    readonly code: Code | undefined;
    readonly holder: Holder | undefined;
  },
  now: Date,
): Plan<HandleAction> {
  const { account } = actual.managed;
  if (account === undefined) return notManaged(type, actual.managed);
  if (!account.handle.endsWith(wanted.domain)) {
    const message = `The account carries ${account.handle}, a domain of the user's own, which Concord does not change.`;
    return recordIfNeeded(account, actual.recorded, { reason: 'OwnDomain', message });
  }
  if (!wanted.isKnown) {
    const message = 'The linked user, or the account with its handle, is not known; nothing was decided.';
    return { actions: [], condition: unknown({ type, reason: 'NotObserved', message }) };
  }
  const choice = chooseHandle(wanted, actual.code, actual.holder, account.did, now);
  if (choice.reason === 'CodeHandleRefused') {
    return {
      actions: [],
      condition: needsAction({ type, reason: choice.reason, message: choice.message }),
    };
  }
  if (choice.handle === undefined) {
    const message = 'The code, which will be the handle, has not been assigned yet.';
    return { actions: [], condition: pending({ type, reason: 'WaitingForCode', message }) };
  }
  if (choice.handle !== account.handle) {
    const recorded = actual.recorded?.handle;
    const isCode = choice.reason !== 'PlatformHandle';
    return {
      actions: [{ resource: type, type: 'change-handle', account, recorded, to: choice.handle, isCode }],
      condition: pending({
        type,
        reason: 'HandleDiffers',
        message: `The account carries ${account.handle} and should carry ${choice.handle}.`,
      }),
    };
  }
  return recordIfNeeded(account, actual.recorded, choice);
}

function recordIfNeeded(
  account: PdsAccount,
  recorded: AccountRecord | undefined,
  choice: Pick<HandleChoice, 'message' | 'waitsFor' | 'retryAt'> & { readonly reason: string },
): Plan<HandleAction> {
  const { reason, message, waitsFor, retryAt } = choice;
  if (recorded === undefined || recorded.handle === account.handle) {
    const condition =
      reason === 'HandleHeldByDeletedUser'
        ? needsAction({ type, reason, message })
        : inSync({ type, reason, message });
    return {
      actions: [],
      condition: waitsFor === undefined ? condition : { ...condition, waitsFor },
      ...(retryAt === undefined ? {} : { retryAt }),
    };
  }
  return {
    actions: [{ resource: type, type: 'record-handle', account, recorded: recorded.handle }],
    condition: pending({
      type,
      reason: 'NotRecorded',
      message: `The users document does not name the account's handle ${account.handle}.`,
    }),
  };
}

type Step<T extends HandleAction['type']> = Extract<HandleAction, { type: T }>;

export async function recordHandle(
  documents: DocumentStore,
  { account: { did, handle }, recorded }: Step<'record-handle'>,
  context: ApplyContext,
): Promise<Applied> {
  await context.ensureLease();
  await documents.recordAccountHandle(
    context.user,
    did,
    handle,
    replaceable(handle, recorded),
    context.now(),
  );
  await context.append({ type: 'handle.recorded', data: { did, handle } });
  return 'applied';
}

/** What the account carried may have been recorded since, by the step before this one. */
function replaceable(carried: AccountHandle, recorded: AccountHandle | undefined): readonly AccountHandle[] {
  return recorded === undefined ? [carried] : [carried, recorded];
}

export async function changeHandle(
  documents: DocumentStore,
  accounts: AccountHost,
  { account, recorded, to, isCode }: Step<'change-handle'>,
  context: ApplyContext,
): Promise<Applied> {
  const over = replaceable(account.handle, recorded);
  // The administrator's rename would allow reserved words; a person who picks one gets what a new account would get.
  if (!isCode && !(await accounts.allowsHandle(to))) {
    await context.append({ type: 'handle.refused', data: { handle: to, reason: 'not-allowed' } });
    return 'refused';
  }
  return whileReserved(context, handleValue(to), async (reserved) => {
    await context.ensureLease();
    reserved.ensure();
    const outcome = await accounts.changeHandle(account.did, to);
    if (outcome !== 'changed') {
      await context.append({ type: 'handle.refused', data: { handle: to, reason: outcome } });
      return 'refused';
    }
    await context.ensureLease();
    await documents.recordAccountHandle(context.user, account.did, to, over, context.now());
    await context.append({ type: 'handle.changed', data: { did: account.did, from: account.handle, to } });
    return 'applied';
  });
}
