/** Transfers as the logs of the two users tell of them, said once more and apart from the engine. */

import type { TransferPart } from '../../../src/events/data/transfer.ts';
import type { ConcordEvent, EventOf } from '../../../src/events/event.ts';
import type { Did, EventId, UserKey } from '../../../src/identity.ts';
import type { Person } from '../../mongo/subjects/people.ts';
import type { World } from '../model/world.ts';
import type { Rest } from './invariants.ts';

export interface Grant {
  readonly from: UserKey;
  readonly to: UserKey;
  readonly granted: EventOf<'transfer.granted'>['data'];
  /** What the user who gets it has neither taken nor declined, and what the other one has not closed yet. */
  readonly untaken: ReadonlySet<TransferPart>;
  readonly unclosed: ReadonlySet<TransferPart>;
}

/** A grant counts where the deleted user promised it. */
export function grantsTo(world: World, to: UserKey): Grant[] {
  const events = world.log.eventsOf(to);
  return events.flatMap((event) => {
    if (event.type !== 'transfer.granted') return [];
    const { promise, from, what } = event.data;
    const source = world.log.eventsOf(from);
    if (!source.some(({ _id }) => _id === promise)) return [];
    const untaken = without(what, endedIn(events, event.data));
    const unclosed = without(what, endedIn(source, event.data));
    return [{ from, to, granted: event.data, untaken, unclosed }];
  });
}

export function openGrants(world: World, people: readonly Person[]): Grant[] {
  const grants = people.flatMap(({ user }) => grantsTo(world, user));
  return grants.filter(({ untaken, unclosed }) => untaken.size > 0 || unclosed.size > 0);
}

function without(what: readonly TransferPart[], ended: readonly TransferPart[]): Set<TransferPart> {
  return new Set(what.filter((part) => !ended.includes(part)));
}

type Granted = Pick<Grant['granted'], 'promise' | 'code' | 'handle' | 'what'>;

/** What one of the two logs says is over. An address, and a handle without a row, are given up and not taken. */
function endedIn(events: readonly ConcordEvent[], { promise, code, handle, what }: Granted): TransferPart[] {
  const isTo = events.some(({ type, data }) => type === 'transfer.granted' && data.promise === promise);
  const given = what.filter(
    (part) => isTo && (part === 'address' || (part === 'handle' && handle === undefined)),
  );
  return [...given, ...events.flatMap((event) => endedBy(event, promise, isTo ? code : undefined))];
}

/** What each of these names is over. */
const ENDING: ReadonlySet<string> = new Set(['transfer.declined', 'transfer.cancelled', 'transfer.closed']);

function endedBy(event: ConcordEvent, promise: EventId, code: string | undefined): readonly TransferPart[] {
  if (event.type === 'code.assigned') return event.data.code === code ? ['code'] : [];
  if (!('promise' in event.data) || event.data.promise !== promise) return [];
  if (event.type === 'account.transferred' || event.type === 'account.released') return ['account'];
  if (event.type === 'handle.transferred') return ['handle'];
  return ENDING.has(event.type) && 'what' in event.data ? event.data.what : [];
}

/** Why a write that moves something may not be made: no grant that is open allows it. */
export function unallowed(
  world: World,
  people: readonly Person[],
  part: TransferPart,
  isMeant: (grant: Grant) => boolean,
): string[] {
  const grants = people.flatMap(({ user }) => grantsTo(world, user));
  const isAllowed = grants.some(
    (grant) => grant.granted.what.includes(part) && grant.unclosed.has(part) && isMeant(grant),
  );
  return isAllowed ? [] : [`transfer: moved outside an open transfer: ${part}`];
}

/** What is taken is taken once, and not after it was declined. */
export function takenTwice(event: ConcordEvent, events: readonly ConcordEvent[]): string[] {
  if (event.type !== 'account.transferred' && event.type !== 'handle.transferred') return [];
  const part = event.type === 'account.transferred' ? 'account' : 'handle';
  const { promise } = event.data;
  // One that a process was held up with comes late, and is of the time before.
  const before = events.filter(({ at }) => at < event.at);
  const isOver = before.some((one) => endedBy(one, promise, undefined).includes(part));
  return isOver ? [`transfer: taken twice: ${part}`] : [];
}

/** Accounts that a transfer took the place of. They stay on the PDS and belong to no user. */
export function replacedBy(world: World, people: readonly Person[]): Did[] {
  return people.flatMap(({ user }) =>
    world.log
      .eventsOf(user)
      .flatMap(({ type, data }) => (type === 'account.transferred' ? (data.replaced ?? []) : [])),
  );
}

/** At rest nothing of a transfer is half done, but while one of the two users waits for something that is so. */
export function halfDone({ world, people, isAsked }: Rest): string[] {
  const mayWait = (user: UserKey): boolean => {
    const who = people.find((one) => one.user === user);
    return who === undefined || isAsked(who) || isUnready(world, who);
  };
  const open = openGrants(world, people).filter(
    ({ from, to }) => !mayWait(to) && !isAskedOf(people, from, isAsked),
  );
  const unpromised = people.flatMap(({ user }) => emptyPromises(world, user));
  return [
    ...open.map(({ from, untaken, unclosed }) => {
      const parts = [...new Set([...untaken, ...unclosed])].join(' and ');
      return `transfer: half done at rest: ${parts} of ${from}`;
    }),
    ...unpromised,
    ...people.flatMap((who) => inUse(world, who)),
  ];
}

/** A replaced account is retired unless its user is blocked: then it waits. */
function inUse(world: World, who: Person): string[] {
  if (world.userOf(who)?.blocked === true) return [];
  const dids = replacedBy(world, [who]).filter((did) => {
    const account = world.accounts.stored.get(did);
    return account !== undefined && account.status !== 'deactivated';
  });
  return dids.length === 0 ? [] : ['transfer: a replaced account is still in use'];
}

function isAskedOf(people: readonly Person[], user: UserKey, isAsked: Rest['isAsked']): boolean {
  const who = people.find((one) => one.user === user);
  return who !== undefined && isAsked(who);
}

/** Cannot be given anything now. Whoever is deleted by one proof alone waits for the second one. */
function isUnready(world: World, who: Person): boolean {
  const user = world.userOf(who);
  if (user !== undefined) return user.blocked || !user.emailVerified || user.email === undefined;
  const { deletionHintAt, unlistedSince } = world.factsOf(who.user);
  return deletionHintAt === undefined && unlistedSince === undefined;
}

/** A promise that nothing came of is closed by the next reconciliation. */
function emptyPromises(world: World, user: UserKey): string[] {
  const events = world.log.eventsOf(user);
  const promises = events.filter((event) => event.type === 'transfer.promised');
  const newest = promises.toSorted((a, b) => a.at.getTime() - b.at.getTime()).at(-1);
  if (newest === undefined) return [];
  const { to, what, code, handle } = newest.data;
  const isGranted = world.log
    .eventsOf(to)
    .some(({ type, data }) => type === 'transfer.granted' && data.promise === newest._id);
  const left = without(
    what,
    endedIn(events, { promise: newest._id, what, ...(code && { code }), ...(handle && { handle }) }),
  );
  return isGranted || left.size === 0 ? [] : ['transfer: a promise without a grant is open at rest'];
}
