/**
 * Sisters: one person who is a user of two tenants that share a database. The same person it is when the
 * address is equal and verified on both sides, and for no other reason. They have one handle: who has no row
 * in `@handles` has the sister's; which of two accounts carries it is in `reconcilers/account/handle.ts`.
 *
 * Auth0 is asked by address, which is immediately consistent, and only by a pass, or where a rename hangs
 * on the answer; in between the log says who the sister is.
 *
 * A lookup by address is case-sensitive for some connections, so one side may find the other and not be found by it, and
 * two sides may not find each other. So the read model is asked as well, where addresses are compared without case, and
 * what one side finds is told to the other (`sister.named`). Whoever is found in either way is proved by id: both know
 * each other, whichever is reconciled first.
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
import type { Sister, SisterSeen } from '../../reconcilers/account/handle.ts';
import { appendTo, type DecideDeps } from '../intake/decision.ts';
import { isExcluded, ownerOf } from '../intake/owner.ts';
import { attempt, type Failure } from './attempt.ts';

export interface SisterTenant extends KeySpace {
  readonly directory: Pick<Directory, 'user' | 'usersByEmail'>;
}

export interface SisterDeps {
  readonly documents: Pick<DocumentReader, 'read'>;
  readonly events: Pick<EventReader, 'ofUser'>;
}

export interface SisterLookDeps extends SisterDeps {
  readonly subjects: Pick<SubjectReader, 'verifiedIn'>;
}

export interface SisterLook {
  readonly seen: SisterSeen;
  /** Why it is `unknown`. */
  readonly failure: Failure | undefined;
  /** The `sister.named` of users who were asked for by it, and are not the same person. */
  readonly disproved: readonly EventId[];
}

/**
 * The sister of one user: asked for in Auth0, or only seen where she is known. Of somebody who is gone from
 * Auth0 there is nothing to ask.
 */
export async function lookForSister(
  deps: SisterLookDeps,
  tenant: { readonly sister?: SisterTenant | undefined },
  user: UserKey,
  facts: Pick<Facts, 'auth0' | 'absentSince' | 'verifiedEmail' | 'sister' | 'namedBy'>,
  own: Documents | undefined,
  how: 'ask' | 'see',
): Promise<SisterLook> {
  const { auth0, absentSince } = facts;
  const { sister: asked } = tenant;
  if (asked === undefined || auth0 === undefined || absentSince !== undefined) return NO_SISTER;
  const look = await attempt('handle', async (): Promise<SisterLook> => {
    const known = facts.sister?.user;
    const named = facts.namedBy.filter((one) => isCurrent(facts, one));
    // An address that was verified, for this user or for one who named it, counts while the flag is off and it is the same.
    const verified = verifiedAddress(facts);
    const isProven = auth0.emailVerified || verified !== undefined || named.length > 0;
    const email = isProven ? (auth0.email ?? verified) : undefined;
    // Without such an address there is no sister to ask for.
    if (how === 'ask' && email === undefined) return NO_SISTER;
    const proven =
      how === 'see' || email === undefined
        ? undefined
        : await findSisters(deps, asked, email, { known, named: named.map((one) => one.user) });
    const sister = proven === undefined ? known : await choose(deps, proven);
    const disproved = named.filter((one) => proven?.includes(one.user) === false).map(({ event }) => event);
    if (sister === undefined) return { ...NO_SISTER, disproved };
    const owns = new Map(own === undefined ? [] : [[user, own]]);
    const seen = (await seeSisters(deps, new Map([[user, sister]]), owns)).get(user);
    return { ...NO_SISTER, seen: seen ?? 'none', disproved };
  });
  return look.ok ? look.value : { ...NO_SISTER, seen: 'unknown', failure: look.failure };
}

export function failuresOf({ failure }: SisterLook): readonly Failure[] {
  return failure === undefined ? [] : [failure];
}

export const NO_SISTER: SisterLook = { seen: 'none', failure: undefined, disproved: [] };

interface Candidate {
  readonly user: UserKey;
  readonly auth0: Auth0User;
}

/**
 * Who has this verified address in the linked tenant, the oldest first. The one that was known and those who named this
 * user are read by id where the lookup by address misses them, as are those of the read model. Throws UpstreamError.
 *
 * The one that was known and those who named this user are disproved by another address, and not by a flag that is off
 * again: they were verified when they were found, and still know this user.
 */
