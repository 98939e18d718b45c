/** One person in the two tenants of the world in memory, which are sisters. */
import { expect } from 'vitest';
import { UpstreamError } from '../../../src/errors.ts';
import type { Auth0User } from '../../../src/ports/auth0.ts';
import { alice, otherTenant, type Person, person, tenant } from '../../mongo/subjects/people.ts';
import {
  auth0User,
  choose,
  createWorld,
  reconcileUser,
  signUp,
  snapshot,
  untilQuiet,
  type World,
  type WorldOptions,
} from './world.ts';

/** The same person: the same address in the second tenant, under an id that means nothing in the first. */
export const linkedAlice = person('alice', otherTenant);

export async function createLinkedWorld(options: WorldOptions = {}): Promise<World> {
  const world = createWorld({ areLinked: true, ...options });
  await signUp(world, alice);
  await signUp(world, linkedAlice);
  await untilQuiet(world);
  return world;
}

export function put(world: World, who: Person, changes: Partial<Auth0User>): void {
  const directory = who.tenant === tenant ? world.directory : world.otherDirectory;
  directory.put(auth0User(who, changes));
}

/** A handle is chosen, and the database tells of it. */
export async function chooses(world: World, who: Person, name: string): Promise<void> {
  choose(world, who, name);
  await world.queue.markDue([who], world.clock.now(), 'trigger');
  await untilQuiet(world);
}

export function outOfReach(world: World, who: Person): void {
  const directory = who.tenant === tenant ? world.directory : world.otherDirectory;
  const fail = () => {
    throw new UpstreamError('out of reach', { upstream: 'auth0', code: 'UNREACHABLE', retryable: true });
  };
  Object.assign(directory, { usersByEmail: fail });
}

export async function resolved(world: World, who: Person): Promise<string | undefined> {
  return (await world.subjects.get(who.user))?.platformHandle;
}

/** Nothing is left to be done: a pass over either writes nothing, and makes nobody due. */
export async function isAtRest(world: World): Promise<void> {
  const before = snapshot(world);
  for (const who of [alice, linkedAlice]) expect((await reconcileUser(world, who)).applied).toEqual([]);
  expect(snapshot(world)).toEqual(before);
  expect(await world.queue.nextDueAt()).toBeUndefined();
}
