/** An adoption that breaks off: no document holds a password that is not the account's, and the next run goes on. */
import { describe, expect, it } from 'vitest';
import { decide } from '../../../src/engine/intake/decision.ts';
import { alice, code, handle } from '../../mongo/subjects/people.ts';
import type { PortCall } from '../../support/in-memory/hooks.ts';
import {
  auth0User,
  choose,
  createWorld,
  eventsOf,
  reconcileUser,
  shownConditions,
  untilQuiet,
  type World,
} from '../../support/in-memory/world.ts';

const THEIRS = 'somebody-elses';

const DOCUMENTS = {
  'names no account': undefined,
  'names it without a password': { handle: handle('alice'), createdAt: '2019-01-02' },
  'has its password': { handle: handle('alice'), createdAt: '2019-01-02', password: THEIRS },
  'has another password': { handle: handle('alice'), createdAt: '2019-01-02', password: 'of long ago' },
} as const;
type Named = keyof typeof DOCUMENTS;

const FATES = {
  'nothing else': undefined,
  'the user is deleted': 'absent',
  'the user is blocked': { blocked: true },
  'the address is unverified': { emailVerified: false },
} as const;
type Fate = keyof typeof FATES;

async function granted(named: Named) {
  const world = createWorld();
  const record = DOCUMENTS[named];
  // What nothing but its handle speaks for, and no document names, would have another account created beside it.
  const email = record === undefined ? 'alice@example.com' : 'of-alice@example.com';
  const did = world.accounts.put({ handle: handle('alice'), email });
  world.documents.verifications.set(alice.user, 1);
  world.documents.users.set(alice.user, {
    code: code('ac26nobeb'),
    ...(record === undefined ? {} : { account: { did, ...record } }),
  });
  choose(world, alice, 'alice');
  world.directory.put(auth0User(alice));
  await reconcileUser(world, alice);
  await decide(world.deps, alice, 'adoption.granted', { did, by: 'bob', evidence: ['for: it is active'] });
  return { world, did };
}

async function opens(world: World, password: string | undefined): Promise<boolean> {
  const [account] = world.accounts.stored.values();
  return account?.password === (password && world.vault.open(password, alice.user));
}

async function adopted(world: World, named: Named): Promise<void> {
  const { account, pending } = world.documents.users.get(alice.user) ?? {};
  const isRefused = named === 'has another password';
  expect(account).toMatchObject({ ...DOCUMENTS[named], handle: handle('alice') });
  expect(pending).toBeUndefined();
  expect(await opens(world, account?.password)).toBe(!isRefused);
  expect((await shownConditions(world, alice.user))['account']).toBe(
    isRefused ? 'False PasswordRefused' : 'True AccountActive',
  );
  const told = eventsOf(world, alice).map(({ type }) => type);
  expect(told.filter((type) => type === 'account.adopted')).toHaveLength(1);
}

/** What is called between the grant and the end. */
async function effectsOf(named: Named): Promise<readonly string[]> {
  const { world } = await granted(named);
  const effects: string[] = [];
  world.hooks.before = ({ port, method, writes }: PortCall) => {
    if (writes && port !== 'queue') effects.push(`${port}.${method}`);
  };
  await untilQuiet(world);
  world.hooks.before = undefined;
  await adopted(world, named);
  return effects;
}

/** The process dies at its nth effect: with it, or after it. */
async function killedAt(world: World, nth: number, when: 'before' | 'after'): Promise<void> {
  let effects = 0;
  let isDead = false;
  const die = (): never => {
    isDead = true;
    throw new Error('killed');
  };
  world.hooks.before = ({ port, writes }) => {
    if (isDead) die();
    if (writes && port !== 'queue') effects += 1;
    if (effects > nth && when === 'before') die();
  };
  world.hooks.after = ({ port, writes }) => {
    if (effects > nth && writes && port !== 'queue') die();
  };
  await reconcileUser(world, alice).catch(() => undefined);
  world.hooks.before = undefined;
  world.hooks.after = undefined;
  await world.clock.advance(world.deps.settings.leaseMs + 1);
}

describe.each(Object.keys(DOCUMENTS) as Named[])('where the document %s', (named) => {
  it('sets and stores what it is to, and nothing else', async () => {
    const isKept = named.startsWith('has');
    const effects = (await effectsOf(named)).filter((name) => name !== 'log.append');
    expect(effects.slice(0, isKept ? 1 : 3)).toEqual(
      isKept
        ? ['documents.recordAccount']
        : ['documents.keepPendingPassword', 'accounts.setPassword', 'documents.recordAccount'],
    );
  });

  it.each(Object.keys(FATES) as Fate[])('is killed at every effect, and meanwhile %s', async (fate) => {
    const effects = await effectsOf(named);
    for (const when of ['before', 'after'] as const) {
      for (const nth of effects.keys()) {
        const { world } = await granted(named);
        await killedAt(world, nth, when);
        const change = FATES[fate];
        if (change === 'absent') world.directory.remove(alice.userId);
        else world.directory.put(auth0User(alice, change ?? {}));
        await reconcileUser(world, alice);
        const stored = world.documents.users.get(alice.user)?.account?.password;
        if (stored !== undefined && named !== 'has another password')
          expect(await opens(world, stored), `${when} ${effects[nth]}`).toBe(true);
        world.directory.put(auth0User(alice));
        await reconcileUser(world, alice);
        await untilQuiet(world);
        await adopted(world, named);
      }
    }
  });
});