async function findSisters(
  { subjects }: SisterLookDeps,
  tenant: SisterTenant,
  email: string,
  { known, named }: { readonly known: UserKey | undefined; readonly named: readonly UserKey[] },
): Promise<readonly UserKey[]> {
  const lower = email.toLowerCase();
  // Auth0 compares addresses letter by letter, and some providers hand them on as they were typed.
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

/** Of several the one with a handle, or else the oldest. */
async function choose({ documents }: SisterDeps, proven: readonly UserKey[]): Promise<UserKey | undefined> {
  if (proven.length < 2) return proven[0];
  const held = await documents.read(proven);
  return proven.find((user) => held.get(user)?.handle !== undefined) ?? proven[0];
}

/**
 * Tells the linked user that it was found, before this user's own log says so, where neither the read model nor the log
 * shows that it knows: its own lookup may never find this user. May be repeated. A user of whom nothing is known yet is
 * told as well, and made known by it.
 *
 * Gives back what makes the linked user due, for the end of this pass: two accounts under one address are not created at
 * the same time. A pass that breaks off before is repeated, and its end wakes the linked user. Throws UpstreamError.
 */
export async function nameSelf(
  deps: Omit<DecideDeps, 'queue'> & { readonly subjects: Pick<SubjectReader, 'get'> },
  { sister: tenant }: { readonly sister?: SisterTenant | undefined },
  user: UserKey,
  seen: SisterSeen,
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
 * Makes a user due again who may have been looked for in the read model before the linked user was shown there, when the
 * address is a new one. Called after the reconciliation is shown: of two that run at the same moment, the one that ends
 * last finds the other.
 */
export async function checkSister(
  deps: {
    readonly subjects: Pick<SubjectReader, 'verifiedIn'>;
    readonly queue: Pick<WorkQueue, 'markDue'>;
    readonly clock: Clock;
  },
  { sister: tenant }: { readonly sister?: SisterTenant | undefined },
  trigger: Trigger,
  before: readonly SubjectView[],
  { verifiedEmail, sister }: SubjectView,
): Promise<void> {
  if (tenant === undefined || verifiedEmail === undefined || sister !== undefined) return;
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

/** What MongoDB holds of the sisters of these users, each by the user whose sister it is. */
export async function seeSisters(
  deps: SisterDeps,
  sisters: ReadonlyMap<UserKey, UserKey>,
  own: ReadonlyMap<UserKey, Documents>,
): Promise<ReadonlyMap<UserKey, Sister>> {
  const seen = new Map<UserKey, Sister>();
  if (sisters.size === 0) return seen;
  const read = await deps.documents.read([...new Set(sisters.values())]);
  for (const [user, sister] of sisters) {
    const documents = read.get(sister);
    const platformHandle = documents?.handle;
    const isAsked = platformHandle !== undefined && own.get(user)?.handle === undefined;
    const hasAccount = documents?.user?.account !== undefined;
    const carries = isAsked && (hasAccount || (await isToCarry(deps, sister)));
    seen.set(user, { user: sister, platformHandle, carries });
  }
  return seen;
}

/**
 * Whether a sister without an account is to have one; undefined while no pass has looked at her. From the log
 * and not the read model, which is written after this user was made due by it.
 */
async function isToCarry({ events }: SisterDeps, sister: UserKey): Promise<boolean | undefined> {
  const facts = fold(await events.ofUser(sister));
  if (facts.account !== undefined || facts.intent !== undefined) return true;
  if (facts.absentSince !== undefined) return false;
  return isExpected(facts.conditions);
}

/** Whether an account that is not there is to come; undefined while nobody could tell. */
function isExpected(conditions: SubjectView['conditions']): boolean | undefined {
  const account = conditions.find(({ type }) => type === 'account');
  if (account === undefined || account.status === 'Unknown') return undefined;
  return !account.held && account.reason !== 'UserBlocked';
}

/** What a pass knew and came to. */
export interface EndedPass extends Pick<Facts, 'namedBy'> {
  readonly before: readonly SubjectView[];
  readonly shown: SubjectView;
  /** What made the user due. */
  readonly causes: readonly EventId[];
}

/**
 * Makes the sister due when what she goes by has changed: the handle, the address, the account, who is
 * whose sister. Called before a pass ends, while the read model still shows what it showed when she was last
 * told: so a pass that breaks off here tells her again. `before` is what the read model shows, and what the log said
 * when the pass began: she may have gone by that as well, when a line of another worker's came late and the read model
 * never showed it.
 *
 * Those who named this user are woken too: it may be deleted before it knows of them, or before they named it.
 */
export async function wakeSister(
  deps: {
    readonly queue: Pick<WorkQueue, 'markDue'>;
    readonly clock: Clock;
  },
  { sister: tenant }: { readonly sister?: SisterTenant | undefined },
  { before, shown, namedBy, causes }: EndedPass,
  cause: EventId | undefined,
): Promise<void> {
  if (tenant === undefined) return;
  const isChanged = before.some((one) => bearing(one) !== bearing(shown));
  const namers = namedBy.filter(({ event }) => isChanged || (isGone(shown) && causes.includes(event)));
  const sisters = isChanged ? [...before, shown].flatMap(({ sister }) => sister ?? []) : [];
  const woken = new Set([...sisters, ...namers.map((one) => one.user)]);
  const triggers = [...woken].flatMap((sister) => {
    const owned = ownerOf(sister, [tenant]);
    if (owned === undefined) return [];
    const trigger = { user: owned.user, userId: owned.userId, tenant: tenant.id };
    return [cause === undefined ? trigger : { ...trigger, cause }];
  });
  if (triggers.length > 0) await deps.queue.markDue(triggers, deps.clock.now(), 'trigger');
}

/** All that the look for a sister goes by, as one text. */
function bearing(view: SubjectView): string {
  const { email, emailVerified, did, accountHandle, platformHandle, sister, conditions } = view;
  const person = [email, emailVerified, sister, isGone(view)];
  return JSON.stringify([...person, platformHandle, did, accountHandle, isExpected(conditions)]);
}

function isGone({ conditions }: SubjectView): boolean {
  return conditions.some(({ reason }) => reason === 'UserGone');
}
