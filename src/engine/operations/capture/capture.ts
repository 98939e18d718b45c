/**
 * A user as a bug report: the events, and every answer that an observation got, under other names, so that the file
 * alone repeats the observation and gives the same plan. It has no name, address, handle, code, DID, id or raw payload
 * of the original.
 */
import { UpstreamError } from '../../../errors.ts';
import type { ConditionDraft } from '../../../events/condition.ts';
import type { ConcordEvent } from '../../../events/event.ts';
import { disguisedConditions, word } from '../../../events/pseudonyms.ts';
import {
  type AccountHandle,
  type Auth0UserId,
  type Did,
  type EventId,
  eventId,
  parseAccountHandle,
  type TenantId,
  type UserKey,
} from '../../../identity.ts';
import type {
  AccountReader,
  DidDirectory,
  HandleHolder,
  InactiveListing,
  PdsAccount,
  ServiceLocation,
} from '../../../ports/accounts.ts';
import type { Auth0User, Directory } from '../../../ports/auth0.ts';
import type { Documents } from '../../../ports/documents.ts';
import type { HeldValue } from '../../../ports/reservations.ts';
import type { Claimant, Successor } from '../../../ports/subjects.ts';
import { dryRun } from '../../reconcile/dry-run.ts';
import type { View } from '../../reconcile/observe.ts';
import type { AssessDeps, AssessedTenant } from '../../reconcile/read-side.ts';
import type { EngineSettings } from '../../reconcile/settings.ts';
import { disguisedEvent } from './pseudonymise-event.ts';
import { DISGUISED_DOMAIN, Disguise } from './pseudonyms.ts';

export const CAPTURE_VERSION = 1;

/** A call that failed: the next one like it fails again. */
export interface FailedCall {
  readonly call:
    | keyof AccountReader
    | keyof Directory
    | keyof DidDirectory
    | 'handleDomain'
    | 'read'
    | 'holdersOfEmail'
    | 'holdersOfHandle'
    | 'holdersOfDid'
    | 'get'
    | 'holdersOf'
    | 'listing'
    | 'knownSuccessors'
    | 'successorsInAuth0'
    | 'find'
    | 'events';
  /** Of the linked tenant, and not of the user's own. */
  readonly isSisters: boolean;
  readonly code: string;
}

/** Every answer that an observation got. */
export interface Seen {
  readonly users: readonly { readonly tenant: TenantId; readonly user: Auth0User }[];
  /** Users in Auth0, of any tenant, that the plan depended on. Absent in captures of older versions. */
  readonly people?: readonly { readonly key: UserKey; readonly user: Auth0User }[];
  readonly documents: readonly { readonly user: UserKey; readonly documents: Documents }[];
  readonly accounts: readonly (PdsAccount & { readonly inviteCode: string | undefined })[];
  readonly holders: readonly { readonly handle: AccountHandle; readonly holder: HandleHolder }[];
  readonly emailHolders: readonly { readonly email: string; readonly claimants: readonly Claimant[] }[];
  /** By address or handle, the inactive accounts that the index has under it. */
  readonly inactive: readonly { readonly name: string; readonly dids: readonly Did[] }[];
  /** Users who have one of these accounts. */
  readonly owners: readonly Claimant[];
  readonly listing: InactiveListing | undefined;
  readonly carriers: readonly { readonly handle: AccountHandle; readonly claimants: readonly Claimant[] }[];
  /** Absent where no user was read, and in captures from before there were any. */
  readonly successors?: { readonly known: readonly Successor[]; readonly inAuth0: readonly Successor[] };
  /** Absent in captures of versions that did not read the DID directory. */
  readonly locations?: readonly { readonly did: Did; readonly location: ServiceLocation }[];
  /** Absent in captures from before there were reservations. */
  readonly reserved?: readonly HeldValue[];
  /** Undefined where the PDS could not be read. */
  readonly domain: string | undefined;
  readonly failed: readonly FailedCall[];
}

/** The result of the observation, in the words that must be the same when it is repeated. */
export interface CapturedPlan {
  readonly actions: readonly { readonly resource: string; readonly type: string }[];
  readonly conditions: readonly Pick<ConditionDraft, 'type' | 'status' | 'reason' | 'held'>[];
  readonly failures: readonly { readonly resource: string; readonly code: string }[];
}

export interface CapturedTenant {
  readonly id: TenantId;
  readonly keyPrefix: string;
  readonly emailTag: string | undefined;
}

