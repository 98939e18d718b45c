/**
 * What a pass has read since it has had the lease without a gap: nothing outward or destructive may be
 * decided on anything else. Judged when the call is made, since nobody can call it back after that.
 */
import { type Did, parseDid, type UserKey } from '../../../src/identity.ts';
import type { Lease } from '../../../src/ports/queue.ts';
import type { UniqueValue } from '../../../src/ports/reservations.ts';
import { parkedAddress } from '../../../src/reconcilers/derived-names.ts';
import { otherTenant } from '../../mongo/subjects/people.ts';
import { reservationKey } from '../../support/in-memory/reservations.ts';
import type { Point } from '../model/ports.ts';
import type { World } from '../model/world.ts';

/** What each outward effect has to rest on: kinds of reads, the account's and the handle's own ones among them. */
const RESTS_ON: ReadonlyMap<string, readonly string[]> = new Map([
  ['createAccount', ['auth0', 'documents', 'holdersOfEmail', 'holderOf']],
  ['changeHandle', ['auth0', 'documents', 'account']],
  ['changeEmail', ['auth0', 'documents', 'account', 'holdersOfEmail']],
  ['setActive', ['auth0', 'documents', 'account', 'serviceOf', 'usersByIdentity']],
  ['deleteAccount', ['auth0', 'documents', 'account', 'serviceOf', 'usersByIdentity']],
  ['setPassword', ['auth0', 'documents', 'account']],
]);
/** An account gives up its address only after the other users of the ring and their accounts were read as well. */
const PARKING_RESTS_ON = ['auth0', 'documents', 'account', 'other user', 'other account'];

export class Freshness {
  readonly #world: World;
  readonly #read = new Set<string>();
  readonly #inactive = new Set<Did>();
  #lease: Lease | undefined;
  #others = { user: false, accounts: new Set<Did>() };

  constructor(world: World) {
    this.#world = world;
  }

  claimed(lease: Lease | undefined): void {
    if (lease === undefined) return;
    const { nowMs, settings } = this.#world;
    const { observedAt, dueLatest, token } = lease;
    const isNew = this.#lease?.token !== token;
    // Between the end of the lease and this one somebody else may have had it.
    if (isNew || (this.#lease !== undefined && this.#lease.until.getTime() <= nowMs)) {
      this.#read.clear();
      this.#others = { user: false, accounts: new Set() };
    }
    if (isNew && observedAt !== undefined && dueLatest !== undefined) {
      // As the engine has it: young, and younger than what made the user due.
      const ageMs = nowMs - observedAt.getTime();
      const isYoung = ageMs >= 0 && ageMs < settings.freshForMs;
      if (isYoung && observedAt > dueLatest) this.#read.add('auth0');
    }
    this.#lease = lease;
  }

  read({ port, method }: Point, args: readonly unknown[]): void {
    const [first] = args;
    if (method === 'user' && this.#isOwn(port, first)) this.#read.add('auth0');
    else if (method === 'user') this.#others.user = true;
    else if (port === 'documents') this.#read.add('documents');
    else this.#read.add(`${method} ${String(first)}`);
    const did = method === 'account' && typeof first === 'string' ? parseDid(first) : undefined;
    if (did !== undefined) this.#readAccount(did);
  }

  /** Users of other tenants may have the same id. */
  #isOwn(port: Point['port'], id: unknown): boolean {
    const { userId, tenant } = this.#lease ?? {};
    return userId === id && (tenant === otherTenant) === (port === 'secondAuth0');
  }

  /** What is active here lives here; of any other account the directory has to be asked. */
  #readAccount(did: Did): void {
    this.#others.accounts.add(did);
    const { status } = this.#world.accounts.stored.get(did) ?? { status: 'missing' };
    if (status === 'missing' || status === 'deactivated') this.#inactive.add(did);
    else this.#inactive.delete(did);
  }

  isOutward({ port, method }: Point): boolean {
    return port === 'accounts' && RESTS_ON.has(method);
  }

