/** New facts about a user, as event drafts for the log. Pure: the reconciliation reads and writes. */
import type { EventData } from '../../events/event.ts';
import type { Facts, SeenAccount } from '../../events/facts.ts';
import type { Removable } from '../../events/resources.ts';
import type { Auth0UserId } from '../../identity.ts';
import type { PdsAccount } from '../../ports/accounts.ts';
import type { Auth0User } from '../../ports/auth0.ts';
import type { Documents } from '../../ports/documents.ts';
import type { ObservedLinkedUser } from '../../reconcilers/other-users.ts';
import type { EventDraft } from '../../reconcilers/reconciler.ts';
import { dropsRecord } from '../../reconcilers/registry.ts';
import type { View } from '../../reconcilers/view.ts';
import type { LinkedUserLookup } from './linked-user.ts';

/** What Auth0's answer adds to the facts: nothing when it equals what was known. */
export function learnFromAuth0(
  facts: Facts,
  userId: Auth0UserId,
  answer: Auth0User | 'absent',
): EventDraft[] {
  if (answer === 'absent') {
    return facts.absentSince === undefined ? [{ type: 'auth0.user-absent', data: { userId } }] : [];
  }
  const known = facts.auth0;
  // An answer with the user refutes earlier signs of a deletion, and is then worth an event.
  const doubted = facts.absentSince ?? facts.unlistedSince ?? facts.deletionHintAt;
  const same =
    known !== undefined &&
    doubted === undefined &&
    known.email === answer.email &&
    known.emailVerified === answer.emailVerified &&
    known.blocked === answer.blocked &&
    // An unusable date does not contradict the known one.
    (answer.createdAt === undefined || known.createdAt?.getTime() === answer.createdAt.getTime()) &&
    isSameList(known.linked, answer.linked) &&
    isSameList(known.unusable, answer.unusable);
  if (same) return [];
  const { email = null, emailVerified, blocked, createdAt, linked, unusable } = answer;
  const data = {
    ...{ userId, email, emailVerified, blocked, createdAt: createdAt?.toISOString() ?? null },
    ...(linked === undefined ? {} : { linked }),
    ...(unusable === undefined ? {} : { unusable }),
  };
  return [{ type: 'auth0.user-observed', data }];
}

/** Auth0 says that the id is not a user's. Logged once, however often it is read. */
export function learnInvalid(facts: Pick<Facts, 'invalidSince'>, userId: Auth0UserId): EventDraft[] {
  return facts.invalidSince === undefined ? [{ type: 'auth0.user-invalid', data: { userId } }] : [];
}

/** For lists that are always in the same order. */
export function isSameList(a: readonly string[] = [], b: readonly string[] = []): boolean {
  return a.length === b.length && a.every((one, at) => one === b[at]);
}

export function learnHandle(facts: Facts, platformHandle: string | undefined): EventDraft[] {
  if (facts.platformHandle === platformHandle) return [];
  return [{ type: 'handle.observed', data: { handle: platformHandle ?? null } }];
}

/** If the linked tenant could not be read, the known linked user stays. */
export function learnLinkedUser(facts: Facts, { seen, disproved }: LinkedUserLookup): EventDraft[] {
  const dismissed = disproved.map((named): EventDraft => ({ type: 'sister.dismissed', data: { named } }));
  return [...learnSeenLinkedUser(facts, seen), ...dismissed];
}

function learnSeenLinkedUser(facts: Facts, linkedUser: ObservedLinkedUser): EventDraft[] {
  if (linkedUser === 'unknown') return [];
  const { user, platformHandle: handle } =
    linkedUser === 'none' ? { user: undefined, platformHandle: undefined } : linkedUser;
  if (facts.sister?.user === user && facts.sister?.handle === handle) return [];
  return [{ type: 'sister.observed', data: { user: user ?? null, handle: handle ?? null } }];
}

