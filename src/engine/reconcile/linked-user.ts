/**
 * Linked users: one person who is a user of two tenants that share a database. Two users are the same person when the
 * address is equal and verified on both sides, and for no other reason. They share one handle: a user without a row in
 * `@handles` uses the linked user's; which of two accounts has it is in `reconcilers/account/handle.ts`.
 *
 * Auth0 is read by address, which is immediately consistent, and only by a reconciliation, or where a rename depends on
 * the answer; in between, the log has the linked user.
 *
 * A lookup by address is case-sensitive for some connections, so only one side may find the other, or neither. So the
 * read model is read as well, which compares addresses without case, and the side that finds the other one tells it
 * (`sister.named`). A user found in either way is confirmed by id. So both know each other, whichever is reconciled first.
 */

import type { Facts } from '../../events/facts.ts';
import { fold, isCurrent } from '../../events/fold.ts';
import { verifiedAddress } from '../../events/fold-auth0.ts';
import type { KeySpace } from '../../exclusion.ts';
import { type EventId, type UserKey, userKey } from '../../identity.ts';
import type { Auth0User, Directory } from '../../ports/auth0.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DocumentReader, Documents } from '../../ports/documents.ts';
import type { EventReader } from '../../ports/event-log.ts';
import type { WorkQueue } from '../../ports/queue.ts';
import type { SubjectReader, SubjectView } from '../../ports/subjects.ts';
import type { Trigger } from '../../ports/trigger.ts';
import { attempt, type Failure } from '../../reconcilers/attempt.ts';
import type { LinkedUser, ObservedLinkedUser } from '../../reconcilers/other-users.ts';
import { appendTo, type DecideDeps } from '../intake/decision.ts';
import { isExcluded, ownerOf } from '../intake/owner.ts';

export interface LinkedTenant extends KeySpace {
  readonly directory: Pick<Directory, 'user' | 'usersByEmail'>;
}

export interface LinkedUserDeps {
  readonly documents: Pick<DocumentReader, 'read'>;
  readonly events: Pick<EventReader, 'ofUser'>;
}

export interface LinkedUserLookupDeps extends LinkedUserDeps {
  readonly subjects: Pick<SubjectReader, 'verifiedIn'>;
}

export interface LinkedUserLookup {
  readonly seen: ObservedLinkedUser;
  /** Why it is `unknown`. */
  readonly failure: Failure | undefined;
  /** The `sister.named` events of users who were read because of it, and are not the same person. */
  readonly disproved: readonly EventId[];
}

/**
 * The linked user of one user: read from Auth0, or only from the documents where it is known already. A deleted user has no
 * lookup.
 */
export async function findLinkedUser(
  deps: LinkedUserLookupDeps,
  tenant: { readonly linkedTenant?: LinkedTenant | undefined },
  user: UserKey,
  facts: Pick<Facts, 'auth0' | 'absentSince' | 'verifiedEmail' | 'sister' | 'namedBy'>,
  own: Documents | undefined,
  how: 'ask' | 'see',
): Promise<LinkedUserLookup> {
  const { auth0, absentSince } = facts;
  const { linkedTenant: asked } = tenant;
  if (asked === undefined || auth0 === undefined || absentSince !== undefined) return NO_LINKED_USER;
  const lookup = await attempt('handle', async (): Promise<LinkedUserLookup> => {
    const known = facts.sister?.user;
    const named = facts.namedBy.filter((one) => isCurrent(facts, one));
    // A verified address, of this user or of one who named it, counts while the flag is off and the address is the same.
    const verified = verifiedAddress(facts);
    const isProven = auth0.emailVerified || verified !== undefined || named.length > 0;
    const email = isProven ? (auth0.email ?? verified) : undefined;
    // Without such an address, no linked user can be looked up.
    if (how === 'ask' && email === undefined) return NO_LINKED_USER;
    const proven =
      how === 'see' || email === undefined
        ? undefined
        : await provenLinkedUsers(deps, asked, email, { known, named: named.map((one) => one.user) });
    const linkedUser = proven === undefined ? known : await choose(deps, proven);
    const disproved = named.filter((one) => proven?.includes(one.user) === false).map(({ event }) => event);
    if (linkedUser === undefined) return { ...NO_LINKED_USER, disproved };
    const owns = new Map(own === undefined ? [] : [[user, own]]);
    const seen = (await observeLinkedUsers(deps, new Map([[user, linkedUser]]), owns)).get(user);
    return { ...NO_LINKED_USER, seen: seen ?? 'none', disproved };
  });
  return lookup.ok ? lookup.value : { ...NO_LINKED_USER, seen: 'unknown', failure: lookup.failure };
}

export function failuresOf({ failure }: LinkedUserLookup): readonly Failure[] {
  return failure === undefined ? [] : [failure];
}