export interface Capture {
  readonly format: 'concord-capture';
  readonly version: typeof CAPTURE_VERSION;
  readonly concord: string;
  readonly node: string;
  readonly at: Date;
  readonly settings: Pick<EngineSettings, 'settleMs' | 'refusalRetryMs' | 'policy'>;
  readonly user: UserKey;
  readonly userId: Auth0UserId;
  readonly tenant: CapturedTenant;
  readonly sister: CapturedTenant | undefined;
  readonly events: readonly ConcordEvent[];
  readonly seen: Seen;
  /** Undefined where Auth0 or the documents could not be read, so that there is no plan. */
  readonly plan: CapturedPlan | undefined;
}

export interface Captured {
  readonly user: UserKey;
  readonly userId: Auth0UserId;
  readonly tenant: AssessedTenant;
  /** As far as it is known: the versions of Concord and of Node. */
  readonly concord: string;
  readonly node: string;
}

/** Observes the user, as a dry run does. Throws UpstreamError when the log cannot be read. */
export async function capture(deps: AssessDeps, who: Captured, now: Date): Promise<Capture> {
  const { user, userId, tenant, concord, node } = who;
  const recorder = new Recorder(deps, tenant);
  recorder.keep(await deps.events.ofUser(user));
  const look = await dryRun(recorder.deps, recorder.tenant, user, userId, now).catch((error: unknown) => {
    if (!(error instanceof UpstreamError)) throw error;
    return undefined;
  });
  const sister = tenant.sister;
  // A linked user is of another tenant, of which only the form of its keys matters here.
  const second = sister && { id: sister.id, keyPrefix: sister.keyPrefix, emailTag: undefined };
  const disguise = new Disguise([tenant, ...(second === undefined ? [] : [second])], recorder.domain);
  const events = recorder.events();
  // Numbered in their order first, because causes may name later ones.
  for (const { _id } of events) disguise.event(_id);
  const [own, others] = disguise.tenants;
  if (own === undefined) throw new Error('the tenant of a user is one');
  const { settleMs, refusalRetryMs, policy } = deps.settings;
  return {
    ...{ format: 'concord-capture', version: CAPTURE_VERSION, concord, node, at: now },
    settings: { settleMs, refusalRetryMs, policy },
    ...{ user: disguise.user(user), userId: disguise.userId(userId), tenant: own, sister: others },
    events: events.map((event) => disguisedEvent(event, disguise)),
    seen: recorder.seen(disguise),
    plan: look === undefined ? undefined : planOf(look.view),
  };
}

export function planOf({ actions, conditions, failures }: View): CapturedPlan {
  return {
    actions: actions.map(({ resource, type }) => ({ resource, type })),
    conditions: conditions.map(({ type, status, reason, held }) => ({ type, status, reason, held })),
    failures: failures.map(({ resource, code }) => ({ resource, code })),
  };
}

/** Passes on every question of an observation, and keeps the answers. */
class Recorder {
  readonly deps: AssessDeps;
  readonly tenant: AssessedTenant;
  domain: string | undefined;
  readonly #events = new Map<EventId, ConcordEvent>();
  readonly #users = new Map<string, { tenant: TenantId; user: Auth0User }>();
  readonly #people = new Map<UserKey, Auth0User>();
  readonly #documents = new Map<UserKey, Documents>();
  readonly #accounts = new Map<Did, PdsAccount>();
  readonly #holders = new Map<AccountHandle, HandleHolder>();
  readonly #emailHolders = new Map<string, readonly Claimant[]>();
  readonly #inactive = new Map<string, readonly Did[]>();
  readonly #owners = new Map<UserKey, Claimant>();
  #listing: InactiveListing | undefined;
  readonly #carriers = new Map<AccountHandle, readonly Claimant[]>();
  #known: readonly Successor[] = [];
  #inAuth0: readonly Successor[] = [];
  readonly #locations = new Map<Did, ServiceLocation>();
  readonly #reserved: HeldValue[] = [];
  readonly #failed: FailedCall[] = [];

