/**
 * Users who want what only one account can have: what is said of them is held against where the addresses and handles
 * are, and against what becomes of their holders. Held only where nothing has happened to any user since they were
 * reconciled last, since each says what it saw of the others.
 */

import type { AccountHandle } from '../../../src/identity.ts';
import type { Auth0User } from '../../../src/ports/auth0.ts';
import { parkedAddress, taggedEmail } from '../../../src/reconcilers/derived-names.ts';
import { otherTenant, type Person, tenant } from '../../mongo/subjects/people.ts';
import type { StoredAccount } from '../../support/in-memory/accounts.ts';
import { SECOND_TENANTS_TAG } from '../../support/in-memory/world.ts';
import type { Run } from '../search/run.ts';

type Conditions = ReturnType<Run['world']['conditionsOf']>;
type Condition = Conditions[number];

/** Conditions that wait for another user and end by themselves. */
const WAITS = new Set(['WaitingForAddress', 'ExchangingAddresses', 'EmailParked']);

export class Rivals {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  /** All that is wrong, where nothing is on its way any more. */
  flaws(): string[] {
    const { scenario, watch, world } = this.#run;
    const isAtRest = world.messages.length === 0 && world.late.length === 0;
    if (!isAtRest || !scenario.people.every((who) => watch.settled.has(who))) return [];
    return scenario.people.flatMap((who) => [
      ...this.#conditions(who).flatMap((condition) => this.#untrue(who, condition)),
      ...this.#blocked(who),
      ...this.#parked(who),
      ...this.#unlinked(who),
    ]);
  }

  /** Whether a person is asked about this user, or about another one whom this user waits for. */
  isAsked(who: Person): boolean {
    return this.#conditions(who).some(
      ({ held, reason, waitsFor }) => held || (WAITS.has(reason) && this.#mayEnd(waitsFor, [who])),
    );
  }

