/** What the dashboard asks of one user and decides, over a world in memory. */

import type { Decision, DecisionAnswer } from '../../../src/dashboard-data/answers/decisions.ts';
import { takeDecision } from '../../../src/dashboard-data/decide.ts';
import { wakingQueue } from '../../../src/wiring/waking-queue.ts';
import { alice, otherTenant } from '../../mongo/subjects/people.ts';
import { inMemoryHistoryPages } from './history-pages.ts';
import { mainTenant } from './sweeps.ts';
import { createWorld, SECOND_TENANTS_TAG, signUp, untilQuiet, type World } from './world.ts';

/** A world in which alice has signed up and lacks nothing. */
export async function whole(): Promise<World> {
  const world = createWorld();
  await signUp(world, alice);
  await untilQuiet(world);
  return world;
}

export function dashboardDeps(world: World) {
  const { deps, log, subjects, otherDirectory } = world;
  const second = { id: otherTenant, keyPrefix: `${otherTenant}-`, directory: otherDirectory };
  return {
    ...{ log, queue: world.queue, clock: world.clock },
    ...{ databaseClock: world.databaseClock, random: world.random },
    tenants: [mainTenant(world), { ...second, emailTag: SECOND_TENANTS_TAG }],
    assess: { ...deps, events: log, subjects },
    ...{ pages: inMemoryHistoryPages(log), subjects },
  };
}

/** Says it, and how often the workers were woken. */
export async function says(
  world: World,
  decision: Decision,
  over: Partial<ReturnType<typeof dashboardDeps>> = {},
): Promise<DecisionAnswer & { readonly woken: number }> {
  let woken = 0;
  const wake = () => {
    woken += 1;
  };
  const deps = { ...dashboardDeps(world), ...over };
  const queue = wakingQueue(deps.queue, wake);
  const answer = await takeDecision({ ...deps, queue }, decision);
  return { ...answer, woken };
}
