/** What is said of the address and the handle of an account that exists and is left as it is. */
import { expect, it } from 'vitest';
import type { Did } from '../../../src/identity.ts';
import { alice, handle } from '../../mongo/subjects/people.ts';
import { accountOf, deleted } from '../../support/in-memory/sweeps.ts';
import {
  arrive,
  auth0User,
  createWorld,
  shownConditions,
  signUp,
  untilQuiet,
  type World,
} from '../../support/in-memory/world.ts';

const { user } = alice;

function change(world: World, changes: Parameters<typeof auth0User>[1]): void {
  world.directory.put(auth0User(alice, changes));
}

/** Another account, which the users document names instead. */
function nameAnother(world: World): Did {
  const did = world.accounts.put({ handle: handle('other'), email: 'other@example.com' });
  const document = world.documents.users.get(user);
  if (document === undefined) throw new Error('there is no users document');
  world.documents.users.set(user, {
    ...document,
    account: { did, handle: handle('other'), password: 'sealed' },
  });
  return did;
}

it.each<[string, (world: World) => unknown, string]>([
  ['of a deleted user', (world) => deleted(world, alice), 'The user is deleted in Auth0.'],
  [
    'of a user whom Auth0 did not have once',
    (world) => world.directory.remove(alice.userId),
    'Auth0 does not have this user; no deletion event and no complete listing confirms it yet.',
  ],
  ['of a blocked user', (world) => change(world, { blocked: true }), 'The user is blocked in Auth0.'],
  [
    'that the document names and the log does not',
    nameAnother,
    'The users document and the log name different accounts.',
  ],
  [
    'that the document names without a DID that can be read',
    (world) =>
      world.documents.users.set(user, {
        ...world.documents.users.get(user),
        account: { handle: handle('alice') },
      }),
    'The users document names an account whose DID cannot be read.',
  ],
  [
    'that was taken down',
    (world) => world.accounts.change(accountOf(world, alice)?.did as Did, { status: 'takendown' }),
    'The account DID is taken down.',
  ],
  [
    'that was deactivated',
    (world) => world.accounts.change(accountOf(world, alice)?.did as Did, { status: 'deactivated' }),
    'The account DID is deactivated.',
  ],
])('%s', async (_whose, happens, because) => {
  const world = createWorld();
  await signUp(world, alice);
  await untilQuiet(world);
  const did = accountOf(world, alice)?.did ?? '';
  const before = world.accounts.stored.get(did as Did);
  await happens(world);
  await arrive(world, alice);
  await untilQuiet(world);
  expect(await shownConditions(world, user)).toMatchObject({
    email: 'True NotManaged',
    handle: 'True NotManaged',
  });
  const conditions = (await world.subjects.get(user))?.conditions ?? [];
  const message = (of: string) => conditions.find(({ type }) => type === of)?.message;
  const said = because.replace('account DID', `account ${did}`);
  expect(message('email')).toBe(`${said} The address of the account is left as it is.`);
  expect(message('handle')).toBe(`${said} The handle of the account is left as it is.`);
  const { handle: carried, email } = world.accounts.stored.get(did as Did) ?? {};
  expect({ carried, email }).toEqual({ carried: before?.handle, email: before?.email });
});

it('is said to be unknown to be the user’s where only the document names it, under another address', async () => {
  const world = createWorld();
  await signUp(world, alice, { emailVerified: false });
  await untilQuiet(world);
  const did = nameAnother(world);
  await signUp(world, alice);
  await untilQuiet(world);
  const conditions = (await world.subjects.get(user))?.conditions ?? [];
  expect(conditions.find(({ type }) => type === 'handle')).toMatchObject({
    reason: 'NotManaged',
    message: `The account ${did} is not known to be this user's. The handle of the account is left as it is.`,
  });
});

it('is absent only where none is known', async () => {
  const world = createWorld();
  await signUp(world, alice, { emailVerified: false });
  await untilQuiet(world);
  expect(await shownConditions(world, user)).toMatchObject({
    email: 'True NoAccount',
    handle: 'True NoAccount',
  });
});
