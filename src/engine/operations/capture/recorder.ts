/** Passes on every question of an observation, and keeps the answers. */

import { UpstreamError } from '../../../errors.ts';
import type { ConcordEvent } from '../../../events/event.ts';
import { word } from '../../../events/pseudonyms.ts';
import type { AccountHandle, Auth0UserId, Did, EventId, TenantId, UserKey } from '../../../identity.ts';
import type { HandleHolder, InactiveListing, PdsAccount, ServiceLocation } from '../../../ports/accounts.ts';
import type { Auth0User, Directory } from '../../../ports/auth0.ts';
import type { Documents } from '../../../ports/documents.ts';
import type { HeldValue } from '../../../ports/reservations.ts';
import type { Claimant, Successor } from '../../../ports/subjects.ts';
import type { AssessDeps, AssessedTenant } from '../../reconcile/read-side.ts';
import type { FailedCall, Seen } from './capture-file.ts';
import {
  pseudonymisedAccount,
  pseudonymisedClaimant,
  pseudonymisedDocuments,
  pseudonymisedName,
  pseudonymisedUser,
} from './pseudonymise-answers.ts';
import { type ConsistentPseudonyms, PSEUDONYMOUS_DOMAIN } from './pseudonyms.ts';

export class Recorder {
  readonly deps: AssessDeps;
  readonly tenant: AssessedTenant;
  domain: string | undefined;
  #clockAheadMs: number | undefined;
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

  // biome-ignore lint/complexity/noExcessiveLinesPerFunction: one entry a question, beside what is kept of its answer.
  constructor(deps: AssessDeps, tenant: AssessedTenant) {
    const { documents, accounts, dids, subjects, inactive, successors, events } = deps;
    this.deps = {
      settings: deps.settings,
      clients: deps.clients,
      handleDomain: async () => {
        this.domain = await this.#asked('handleDomain', deps.handleDomain());
        return this.domain;
      },
      databaseClock: {
        aheadMs: async () => {
          this.#clockAheadMs = await this.#asked('aheadMs', deps.databaseClock.aheadMs());
          return this.#clockAheadMs;
        },
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
        ofUser: async (user, by) => this.keep(await this.#asked('events', events.ofUser(user, by))),
        read: (query) => this.#read(events.read(query)),
      },
    };
    const { directory, linkedTenant } = tenant;
    this.tenant = {
      ...{ id: tenant.id, keyPrefix: tenant.keyPrefix, emailTag: tenant.emailTag },
      directory: { ...directory, ...this.#directory(tenant.id, directory, false) },
      linkedTenant: linkedTenant && {
        ...{ id: linkedTenant.id, keyPrefix: linkedTenant.keyPrefix },
        directory: this.#directory(linkedTenant.id, linkedTenant.directory, true),
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

  #successors(as: ConsistentPseudonyms): Pick<Seen, 'successors'> {
    if (this.#known.length + this.#inAuth0.length === 0) return {};
    const pseudonymised = ({ user, by }: Successor): Successor => ({ user: as.user(user), by });
    return {
      successors: { known: this.#known.map(pseudonymised), inAuth0: this.#inAuth0.map(pseudonymised) },
    };
  }

  /** In the order in which they are folded. */
  events(): readonly ConcordEvent[] {
    return [...this.#events.values()].sort(
      (a, b) => a.at.getTime() - b.at.getTime() || (a._id < b._id ? -1 : 1),
    );
  }

  seen(as: ConsistentPseudonyms): Seen {
    return {
      users: [...this.#users.values()].map(({ tenant, user }) => ({
        tenant: as.tenant(tenant),
        user: pseudonymisedUser(user, as),
      })),
      people: [...this.#people].map(([key, user]) => ({
        key: as.user(key),
        user: pseudonymisedUser(user, as),
      })),
      documents: [...this.#documents].map(([user, documents]) => ({
        ...{ user: as.user(user), documents: pseudonymisedDocuments(documents, as) },
      })),
      accounts: [...this.#accounts.values()].map((account) => pseudonymisedAccount(account, as)),
      holders: [...this.#holders].map(([handle, holder]) => ({
        handle: as.handle(handle),
        holder: holder.type === 'account' ? { type: 'account', did: as.did(holder.did) } : holder,
      })),
      emailHolders: [...this.#emailHolders].map(([email, claimants]) => ({
        ...{ email: as.email(email), claimants: claimants.map((one) => pseudonymisedClaimant(one, as)) },
      })),
      inactive: [...this.#inactive].map(([name, dids]) => ({
        name: pseudonymisedName(name, as),
        dids: dids.map((did) => as.did(did)),
      })),
      owners: [...this.#owners.values()].map((one) => pseudonymisedClaimant(one, as)),
      listing: this.#listing,
      carriers: [...this.#carriers].map(([handle, claimants]) => ({
        ...{ handle: as.handle(handle), claimants: claimants.map((one) => pseudonymisedClaimant(one, as)) },
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
      domain: this.domain === undefined ? undefined : PSEUDONYMOUS_DOMAIN,
      ...(this.#clockAheadMs === undefined ? {} : { clockAheadMs: this.#clockAheadMs }),
      failed: this.#failed,
    };
  }
}