/**
 * What was observed and the log does not have, so that the read model can be rebuilt from the log alone: what existed
 * before Concord, what others changed since, and what they removed. It is in the log before any action, so that a later
 * removal is noticed.
 */
export function learnSubject(facts: Facts, view: View): EventDraft[] {
  return [...learnSeen(facts, view), ...learnRemoved(facts, view)];
}

function learnSeen(facts: Facts, view: View): EventDraft[] {
  const { account, documents, failures } = view;
  const found = documents?.user?.code;
  const code = documents === undefined ? facts.seen.code : found === facts.code ? undefined : found;
  // An unread resource is not gone, so the earlier sight stands until it is read again.
  const unseen = failures.length === 0 ? undefined : facts.seen.account;
  const seen = account === undefined ? unseen : untold(facts, account);
  const sights = newlySeen(facts, view);
  const isNew = Object.keys(sights).length > 0;
  if (!isNew && code === facts.seen.code && isSame(seen, facts.seen.account)) return [];
  const data = {
    ...{ code: code ?? null, account: seen === undefined ? null : { ...seen, email: seen.email ?? null } },
    ...sights,
  };
  return [{ type: 'subject.observed', data }];
}

type NewlySeen = Pick<EventData['subject.observed'], 'verification' | 'document' | 'record'>;

/** Also what is there again after the log recorded its removal. */
export function newlySeen({ sights, removed, code }: Facts, { documents, missingAccount }: View): NewlySeen {
  const { verificationCount, user } = documents ?? {};
  const did = user?.account?.did;
  const isCodeBack = removed.has('code') && user?.code !== undefined && user.code === code;
  const isRecordKnown = did === sights.record && !removed.has('account-record') && !removed.has('account');
  return {
    ...(verificationCount !== undefined && (!sights.verification || removed.has('verification'))
      ? { verification: verificationCount }
      : {}),
    ...(user !== undefined && (!sights.document || removed.has('user-document') || isCodeBack)
      ? { document: { when: user.when?.toISOString() ?? null } }
      : {}),
    ...(did !== undefined && did !== missingAccount && !isRecordKnown ? { record: did } : {}),
  };
}

function learnRemoved(facts: Facts, view: View): EventDraft[] {
  return missingOf(facts, view)
    .filter((what) => !facts.removed.has(what))
    .map((what) => ({ type: 'resource.removed', data: { what, seenBy: 'read' } }));
}

/** What was there and is missing now. What a broken-off step of ours may have removed is left to that step. */
function missingOf({ sights, code, openActions }: Facts, { documents, missingAccount }: View): Removable[] {
  if (documents === undefined) return [];
  const { verificationCount, user } = documents;
  const isOurs = openActions.some(({ type }) => dropsRecord(type));
  return [
    ...(sights.verification && verificationCount === undefined ? ['verification' as const] : []),
    ...(sights.document && user === undefined ? ['user-document' as const] : []),
    ...(sights.document && code !== undefined && user !== undefined && hasNoCode(user)
      ? ['code' as const]
      : []),
    ...(sights.record !== undefined && user !== undefined && user.account === undefined && !isOurs
      ? ['account-record' as const]
      : []),
    ...(missingAccount !== undefined && missingAccount === sights.account && !isOurs
      ? ['account' as const]
      : []),
  ];
}

function hasNoCode({ code, hasUnreadableCode }: NonNullable<Documents['user']>): boolean {
  return code === undefined && hasUnreadableCode !== true;
}

function untold({ account: told }: Facts, { did, handle, email }: PdsAccount): SeenAccount | undefined {
  const known = told?.did === did ? told.email : undefined;
  const seen = { did, handle, email: (email ?? known)?.toLowerCase() };
  return isSame(seen, told && { did: told.did, handle: told.handle, email: told.email?.toLowerCase() })
    ? undefined
    : seen;
}

function isSame(a: SeenAccount | undefined, b: SeenAccount | undefined): boolean {
  return a?.did === b?.did && a?.handle === b?.handle && a?.email === b?.email;
}
