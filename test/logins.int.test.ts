/** Logins of users in sync on the real MongoDB and PDS: requests to Auth0 are counted by the tenant itself. */
import { expect, test } from 'vitest';
import type { ReconciliationEnd } from '../src/engine/reconcile/reconcile.ts';
import { everyoneAtRest } from './support/crowd.ts';
import { conditionOf, type Member, memberOf, storedMember } from './support/member.ts';
import { person } from './support/pds.ts';
import { type Overlay, type Platform, platform } from './support/platform.ts';
import { until } from './support/until.ts';

const READ = ['GET', '/api/v2/users/:id'] as const;

interface Served {
  readonly world: Platform;
  readonly alice: Member;
  /** How each reconciliation ended. */
  readonly ends: readonly ReconciliationEnd[];
  reads(): number;
}

/** Alice has signed up and verified her address, and nothing is due. */
async function served(overlay: Overlay = {}): Promise<Served> {
  const world = await platform();
  const ends: ReconciliationEnd[] = [];
  const { endpoint } = await world.serve({
    overlay,
    onReconciliation: (_lease, { end }) => void ends.push(end),
  });
  world.auth0.logStream.add({ endpoint, authorization: world.logToken, format: 'JSONLINES' });
  const { email, password } = person('alice');
  const { user_id } = await world.auth0.signUp({ email, password });
  await world.auth0.verifyEmail(user_id);
  const alice = memberOf(user_id, email);
  const engine = world.engine();
  await until('alice has an account', async () => {
    return (await conditionOf(engine, alice, 'account'))?.reason === 'AccountActive';
  });
  await answered(world);
  return { world, alice, ends, reads: () => world.auth0.requests.count(...READ) };
}

/** All that Auth0 logged has been delivered, which made users due, and nobody is due or worked on any more. */
async function answered(world: Platform): Promise<void> {
  await world.auth0.logStream.flush();
  await until('everyone is at rest', () => everyoneAtRest(world));
}

async function logIn({ world, alice, ends }: Served): Promise<ReconciliationEnd | undefined> {
  await world.auth0.logIn(alice.userId);
  await answered(world);
  return ends.at(-1);
}

test('logins of a user in sync cost no read, and what others tell is read at once', async () => {
  const all = await served();
  const { world, alice, reads } = all;
  const before = reads();
  for (let login = 0; login < 5; login += 1) expect(await logIn(all)).toBe('skipped');
  expect(reads()).toBe(before);

  const newAddress = `new.${alice.email}`;
  await world.auth0.changeEmail(alice.userId, newAddress);
  await world.auth0.verifyEmail(alice.userId);
  await logIn(all);
  const engine = world.engine();
  await until('the account has the new address', async () => {
    const { did } = (await storedMember(world, alice))?.atproto ?? {};
    const subject = await engine.subjects.get(alice.user);
    return did !== undefined && subject?.accountEmail === newAddress;
  });
  expect(reads()).toBeGreaterThan(before);
});

test('with the setting off, every login is a read', async () => {
  const all = await served({ auth0: { loginFreshForMs: 0 } });
  const before = all.reads();
  expect(await logIn(all)).toBe('converged');
  expect(all.reads()).toBe(before + 1);
});