  constructor(deps: AssessDeps, tenant: AssessedTenant) {
    const { documents, accounts, dids, subjects, inactive, successors, events } = deps;
    this.deps = {
      settings: deps.settings,
      handleDomain: async () => {
        this.domain = await this.#asked('handleDomain', deps.handleDomain());
        return this.domain;
      },
      documents: {
        ...documents,
        read: async (users) => {
          const read = await this.#asked('read', documents.read(users));
          for (const [user, found] of read) this.#documents.set(user, found);
          return read;
        },
      },
      accounts: {
        ...accounts,
        account: async (did) => {
          const found = await this.#asked('account', accounts.account(did));
          if (found !== 'missing') this.#accounts.set(did, found);
          return found;
        },
        holderOf: async (handle) => {
          const holder = await this.#asked('holderOf', accounts.holderOf(handle));
          this.#holders.set(handle, holder);
          return holder;
        },
      },
      people: {
        user: async (user) => {
          const answer = await this.#asked('user', deps.people.user(user));
          if (typeof answer === 'object') this.#people.set(user, answer);
          return answer;
        },
      },
      dids: {
        serviceOf: async (did) => {
          const location = await this.#asked('serviceOf', dids.serviceOf(did));
          this.#locations.set(did, location);
          return location;
        },
      },
      inactive: {
        holdersOf: async (emails, handles) => {
          const holders = await this.#asked('holdersOf', inactive.holdersOf(emails, handles));
          for (const [name, dids] of holders) this.#inactive.set(name, dids);
          return holders;
        },
        listing: async () => {
          this.#listing = await this.#asked('listing', inactive.listing());
          return this.#listing;
        },
      },
      subjects: {
        ...subjects,
        holdersOfDid: (did) => this.#asked('holdersOfDid', subjects.holdersOfDid(did)),
        get: async (user) => {
          const subject = await this.#asked('get', subjects.get(user));
          if (subject !== undefined) this.#owners.set(user, subject);
          return subject;
        },
        holdersOfHandle: async (handle) => {
          const claimants = await this.#asked('holdersOfHandle', subjects.holdersOfHandle(handle));
          this.#carriers.set(handle, claimants);
          return claimants;
        },
        holdersOfEmail: async (email) => {
          const claimants = await this.#asked('holdersOfEmail', subjects.holdersOfEmail(email));
          this.#emailHolders.set(email, claimants);
          return claimants;
        },
      },
      successors: {
        known: async (user, emails) => {
          this.#known = await this.#asked('knownSuccessors', successors.known(user, emails));
          return this.#known;
        },
        inAuth0: async (user, emails) => {
          this.#inAuth0 = await this.#asked('successorsInAuth0', successors.inAuth0(user, emails));
          return this.#inAuth0;
        },
      },
      reservations: {
        find: async (values) => {
          const held = await this.#asked('find', deps.reservations.find(values));
          this.#reserved.push(...held);
          return held;
        },
      },
      events: {
        ofUser: async (user) => this.keep(await this.#asked('events', events.ofUser(user))),
        read: (query) => this.#read(events.read(query)),
      },
    };
    const { directory, sister } = tenant;
    this.tenant = {
      ...{ id: tenant.id, keyPrefix: tenant.keyPrefix, emailTag: tenant.emailTag },
      directory: { ...directory, ...this.#directory(tenant.id, directory, false) },
      sister: sister && {
        ...{ id: sister.id, keyPrefix: sister.keyPrefix },
        directory: this.#directory(sister.id, sister.directory, true),
      },
    };
  }

  #directory(tenant: TenantId, inner: Pick<Directory, 'user' | 'usersByEmail'>, isSisters: boolean) {
    const keep = (user: Auth0User): void =>
      void this.#users.set(`${tenant} ${user.userId}`, { tenant, user });
    return {
      user: async (id: Auth0UserId) => {
        const answer = await this.#asked('user', inner.user(id), isSisters);
        if (typeof answer === 'object') keep(answer);
        return answer;
      },
      usersByEmail: async (email: string) => {
        const users = await this.#asked('usersByEmail', inner.usersByEmail(email), isSisters);
        for (const user of users) keep(user);
        return users;
      },
    };
  }

  async *#read(events: AsyncIterable<ConcordEvent>): AsyncIterable<ConcordEvent> {
    for await (const event of events) {
      this.keep([event]);
      yield event;
    }
  }

  keep(events: ConcordEvent[]): ConcordEvent[] {
    for (const event of events) this.#events.set(event._id, event);
    return events;
  }