export const NO_LINKED_USER: LinkedUserLookup = { seen: 'none', failure: undefined, disproved: [] };

interface Candidate {
  readonly user: UserKey;
  readonly auth0: Auth0User;
}

/**
 * The users with this verified address in the linked tenant, the oldest first. The known linked user, and users who named
 * this one, are read by id where the lookup by address misses them, as are those of the read model. Throws UpstreamError.
 *
 * Another address disproves the known linked user and users who named this one. A flag that is off again does not: they
 * were verified when they were found, and still know this user.
 */
async function provenLinkedUsers(
  { subjects }: LinkedUserLookupDeps,
  tenant: LinkedTenant,
  email: string,
  { known, named }: { readonly known: UserKey | undefined; readonly named: readonly UserKey[] },
): Promise<readonly UserKey[]> {
  const lower = email.toLowerCase();
  // Auth0 compares addresses case-sensitively, and some providers pass them on as they were typed.
  const spellings = [...new Set([lower, email])];
  const asked = spellings.map((text) => tenant.directory.usersByEmail(text));
  const [shown, ...answers] = await Promise.all([subjects.verifiedIn(tenant.id, lower), ...asked]);
  const found = answers.flat();
  const candidates = [...(known === undefined ? [] : [known]), ...named, ...shown];
  const missed = new Set(candidates.flatMap((user) => ownerOf(user, [tenant])?.userId ?? []));
  for (const { userId } of found) missed.delete(userId);
  const read = await Promise.all([...missed].map((userId) => tenant.directory.user(userId)));
  const proven = [...found, ...read.filter((answer) => typeof answer === 'object')]
    .map((other) => ({ user: userKey(tenant.keyPrefix, other.userId), auth0: other }))
    .filter(({ user, auth0 }) => {
      if (isExcluded(tenant, user)) return false;
      const isSame = auth0.email?.toLowerCase() === lower;
      if (user !== known && !named.includes(user)) return isSame && auth0.emailVerified;
      return isSame || auth0.unusable?.includes('email') === true;
    })
    .sort(byAge);
  return [...new Set(proven.map(({ user }) => user))];
}

/** Of several, the one with a handle, or else the oldest. */
async function choose(
  { documents }: LinkedUserDeps,
  proven: readonly UserKey[],
): Promise<UserKey | undefined> {
  if (proven.length < 2) return proven[0];
  const held = await documents.read(proven);
  return proven.find((user) => held.get(user)?.handle !== undefined) ?? proven[0];
}

/**
 * Tells the linked user that it was found, before this user's own log says so, where neither the read model nor the log
 * shows that it knows: its own lookup may never find this user. May be repeated. A user that Concord does not know yet
 * becomes known by it.
 *
 * Returns the trigger for the linked user, for the end of this reconciliation: two accounts under one address must not be
 * created at the same time. If this one breaks off before, it is repeated, and its end wakes the linked user. Throws
 * UpstreamError.
 */
export async function nameSelf(
  deps: Omit<DecideDeps, 'queue'> & { readonly subjects: Pick<SubjectReader, 'get'> },
  { linkedTenant: tenant }: { readonly linkedTenant?: LinkedTenant | undefined },
  user: UserKey,
  seen: ObservedLinkedUser,
  cause: readonly EventId[],
): Promise<Trigger | undefined> {
  const owned = tenant === undefined || typeof seen === 'string' ? undefined : ownerOf(seen.user, [tenant]);
  if (owned === undefined) return undefined;
  const shown = await deps.subjects.get(owned.user);
  if (shown?.sister === user) return undefined;
  const { namedBy } = fold(await deps.log.ofUser(owned.user));
  if (namedBy.some((one) => one.user === user)) return undefined;
  const trigger = { user: owned.user, userId: owned.userId, tenant: owned.tenant.id };
  return { ...trigger, cause: await appendTo(deps, trigger, 'sister.named', { by: user }, cause) };
}

/**
 * Makes a user due again whose lookup in the read model may have come before the linked user was shown there, when the
 * address is a new one. Called after the read model shows the user: of two at the same moment, the one that ends last
 * finds the other.
 */
export async function checkLinkedUser(
  deps: {
    readonly subjects: Pick<SubjectReader, 'verifiedIn'>;
    readonly queue: Pick<WorkQueue, 'markDue'>;
    readonly clock: Clock;
  },
  { linkedTenant: tenant }: { readonly linkedTenant?: LinkedTenant | undefined },
  trigger: Trigger,
  before: readonly SubjectView[],
  { verifiedEmail, sister: linkedUser }: SubjectView,
): Promise<void> {
  if (tenant === undefined || verifiedEmail === undefined || linkedUser !== undefined) return;
  if (before.every((one) => one.verifiedEmail === verifiedEmail)) return;
  const shown = await deps.subjects.verifiedIn(tenant.id, verifiedEmail);
  if (shown.length > 0) await deps.queue.markDue([trigger], deps.clock.now(), 'trigger');
}

