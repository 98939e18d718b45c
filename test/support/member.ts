/** People of the platform, with names that no other test uses on the shared PDS, and one pass over one of them. */

import { randomBytes, randomInt } from 'node:crypto';
import {
  type ReconcileDeps,
  type ReconciliationResult,
  reconcile,
} from '../../src/engine/reconcile/reconcile.ts';
import type { Condition } from '../../src/events/condition.ts';
import type { ConcordEvent, EventOf, EventType } from '../../src/events/event.ts';
import {
  type Auth0UserId,
  type Code,
  type Did,
  parseAuth0UserId,
  parseTenantId,
  type TenantId,
  type UserKey,
  userKey,
} from '../../src/identity.ts';
import type { PdsAccount } from '../../src/ports/accounts.ts';
import type { Engine } from '../../src/wiring/engine.ts';
import { all } from '../mongo/subjects/people.ts';
import { person } from './pds.ts';
import { type Platform, SISTER, TENANT } from './platform.ts';
import { until } from './until.ts';

export interface Member {
  readonly tenant: TenantId;
  readonly userId: Auth0UserId;
  readonly user: UserKey;
  readonly email: string;
  /** Fit to be the label of a handle. */
  readonly label: string;
}

/** Somebody by the id that a tenant gave out. */
export function memberOf(userId: string, email: string, of: 'first' | 'sister' = 'first'): Member {
  const parsed = parseAuth0UserId(userId);
  const tenant = parseTenantId(of === 'first' ? TENANT : SISTER.id);
  if (parsed === undefined || tenant === undefined) throw new Error(`${userId} is no id of Auth0's.`);
  const user = userKey(of === 'first' ? '' : SISTER.keyPrefix, parsed);
  return { tenant, userId: parsed, user, email, label: email.split('@', 1)[0] ?? '' };
}

/** Somebody who has been there all along, and whom no log entry ever named. The email is verified unless told otherwise. */
export function join(
  platform: Platform,
  name: string,
  options: {
    readonly email?: string;
    readonly emailVerified?: boolean;
    readonly of?: 'first' | 'sister';
    /** Default `auth0`, the tenant's own database. */
    readonly provider?: string;
  } = {},
): Member {
  const { emailVerified = true, of = 'first', provider = 'auth0' } = options;
  const { email } = options.email === undefined ? person(name) : { email: options.email };
  const member = memberOf(`${provider}|${randomBytes(12).toString('hex')}`, email, of);
  const auth0 = of === 'first' ? platform.auth0 : platform.sister;
  const dates = { created_at: someYear(), updated_at: new Date().toISOString() };
  auth0.addUser({ user_id: member.userId, email, email_verified: emailVerified, ...dates });
  return member;
}

/**
 * Codes are unique in a database, and the tests have one each on a PDS that they share: those of one year would be
 * drawn twice in some run, and the second account's handle be taken.
 */
function someYear(): string {
  return `20${randomInt(13, 26)}-03-04T05:06:07.000Z`;
}

/** What the platform does when somebody picks a handle there. */
export async function chooseHandle({ db }: Platform, { user }: Member, handle: string): Promise<void> {
  const handles = db.collection<{ _id: string; handle: string }>('@handles');
  await handles.updateOne({ _id: user }, { $set: { handle } }, { upsert: true });
}

/** One pass, whether the user is due or not, once no worker has the user. */
export async function reconcileUser(
  deps: ReconcileDeps,
  { user, userId, tenant }: Member,
): Promise<ReconciliationResult> {
  const { queue, clock, settings } = deps;
  const lease = await until(`nobody else works on ${user}`, () =>
    queue.claimUser({ user, userId, tenant }, clock.now(), settings.leaseMs),
  );
  return reconcile(deps, lease);
}

/** A member's users document, as it is stored. */
export interface StoredMember {
  readonly _id: string;
  readonly code?: Code;
  readonly when?: Date;
  readonly atproto?: {
    readonly did: Did;
    readonly handle: string;
    readonly password: string;
    readonly createdAt: string;
  };
  readonly atprotoPending?: unknown;
}

export async function storedMember({ db }: Platform, { user }: Member): Promise<StoredMember | undefined> {
  return (await db.collection<StoredMember>('users').findOne({ _id: user })) ?? undefined;
}

/** The account that the users document names, as the PDS has it. Undefined when there is none. */
export async function accountOf(
  platform: Platform,
  engine: Engine,
  member: Member,
): Promise<PdsAccount | undefined> {
  const did = (await storedMember(platform, member))?.atproto?.did;
  const account = did === undefined ? 'missing' : await engine.accounts.account(did);
  return account === 'missing' ? undefined : account;
}

export async function eventsOf<T extends EventType>(
  { log }: Engine,
  { user }: Member,
  ...types: readonly T[]
): Promise<EventOf<T>[]> {
  const events: ConcordEvent[] = await all(log.read({ user }));
  const wanted = (event: ConcordEvent): event is Extract<ConcordEvent, EventOf<T>> =>
    types.some((type) => type === event.type);
  return events.filter(wanted).sort((a, b) => a.at.getTime() - b.at.getTime());
}

/** How one of a member's resources stands, by the read model. */
export async function conditionOf(
  { subjects }: Engine,
  { user }: Member,
  type: Condition['type'],
): Promise<Condition | undefined> {
  return (await subjects.get(user))?.conditions.find((condition) => condition.type === type);
}
