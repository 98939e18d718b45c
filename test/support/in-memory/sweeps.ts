/** A tenant full of people who are well, and sweeps over it. */
import type { AssessedTenant } from '../../../src/engine/reconcile/read-side.ts';
import type { SafetyLimits } from '../../../src/engine/sweep/limits.ts';
import { sweep } from '../../../src/engine/sweep/sweep.ts';
import type { SweepDeps, SweepResult } from '../../../src/engine/sweep/sweep-result.ts';
import type { ConcordEvent, EventData, EventOf, EventType } from '../../../src/events/event.ts';
import { eventId, type TenantId, type UserKey } from '../../../src/identity.ts';
import { otherTenant, type Person, person, tenant } from '../../mongo/subjects/people.ts';
import type { PortCall } from './hooks.ts';
import { auth0User, choose, reconcileUser, type World } from './world.ts';

export const LIMITS: SafetyLimits = {
  removals: { share: 0.05, count: 25 },
  renames: { share: 0.2, count: 100 },
  disappearances: { share: 0.05, count: 1_000 },
  restores: { share: 1, count: 100 },
  adoptions: { share: 1, count: 100 },
  sourceShrink: 0.1,
};
export const DAY = 86_400_000;

/** The first tenant, whose keys have no prefix. */
export function mainTenant({ directory }: World): AssessedTenant {
  return { id: tenant, keyPrefix: '', emailTag: undefined, directory };
}

export function sweepDeps(world: World, limits: Partial<SafetyLimits> = {}): SweepDeps {
  const { deps, log, subjects, runs } = world;
  const keySpaces = [
    { id: tenant, keyPrefix: '' },
    { id: otherTenant, keyPrefix: `${otherTenant}-` },
  ];
  return { ...deps, events: log, subjects, runs, limits: { ...LIMITS, ...limits }, keySpaces };
}

export async function sweepOnce(world: World, limits: Partial<SafetyLimits> = {}): Promise<SweepResult> {
  const end = await sweep(sweepDeps(world, limits), mainTenant(world));
  if (end.type !== 'over') throw new Error(`The sweep is ${end.type}.`);
  return end;
}

/** So many people, each with all that is theirs; every other one has chosen a handle. */
export async function populate(world: World, count: number): Promise<readonly Person[]> {
  const people = Array.from({ length: count }, (_, at) => person(`${at % 2 === 0 ? 'alice' : 'bob'}-${at}`));
  for (const [at, who] of people.entries()) {
    world.directory.put(auth0User(who));
    if (at % 2 === 0) choose(world, who, nameOf(who));
    const { end } = await reconcileUser(world, who);
    if (end !== 'converged') throw new Error(`${who.user} is ${end}.`);
  }
  return people;
}

export function nameOf({ userId }: Person): string {
  return userId.slice(userId.indexOf('|') + 1);
}

/** Who is due, by the read model, in the order of keys. */
export async function dueUsers(world: World): Promise<UserKey[]> {
  const due: UserKey[] = [];
  for await (const { user, dueAt } of world.subjects.list(tenant)) if (dueAt !== undefined) due.push(user);
  return due;
}

/** Passes over everyone who is due now. */
export async function reconcileDue(world: World, people: readonly Person[]): Promise<void> {
  const due = new Set(await dueUsers(world));
  for (const who of people) if (due.has(who.user)) await reconcileUser(world, who);
}

export function aliceEvent<T extends EventType>(world: World, type: T): EventOf<T>[] {
  const wanted = (event: ConcordEvent): event is Extract<ConcordEvent, EventOf<T>> => event.type === type;
  return world.log.events.filter(wanted);
}

let written = 0;

/** An event as somebody else writes it, such as a person or another run, a second after what was before. */
export async function write<T extends EventType>(
  world: World,
  type: T,
  data: EventData[T],
  who?: Person,
  of: TenantId = tenant,
): Promise<void> {
  written += 1;
  await world.clock.advance(1_000);
  const now = world.clock.now();
  const event = {
    _id: eventId(`written-${written}`),
    user: who?.user ?? null,
    tenant: of,
    type,
    at: now,
    recordedAt: now,
    cause: [],
    data,
  };
  await world.log.append([event as unknown as ConcordEvent]);
}

/** Counts the calls by port and method until it is asked. */
export function countCalls(world: World): () => Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  world.hooks.before = ({ port, method }: PortCall) => {
    const name = `${port}.${method}`;
    counts[name] = (counts[name] ?? 0) + 1;
  };
  return () => {
    world.hooks.before = undefined;
    return counts;
  };
}

/** The account of this user, as the PDS has it. */
export function accountOf(world: World, { user }: Person) {
  const did = world.documents.users.get(user)?.account?.did;
  return did === undefined ? undefined : world.accounts.stored.get(did);
}

/** Deleted in Auth0, which says so in its log, and looked at. */
export async function deleted(world: World, who: Person): Promise<void> {
  world.directory.remove(who.userId);
  await write(world, 'auth0.log-received', { logId: '1', code: 'sdu', hint: 'deleted', raw: '{}' }, who);
  await reconcileUser(world, who);
}