  /** Why this call may not be made now. */
  objections({ method }: Point, args: readonly unknown[], user: UserKey | undefined): string[] {
    const rests = this.#restsOn(method, args, user);
    const lacking = rests.filter((kind) => {
      if (kind === 'other user') return !this.#others.user;
      if (kind === 'other account') return ![...this.#others.accounts].some((did) => did !== args[0]);
      const name = this.#nameOf(kind, args, user);
      return name !== undefined && !this.#read.has(name);
    });
    const objections = [
      ...lacking.map((kind) => `${method} was decided without a fresh read: ${kind}`),
      ...this.#unreserved(method, args, user).map((key) => `${method} takes what is not reserved: ${key}`),
    ];
    return this.holdsLease(user) ? objections : [...objections, `${method} was decided without the lease`];
  }

  /** An account that is given up, or was replaced, in a transfer gives up its address by what the other user's log says. */
  #restsOn(method: string, args: readonly unknown[], user: UserKey | undefined): readonly string[] {
    const { outgoing, retiring } =
      user === undefined ? { outgoing: undefined, retiring: undefined } : this.#world.factsOf(user);
    const isRetired = retiring !== undefined && retiring === args[0];
    if (isRetired) return ['auth0', 'documents', 'account'];
    if (!isParking(method, args)) return RESTS_ON.get(method) ?? [];
    return outgoing?.open.has('address') === true
      ? ['auth0', 'documents', 'account', 'log of the other user']
      : PARKING_RESTS_ON;
  }

  /** What this call is to take, and is not reserved for the user. */
  #unreserved(method: string, [first, second]: readonly unknown[], user: UserKey | undefined): string[] {
    const { stored } = this.#world.reservations;
    // The handle and the address of a replaced account are made of its DID, and no other user can want them.
    if (user !== undefined && this.#world.factsOf(user).retiring === first) return [];
    const keys = takes(method, first, second).map(reservationKey);
    return keys.filter((key) => stored.get(key)?.user !== user);
  }

  holdsLease(user: UserKey | undefined): boolean {
    const { nowMs, queue } = this.#world;
    const lease = user === undefined ? undefined : queue.stored.get(user)?.lease;
    return lease !== undefined && lease.token === this.#lease?.token && lease.until.getTime() > nowMs;
  }

  /** Of a deleted user with an account; a deletion that broke off has left none. */
  #identityOf(did: unknown, user: UserKey | undefined): string | undefined {
    const { accounts } = this.#world;
    if (user === undefined || ![...accounts.stored.keys()].some((one) => one === did)) return undefined;
    const { auth0, absentSince } = this.#world.factsOf(user);
    return auth0 === undefined || absentSince === undefined ? undefined : `usersByIdentity ${auth0.userId}`;
  }

  /** Under which name it was noted; undefined where it need not be read. */
  #nameOf(kind: string, [first, second]: readonly unknown[], user: UserKey | undefined): string | undefined {
    if (kind === 'auth0' || kind === 'documents') return kind;
    if (kind === 'log of the other user')
      return `ofUser ${user === undefined ? '' : this.#world.factsOf(user).outgoing?.to}`;
    if (kind === 'serviceOf')
      return this.#inactive.has(first as Did) ? `${kind} ${String(first)}` : undefined;
    if (kind === 'usersByIdentity') return this.#identityOf(first, user);
    const wanted = isWanted(first) ? first : { handle: '', email: String(second) };
    if (kind === 'holdersOfEmail') return `${kind} ${wanted.email}`;
    if (kind === 'account') return `${kind} ${String(first)}`;
    // The code is this user's alone, and is not asked for.
    const { documents } = this.#world;
    const codes = user === undefined ? [] : [documents.users.get(user)?.code, this.#world.factsOf(user).code];
    const isCode = codes.some((code) => wanted.handle === `${code?.toLowerCase()}.at.test`);
    return isCode ? undefined : `${kind} ${wanted.handle}`;
  }
}

function takes(method: string, first: unknown, second: unknown): readonly UniqueValue[] {
  const email = (value: unknown) => ({ kind: 'email', value: String(value).toLowerCase() }) as const;
  const handle = (value: unknown) => ({ kind: 'handle', value: String(value) }) as const;
  if (method === 'changeEmail') return [email(second)];
  if (method === 'changeHandle') return [handle(second)];
  return method === 'createAccount' && isWanted(first) ? [email(first.email), handle(first.handle)] : [];
}

function isWanted(value: unknown): value is { readonly handle: string; readonly email: string } {
  return typeof value === 'object' && value !== null && 'handle' in value && 'email' in value;
}

function isParking(method: string, [did, email]: readonly unknown[]): boolean {
  return method === 'changeEmail' && email === parkedAddress(did as Did);
}