  async #asked<T>(call: FailedCall['call'], answer: Promise<T>, isSisters = false): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      if (error instanceof UpstreamError) this.#failed.push({ call, isSisters, code: word(error.code) });
      throw error;
    }
  }

  #successors(as: Disguise): Pick<Seen, 'successors'> {
    if (this.#known.length + this.#inAuth0.length === 0) return {};
    const disguised = ({ user, by }: Successor): Successor => ({ user: as.user(user), by });
    return { successors: { known: this.#known.map(disguised), inAuth0: this.#inAuth0.map(disguised) } };
  }

  /** In the order in which they are folded. */
  events(): readonly ConcordEvent[] {
    return [...this.#events.values()].sort(
      (a, b) => a.at.getTime() - b.at.getTime() || (a._id < b._id ? -1 : 1),
    );
  }

  seen(as: Disguise): Seen {
    return {
      users: [...this.#users.values()].map(({ tenant, user }) => ({
        tenant: as.tenant(tenant),
        user: disguisedUser(user, as),
      })),
      people: [...this.#people].map(([key, user]) => ({ key: as.user(key), user: disguisedUser(user, as) })),
      documents: [...this.#documents].map(([user, documents]) => ({
        ...{ user: as.user(user), documents: disguisedDocuments(documents, as) },
      })),
      accounts: [...this.#accounts.values()].map((account) => disguisedAccount(account, as)),
      holders: [...this.#holders].map(([handle, holder]) => ({
        handle: as.handle(handle),
        holder: holder.type === 'account' ? { type: 'account', did: as.did(holder.did) } : holder,
      })),
      emailHolders: [...this.#emailHolders].map(([email, claimants]) => ({
        ...{ email: as.email(email), claimants: claimants.map((one) => disguisedClaimant(one, as)) },
      })),
      inactive: [...this.#inactive].map(([name, dids]) => ({
        name: disguisedName(name, as),
        dids: dids.map((did) => as.did(did)),
      })),
      owners: [...this.#owners.values()].map((one) => disguisedClaimant(one, as)),
      listing: this.#listing,
      carriers: [...this.#carriers].map(([handle, claimants]) => ({
        ...{ handle: as.handle(handle), claimants: claimants.map((one) => disguisedClaimant(one, as)) },
      })),
      ...this.#successors(as),
      locations: [...this.#locations].map(([did, location]) => ({
        did: as.did(did),
        location:
          location.type === 'elsewhere' ? { ...location, origin: as.origin(location.origin) } : location,
      })),
      reserved: this.#reserved.map(({ kind, value, by }) => ({
        ...{ kind, value: kind === 'email' ? as.email(value) : as.handle(value as AccountHandle) },
        by: { ...by, user: as.user(by.user), intent: as.event(by.intent) },
      })),
      domain: this.domain === undefined ? undefined : DISGUISED_DOMAIN,
      failed: this.#failed,
    };
  }
}

/** An address, or else a handle. */
function disguisedName(name: string, as: Disguise): string {
  const handle = parseAccountHandle(name);
  return handle === undefined ? as.email(name) : as.handle(handle);
}

function disguisedUser(
  { userId, email, emailVerified, blocked, createdAt, linked, unusable }: Auth0User,
  as: Disguise,
): Auth0User {
  return {
    ...{ userId: as.userId(userId), email: email === undefined ? undefined : as.email(email) },
    ...{ emailVerified, blocked, createdAt },
    ...(linked === undefined ? {} : { linked: linked.map((id) => as.userId(id)).sort() }),
    ...(unusable === undefined ? {} : { unusable }),
  };
}

function disguisedClaimant(
  { user, tenant, did, accountHandle, accountEmail, email, emailVerified, health, conditions }: Claimant,
  as: Disguise,
): Claimant {
  return {
    accountHandle: accountHandle === undefined ? undefined : as.handle(accountHandle),
    accountEmail: accountEmail === undefined ? undefined : as.email(accountEmail),
    ...{ user: as.user(user), tenant: as.tenant(tenant), emailVerified, health },
    did: did === undefined ? undefined : as.did(did),
    email: email === undefined ? undefined : as.email(email),
    conditions: disguisedConditions(conditions, as).map((draft) => ({ ...draft, ...NOT_TOLD })),
  };
}

/** Since when, and by which event, does not affect a plan. */
const NOT_TOLD = { since: '', event: eventId('') };

function disguisedDocuments(
  { verificationCount, user, handle, legacyCode }: Documents,
  as: Disguise,
): Documents {
  const { code, account, oldAccount, pending, when } = user ?? {};
  const disguised = user && {
    code: code === undefined ? undefined : as.code(code),
    when,
    account: account && {
      did: account.did === undefined ? undefined : as.did(account.did),
      handle: account.handle === undefined ? undefined : as.handle(account.handle),
      hasPassword: account.hasPassword,
    },
    ...(oldAccount === undefined
      ? {}
      : { oldAccount: { did: oldAccount.did === undefined ? undefined : as.did(oldAccount.did) } }),
    // Without the sealed password: a plan depends only on whether there is one.
    pending: pending && { intent: as.event(pending.intent), password: '' },
  };
  return {
    verificationCount,
    user: disguised,
    handle: handle === undefined ? undefined : as.platformHandle(handle),
    legacyCode: legacyCode === undefined ? undefined : as.code(legacyCode),
  };
}

function disguisedAccount({ did, handle, email, inviteHash, state }: PdsAccount, as: Disguise) {
  return {
    ...{ did: as.did(did), handle: as.handle(handle), state },
    email: email === undefined ? undefined : as.email(email),
    inviteHash: inviteHash === undefined ? undefined : as.inviteHash(inviteHash),
    inviteCode: inviteHash === undefined ? undefined : as.inviteCode(inviteHash),
  };
}
