/** All rounds of a plan, made before any of them: what a later round does is in it. */
import { expect, test } from 'vitest';
import { plannedStep } from '../../../src/engine/operations/planned.ts';
import { dryRun } from '../../../src/engine/reconcile/dry-run.ts';
import { lookAhead } from '../../../src/engine/reconcile/look-ahead.ts';
import type { AccountHandle } from '../../../src/identity.ts';
import { alice } from '../../mongo/subjects/people.ts';
import { mainTenant, sweepDeps } from '../../support/in-memory/sweeps.ts';
import {
  auth0User,
  createWorld,
  reconcileUser,
  snapshot,
  type World,
} from '../../support/in-memory/world.ts';

const { user, userId } = alice;

async function planOf(world: World) {
  const deps = sweepDeps(world);
  const now = world.clock.now();
  const { view, ...learned } = await dryRun(deps, mainTenant(world), user, userId, now);
  const ahead = await lookAhead(deps, mainTenant(world), user, learned, view, now);
  return { view, ahead, steps: ahead.actions.map(plannedStep) };
}

test('the account of a new user, whose handle is a code that is not drawn yet', async () => {
  const world = createWorld();
  world.directory.put(auth0User(alice));
  const before = snapshot(world);
  const { view, steps } = await planOf(world);
  expect(view.actions.map(({ type }) => type)).toEqual(['record-verification', 'create-user-document']);
  expect(steps.map(({ type }) => type)).toEqual([
    ...['record-verification', 'create-user-document', 'create-account'],
  ]);
  expect(steps[2]?.detail).toMatch(/^<new code>\./);
  expect(steps[1]?.changes).toContainEqual({ field: 'users.code', from: null, to: '<new code>' });
  expect(snapshot(world)).toEqual(before);
  const { applied } = await reconcileUser(world, alice);
  expect(applied.map(({ type }) => type)).toEqual(steps.map(({ type }) => type));
});

test('a restored code, and the public handle that is renamed after it', async () => {
  const world = createWorld();
  world.directory.put(auth0User(alice));
  await reconcileUser(world, alice);
  const document = world.documents.users.get(user);
  const did = document?.account?.did;
  if (document?.account === undefined || did === undefined) throw new Error('alice has no account');
  const { code, ...rest } = document;
  const renamed = 'other.at.test' as AccountHandle;
  world.accounts.change(did, { handle: renamed });
  world.documents.users.set(user, {
    ...rest,
    account: { ...document.account, handle: renamed },
  } as typeof document);
  const { view, steps } = await planOf(world);
  expect(view.actions.map(({ type }) => type)).toEqual(['restore-code']);
  expect(steps.map(({ type, changes }) => ({ type, changes }))).toEqual([
    { type: 'restore-code', changes: [{ field: 'users.code', from: null, to: code }] },
    {
      type: 'change-handle',
      changes: [{ field: 'users.atproto.handle', from: renamed, to: document.account.handle }],
    },
  ]);
  const { applied } = await reconcileUser(world, alice);
  expect(applied.map(({ type }) => type)).toEqual(['restore-code', 'change-handle']);
});
