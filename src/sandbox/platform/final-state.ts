/** What is there of the people of a rush: in the platform's database, on the PDS, in Auth0 and in Concord's log. */
import type { ConcordEvent } from '../../events/event.ts';
import { type Did, parseAuth0UserId, type UserKey, userKey } from '../../identity.ts';
import type { PdsAccount } from '../../ports/accounts.ts';
import type { Subject } from '../../ports/subjects.ts';
import type { ReadSide } from '../../wiring/read-side.ts';
import type { Auth0Tenant } from '../auth0/tenant.ts';
import type { PlatformDocuments } from './documents.ts';
import type { FinalAccount, FinalState, Said } from './verdict.ts';

export interface FinalReads {
  readonly side: ReadSide;
  readonly documents: PlatformDocuments;
  readonly auth0: Pick<Auth0Tenant, 'user'>;
}

export interface Read {
  readonly user: string;
  readonly email: string;
}

/** The sandbox's one tenant has no key prefix. */
export function keyOf(user: string): UserKey {
  const userId = parseAuth0UserId(user);
  if (userId === undefined) throw new Error(`${user} is no user id`);
  return userKey('', userId);
}

export async function readFinalStates(
  reads: FinalReads,
  people: readonly Read[],
): Promise<ReadonlyMap<string, FinalState>> {
  const { side, documents, auth0 } = reads;
  const wanted = { _id: { $in: people.map(({ user }) => user) } };
  const [verifications, users, handles, accounts, subjects] = await Promise.all([
    documents.verifications.find(wanted).toArray(),
    documents.users.find(wanted).toArray(),
    documents.handles.find(wanted).toArray(),
    accountsByEmail(side),
    side.assess.subjects.read(people.map(({ user }) => keyOf(user))),
  ]);
  const states = new Map<string, FinalState>();
  for (const { user, email } of people) {
    const stored = users.find(({ _id }) => _id === user);
    const own = accounts.get(email) ?? [];
    const log = own.length === 0 ? [] : await side.assess.events.ofUser(keyOf(user));
    states.set(user, {
      verifications: verifications.find(({ _id }) => _id === user)?.count,
      userDocument: stored === undefined ? undefined : { code: stored.code, did: stored.atproto?.did },
      handle: handles.find(({ _id }) => _id === user)?.handle,
      accounts: own.map((account) => withHistory(account, log)),
      isInAuth0: auth0.user(user) !== undefined,
      said: saidOf(subjects.get(keyOf(user))),
    });
  }
  return states;
}

async function accountsByEmail({ assess }: ReadSide): Promise<ReadonlyMap<string, readonly PdsAccount[]>> {
  const dids: Did[] = [];
  for await (const page of assess.accounts.repositories())
    for (const one of page) if (one !== 'unreadable') dids.push(one.did);
  const found = await assess.accounts.accounts(dids);
  const groups = new Map<string, PdsAccount[]>();
  for (const account of found.values()) {
    if (account === 'unreadable') continue;
    const email = account.email ?? '';
    groups.set(email, [...(groups.get(email) ?? []), account]);
  }
  return groups;
}

/** The intent and the account have one invite code. The plan is the last one that the log has before the intent. */
function withHistory({ did, handle, inviteHash }: PdsAccount, log: readonly ConcordEvent[]): FinalAccount {
  const intended = log.find(
    (event) => event.type === 'account.creation-intended' && event.data.inviteHash === inviteHash,
  );
  const plans = log.filter(
    ({ type, at }) => type === 'actions.intended' && intended !== undefined && at <= intended.at,
  );
  const plannedMs = Math.max(...plans.map(({ at }) => at.getTime()));
  const created = log.find((event) => event.type === 'account.created' && event.data.did === did);
  return {
    did,
    handle,
    plannedAt: plans.length > 0 ? new Date(plannedMs) : intended?.at,
    intendedAt: intended?.at,
    createdAt: created?.at,
  };
}

function saidOf(subject: Subject | undefined): Said | undefined {
  if (subject === undefined) return undefined;
  const { sync, health, quarantined, conditions } = subject;
  const notTrue = conditions.filter(({ status }) => status !== 'True');
  return { sync, health, quarantined, conditions: notTrue.map(({ type, reason }) => `${type}/${reason}`) };
}
