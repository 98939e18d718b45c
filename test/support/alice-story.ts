/** The story of one user, from the sign-up to the block, as every part of it is to end. */
import { expect } from 'vitest';
import type { PdsAccount } from '../../src/ports/accounts.ts';
import type { ContentFormat } from '../../src/sandbox/auth0/logs/log-stream-body.ts';
import type { Engine } from '../../src/wiring/engine.ts';
import { accountOf, chooseHandle, conditionOf, type Member, memberOf, storedMember } from './member.ts';
import { person } from './pds.ts';
import type { Platform } from './platform.ts';
import { until } from './until.ts';

/** Every entry arrives twice, a few at a time, in whatever order. */
export const UNRULY = { duplicateShare: 1, batchMax: 3 };

export async function signUp({ auth0 }: Platform, name: string): Promise<Member> {
  const { email, password } = person(name);
  const { user_id } = await auth0.signUp({ email, password });
  return memberOf(user_id, email);
}

export async function stream(world: Platform, format: ContentFormat): Promise<Engine> {
  const { endpoint } = await world.serve();
  world.auth0.logStream.add({ endpoint, authorization: world.logToken, format });
  return world.engine();
}

/** Waits for the read model to say so. */
export function stands(
  engine: Engine,
  member: Member,
  reason: string,
  resource: 'account' | 'email' = 'account',
): Promise<unknown> {
  return until(`the ${resource} of ${member.label} is ${reason}`, async () => {
    return (await conditionOf(engine, member, resource))?.reason === reason;
  });
}

function named(world: Platform, engine: Engine, member: Member, label: string): Promise<PdsAccount> {
  return until(`the account is called ${label}`, async () => {
    const [account, stored] = [await accountOf(world, engine, member), await storedMember(world, member)];
    const handle = `${label}.at.test`;
    return account?.handle === handle && stored?.atproto?.handle === handle ? account : undefined;
  });
}

async function verificationCount({ db }: Platform, { user }: Member): Promise<unknown> {
  return (await db.collection<{ _id: string; count: number }>('verifications').findOne({ _id: user }))?.count;
}

/**
 * Alice signs up, verifies her address, picks a handle, moves to another address and is blocked. `before` is called before
 * each of these but the first.
 */
export async function aliceStory(
  world: Platform,
  format: ContentFormat,
  before: () => Promise<void> = async () => {},
): Promise<{ readonly alice: Member; readonly engine: Engine }> {
  const { auth0 } = world;
  const engine = await stream(world, format);

  const alice = await signUp(world, 'alice');
  await stands(engine, alice, 'WaitingForEmailVerification');
  const signedUp = await storedMember(world, alice);
  const year = new Date().getUTCFullYear() % 100;
  expect(signedUp).toEqual({
    _id: alice.user,
    code: expect.stringMatching(new RegExp(`^ac${year}([bcdfghjkmnprstvwxyz][aeou]){2}.$`)),
    when: new Date(auth0.user(alice.userId)?.created_at ?? ''),
  });
  expect(await verificationCount(world, alice)).toBe(0);

  await before();
  await auth0.verifyEmail(alice.userId);
  await stands(engine, alice, 'AccountActive');
  const code = signedUp?.code ?? '';
  const account = await named(world, engine, alice, code);
  expect(account).toMatchObject({ email: alice.email, state: 'active' });
  expect(await verificationCount(world, alice)).toBe(1);
  // Sealed: who reads the document does not have the password.
  expect((await storedMember(world, alice))?.atproto?.password).toMatch(/^v1\.k1\./);

  await before();
  await chooseHandle(world, alice, alice.label);
  expect((await named(world, engine, alice, alice.label)).did).toBe(account.did);

  const moved = person('alice').email;
  await before();
  await auth0.changeEmail(alice.userId, moved);
  await stands(engine, alice, 'WaitingForEmailVerification', 'email');
  expect((await conditionOf(engine, alice, 'account'))?.reason).toBe('AccountActive');
  await before();
  await auth0.verifyEmail(alice.userId);
  await stands(engine, alice, 'AccountActive');
  await until('the account has the new address', async () => {
    return (await accountOf(world, engine, alice))?.email === moved;
  });
  expect(await accountOf(world, engine, alice)).toMatchObject({
    did: account.did,
    handle: `${alice.label}.at.test`,
  });

  await before();
  await auth0.block(alice.userId);
  await stands(engine, alice, 'UserBlocked');
  expect(await engine.subjects.get(alice.user)).toMatchObject({
    sync: 'Synced',
    health: 'Suspended',
    quarantined: false,
  });
  expect(await accountOf(world, engine, alice)).toMatchObject({ did: account.did, state: 'active' });

  await auth0.logStream.flush();
  return { alice, engine };
}