  #conditions(who: Person): Conditions {
    const { forgotten, conditions } = this.#run.world.factsOf(who.user);
    return forgotten ? [] : conditions.filter(({ status }) => status !== 'Unknown');
  }

  #untrue(who: Person, condition: Condition): string[] {
    const { type, reason } = condition;
    const isSo = this.#isSo(who, condition);
    return isSo ? [] : [`${WAITS.has(reason) ? 'W9: it will not end' : 'untrue'}: ${type} ${reason}`];
  }

  #isSo(who: Person, { reason, held, waitsFor }: Condition): boolean {
    const { world } = this.#run;
    const addresses = this.#addressesOf(who);
    const handle = this.#handleOf(who);
    switch (reason) {
      case 'EmailHeldByUser':
        return addresses
          .slice(0, 1)
          .some((one) => this.#isToStay(one, [who]) && !this.#isOfDeleted(this.#accountWith(one)));
      case 'EmailHeldByDeletedUser':
        return addresses.some((one) => this.#isOfDeleted(this.#accountWith(one)));
      case 'EmailTaken':
        return addresses.some((one) => this.#accountWith(one) !== undefined || this.#isRefused(who, one));
      case 'HandleTaken':
        return (
          handle === undefined ||
          this.#carrierOf(handle, who) !== undefined ||
          world.factsOf(who.user).refusedHandles.has(handle)
        );
      case 'HandleHeldByDeletedUser':
        return handle !== undefined && this.#isOfDeleted(this.#carrierOf(handle, who));
      default:
        // A wait that a person has to end is said to be one by the user who is waited for.
        return held || !WAITS.has(reason) || this.#mayEnd(waitsFor, [who]);
    }
  }

  /** Whether somebody is asked, or is paused, on the way of those who wait for each other. */
  #mayEnd(user: Condition['waitsFor'], seen: readonly Person[]): boolean {
    const next = this.#run.scenario.people.find((one) => one.user === user);
    if (next === undefined || seen.includes(next)) return false;
    const conditions = this.#conditions(next);
    if (conditions.some(({ held, type }) => held || type === 'pause')) return true;
    return conditions.some(
      ({ reason, waitsFor }) => WAITS.has(reason) && this.#mayEnd(waitsFor, [...seen, next]),
    );
  }

  /** W7: a living user who gets no address because a deleted one has it is told so, with a command that works. */
  #blocked(who: Person): string[] {
    const addresses = this.#wantedBy(who);
    const [own] = addresses;
    const holder = own === undefined ? undefined : this.#accountWith(own);
    if (!this.#isOfDeleted(holder)) return [];
    const account = this.#accountOf(who);
    if (account?.email !== undefined && addresses.includes(account.email)) return [];
    const conditions = this.#conditions(who);
    const isAsked = conditions.some(({ held, message }) => held && message.includes('concord '));
    const isPaused = conditions.some(({ type }) => type === 'pause');
    return isAsked || isPaused ? [] : ['W7: a living user waits for a deleted one, and no command is named'];
  }

  /** W9: what is parked at rest is said to be so. */
  #parked(who: Person): string[] {
    const account = this.#accountOf(who);
    if (account === undefined || account.email !== parkedAddress(account.did)) return [];
    const isSaid = this.#conditions(who).some(
      ({ type, held, message }) => held || type === 'pause' || message.includes('parked'),
    );
    return isSaid ? [] : ['W9: an account is parked at rest, and nothing is said of it'];
  }

  /** W15: of two users with one verified address in linked tenants each knows the other. */
  #unlinked(who: Person): string[] {
    const { world, areLinked, scenario } = this.#run;
    const user = world.userOf(who);
    if (!areLinked || user?.email === undefined || !user.emailVerified) return [];
    const others = scenario.people.filter(
      (one) => one.tenant !== who.tenant && isSamePerson(world.userOf(one), user),
    );
    const known = scenario.people.find((one) => one.user === world.factsOf(who.user).sister?.user);
    // W13: one that was proved stays while its address is the same, also where the flag is off and another user has it too.
    const keepsAddress = known !== undefined && sameAddress(world.userOf(known), user);
    return others.length === 0 || keepsAddress
      ? []
      : ['W15: a user does not know the linked one, who has the same address'];
  }

  /** Whether the account that has this address is to keep it; in a ring nobody is. */
  #isToStay(address: string, seen: readonly Person[]): boolean {
    const account = this.#accountWith(address);
    if (account === undefined) return false;
    const owner = this.#ownerOf(account);
    if (owner === undefined) return true;
    if (seen.includes(owner)) return false;
    const wanted = this.#wantedBy(owner);
    const isManaged =
      account.status === 'active' && !this.#conditions(owner).some(({ type }) => type === 'pause');
    if (wanted.length === 0 || !isManaged || wanted.includes(address)) return true;
    return wanted.every((one) => this.#isRefused(owner, one) || this.#isToStay(one, [...seen, owner]));
  }

  /** Empty for a user whose account follows no address. */
  #wantedBy(who: Person): readonly string[] {
    const user = this.#run.world.userOf(who);
    return user === undefined || user.blocked || !user.emailVerified ? [] : this.#addressesOf(who);
  }

  #addressesOf(who: Person): readonly string[] {
    const own = this.#run.world.userOf(who)?.email?.toLowerCase();
    if (own === undefined) return [];
    const tag = tagOf(who, this.#run);
    return tag === undefined ? [own] : [own, taggedEmail(own, tag)];
  }

  #handleOf({ user }: Person): string | undefined {
    const { platformHandle, sister } = this.#run.world.factsOf(user);
    const name = platformHandle ?? sister?.handle;
    return name === undefined ? undefined : `${name.replaceAll(/[._]/g, '-')}.at.test`;
  }

  #isRefused({ user }: Person, address: string): boolean {
    return this.#run.world.factsOf(user).refusedEmails.has(address);
  }

  #accountOf({ user }: Person): StoredAccount | undefined {
    const { world } = this.#run;
    const did = world.documents.users.get(user)?.account?.did ?? world.factsOf(user).account?.did;
    return did === undefined ? undefined : world.accounts.stored.get(did);
  }

  #accountWith(address: string): StoredAccount | undefined {
    return [...this.#run.world.accounts.stored.values()].find(({ email }) => email === address);
  }

  #carrierOf(handle: string, who: Person): StoredAccount | undefined {
    const own = this.#accountOf(who)?.did;
    return [...this.#run.world.accounts.stored.values()].find(
      (account) => account.handle === (handle as AccountHandle) && account.did !== own,
    );
  }

  #ownerOf({ did }: StoredAccount): Person | undefined {
    return this.#run.scenario.people.find((who) => this.#accountOf(who)?.did === did);
  }

  #isOfDeleted(account: StoredAccount | undefined): boolean {
    const owner = account === undefined ? undefined : this.#ownerOf(account);
    return owner !== undefined && this.#run.world.userOf(owner) === undefined;
  }
}

export function tagOf({ tenant: of }: Person, { areLinked }: Pick<Run, 'areLinked'>): string | undefined {
  if (of === otherTenant) return SECOND_TENANTS_TAG;
  return areLinked ? tenant : undefined;
}

function isSamePerson(one: Auth0User | undefined, other: Auth0User): boolean {
  return one?.emailVerified === true && sameAddress(one, other);
}

function sameAddress(one: Auth0User | undefined, other: Auth0User): boolean {
  return one?.email?.toLowerCase() === other.email?.toLowerCase();
}
