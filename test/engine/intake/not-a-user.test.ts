/** An id that Auth0 calls invalid is recorded once, is no known user, and is never tried again by itself (W14). */
import { describe, expect, it } from 'vitest';
import { alice, bob, person } from '../../mongo/subjects/people.ts';
import {
  auth0User,
  createWorld,
  eventsOf,
  reconcileUser,
  snapshot,
  typesOf,
  type World,
} from '../../support/in-memory/world.ts';

const ghost = person('ghost');

function withGhost(): World {
  const world = createWorld();
  world.directory.refuse(ghost.userId);
  return world;
}

async function trigger(world: World): Promise<void> {
  await world.queue.markDue([ghost], world.clock.now(), 'trigger');
}

describe('an id that Auth0 calls invalid', () => {
  it('is recorded once, however often it is named, and no user is known by it', async () => {
    const world = withGhost();
    for (let times = 0; times < 3; times += 1) {
      await trigger(world);
      const ended = await reconcileUser(world, ghost);
      expect(ended).toMatchObject({ end: 'not-a-user', conditions: [], failures: [], retryAt: undefined });
      expect(await world.subjects.get(ghost.user)).toBeUndefined();
      expect(await world.queue.nextDueAt()).toBeUndefined();
    }
    expect(eventsOf(world, ghost)).toMatchObject([
      { type: 'auth0.user-invalid', data: { userId: ghost.userId } },
    ]);
    expect(world.documents.users.size + world.documents.verifications.size).toBe(0);
  });

  it('ends what failed before it was understood', async () => {
    const world = createWorld();
    world.hooks.before = ({ method }) => {
      if (method === 'user') throw new Error('400');
    };
    await trigger(world);
    await reconcileUser(world, ghost);
    expect(await world.subjects.get(ghost.user)).toMatchObject({ attempts: 1 });
    delete world.hooks.before;
    world.directory.refuse(ghost.userId);
    expect(await reconcileUser(world, ghost)).toMatchObject({ end: 'not-a-user' });
    expect(await world.subjects.get(ghost.user)).toBeUndefined();
  });

  it('is a user like others once Auth0 has one under it', async () => {
    const world = createWorld();
    const { directory } = world;
    let isInvalid = true;
    const user = directory.user.bind(directory);
    directory.user = async (id) => (isInvalid && id === alice.userId ? 'invalid' : user(id));
    expect(await reconcileUser(world, alice)).toMatchObject({ end: 'not-a-user' });
    isInvalid = false;
    directory.put(auth0User(alice));
    expect(await reconcileUser(world, alice)).toMatchObject({ end: 'converged' });
    expect(typesOf(world, alice).slice(0, 2)).toEqual(['auth0.user-invalid', 'auth0.user-observed']);
  });

  it('of a user whom Auth0 had before is a failure: nothing is forgotten, nothing is done', async () => {
    const world = createWorld();
    world.directory.put(auth0User(bob));
    await reconcileUser(world, bob);
    world.directory.refuse(bob.userId);
    const { events: _told, ...before } = snapshot(world);
    await world.clock.advance(60_000);
    const ended = await reconcileUser(world, bob);
    expect(ended).toMatchObject({
      end: 'failed',
      failures: [{ resource: 'auth0', code: 'INVALID_USER_ID' }],
    });
    expect(typesOf(world, bob)).not.toContain('auth0.user-invalid');
    expect(await world.subjects.get(bob.user)).toMatchObject({ attempts: 1, sync: 'Unknown' });
    expect(snapshot(world)).toMatchObject(before);
  });
});