function byAge(a: Candidate, b: Candidate): number {
  return ageOf(a) - ageOf(b) || (a.user < b.user ? -1 : 1);
}

/** A user without a usable date comes last. */
function ageOf({ auth0 }: Candidate): number {
  return auth0.createdAt?.getTime() ?? Number.MAX_SAFE_INTEGER;
}

/** The MongoDB documents of the linked users of these users, by user. */
export async function observeLinkedUsers(
  deps: LinkedUserDeps,
  linkedUsers: ReadonlyMap<UserKey, UserKey>,
  own: ReadonlyMap<UserKey, Documents>,
): Promise<ReadonlyMap<UserKey, LinkedUser>> {
  const seen = new Map<UserKey, LinkedUser>();
  if (linkedUsers.size === 0) return seen;
  const read = await deps.documents.read([...new Set(linkedUsers.values())]);
  for (const [user, linkedUser] of linkedUsers) {
    const documents = read.get(linkedUser);
    const platformHandle = documents?.handle;
    const isAsked = platformHandle !== undefined && own.get(user)?.handle === undefined;
    const hasAccount = documents?.user?.account !== undefined;
    const carries = isAsked && (hasAccount || (await isToCarry(deps, linkedUser)));
    seen.set(user, { user: linkedUser, platformHandle, carries });
  }
  return seen;
}

/**
 * Whether a linked user without an account should have one; undefined while it was never reconciled. From the log and
 * not the read model, which is written after that user's reconciliation made this user due.
 */
async function isToCarry({ events }: LinkedUserDeps, linkedUser: UserKey): Promise<boolean | undefined> {
  const facts = fold(await events.ofUser(linkedUser));
  if (facts.account !== undefined || facts.intent !== undefined) return true;
  if (facts.absentSince !== undefined) return false;
  return isExpected(facts.conditions);
}

/** Whether a missing account will be created; undefined while that is unknown. */
function isExpected(conditions: SubjectView['conditions']): boolean | undefined {
  const account = conditions.find(({ type }) => type === 'account');
  if (account === undefined || account.status === 'Unknown') return undefined;
  return !account.held && account.reason !== 'UserBlocked';
}

/** What a reconciliation knew at its start and its end. */
export interface EndedReconciliation extends Pick<Facts, 'namedBy'> {
  readonly before: readonly SubjectView[];
  readonly shown: SubjectView;
  /** What made the user due. */
  readonly causes: readonly EventId[];
}

/**
 * Makes the linked user due when something that it depends on has changed: the handle, the address, the account, or the
 * link itself. Called before a reconciliation ends, while the read model still shows the state of the last wake: so a
 * reconciliation that breaks off here wakes it again. `before` is what the read model shows, and what the log said when
 * the reconciliation began: the linked user may have used that as well, when an event of another worker came late and
 * the read model never showed it.
 *
 * Users who named this one are woken too: this user may be deleted before it knows of them, or before they named it.
 */
export async function wakeLinkedUser(
  deps: {
    readonly queue: Pick<WorkQueue, 'markDue'>;
    readonly clock: Clock;
  },
  { linkedTenant: tenant }: { readonly linkedTenant?: LinkedTenant | undefined },
  { before, shown, namedBy, causes }: EndedReconciliation,
  cause: EventId | undefined,
): Promise<void> {
  if (tenant === undefined) return;
  const isChanged = before.some((one) => bearing(one) !== bearing(shown));
  const namers = namedBy.filter(({ event }) => isChanged || (isGone(shown) && causes.includes(event)));
  const linkedUsers = isChanged
    ? [...before, shown].flatMap(({ sister: linkedUser }) => linkedUser ?? [])
    : [];
  const woken = new Set([...linkedUsers, ...namers.map((one) => one.user)]);
  const triggers = [...woken].flatMap((linkedUser) => {
    const owned = ownerOf(linkedUser, [tenant]);
    if (owned === undefined) return [];
    const trigger = { user: owned.user, userId: owned.userId, tenant: tenant.id };
    return [cause === undefined ? trigger : { ...trigger, cause }];
  });
  if (triggers.length > 0) await deps.queue.markDue(triggers, deps.clock.now(), 'trigger');
}

/** Everything that the lookup of a linked user depends on, as one text. */
function bearing(view: SubjectView): string {
  const { email, emailVerified, did, accountHandle, platformHandle, sister: linkedUser, conditions } = view;
  const person = [email, emailVerified, linkedUser, isGone(view)];
  return JSON.stringify([...person, platformHandle, did, accountHandle, isExpected(conditions)]);
}

function isGone({ conditions }: SubjectView): boolean {
  return conditions.some(({ reason }) => reason === 'UserGone');
}
