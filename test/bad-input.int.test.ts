/** Names that no PDS takes, on the real one: everyone gets what can be had, and is told why not the rest. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../src/wiring/engine.ts';
import {
  accountOf,
  chooseHandle,
  conditionOf,
  eventsOf,
  join,
  reconcileUser,
  storedMember,
} from './support/member.ts';
import { openPlatform, type Platform } from './support/platform.ts';

let world: Platform;
let engine: Engine;
beforeAll(async () => {
  world = await openPlatform();
  engine = world.engine();
  await engine.prepare();
});
afterAll(() => world?.close());

/** Unlike anybody else's. */
function own(text: string): string {
  return text.replace('*', randomBytes(4).toString('hex'));
}

describe('a handle', () => {
  test.each([
    ['in another script', 'алиса*'],
    ['that looks like another', 'аlice*'],
    ['of pictures', '🦊*'],
    ['with a slash', 'alice/*'],
    ['with a dot at its end', 'alice*.'],
    ['that is too long', `alice*${'x'.repeat(300)}`],
    ['with control characters', 'alice\u0000\u001b[2J*'],
    ['with half a character', 'alice\ud83e*'],
    ['that the PDS keeps to itself', 'admin'],
    ['that is a property of every object', '__proto__'],
    ['of nothing', ''],
  ])('%s: the code is the handle instead', async (_what, text) => {
    const alice = join(world, 'alice');
    await chooseHandle(world, alice, own(text));

    const { end, failures } = await reconcileUser(engine.reconcile, alice);

    expect([end, failures]).toEqual(['converged', []]);
    const code = (await storedMember(world, alice))?.code;
    expect(await accountOf(world, engine, alice)).toMatchObject({
      handle: `${code}.at.test`,
      state: 'active',
    });
    const condition = await conditionOf(engine, alice, 'handle');
    expect([condition?.status, condition?.reason]).toEqual([
      'True',
      text === '' ? 'NoPlatformHandle' : 'HandleNotAllowed',
    ]);
    expect(await reconcileUser(engine.reconcile, alice)).toMatchObject({ applied: [] });
  });
});

describe('an email', () => {
  test.each([
    ['that is none', 'no-email-*', 'EmailNotAllowed'],
    ['without a domain', 'alice*@', 'EmailNotAllowed'],
    ['of two', 'alice*@example.com,bob*@example.com', 'EmailNotAllowed'],
    ['of 3,000 characters', `${'x'.repeat(3_000)}*@example.com`, 'FieldUnusable'],
    ['with a line break', 'alice*@example.com\r\nBcc: bob*@example.com', 'FieldUnusable'],
    ['with NUL', 'alice*\u0000@example.com', 'FieldUnusable'],
    ['of a domain that gives addresses away', 'alice*@mailinator.com', 'EmailNotAllowed'],
  ])('%s: there is a code and no account, and a person is told', async (_what, text, reason) => {
    const alice = join(world, 'alice', { email: own(text) });

    const { end, failures } = await reconcileUser(engine.reconcile, alice);

    expect([end, failures]).toEqual(['held', []]);
    expect((await storedMember(world, alice))?.code).toBeDefined();
    expect(await accountOf(world, engine, alice)).toBeUndefined();
    expect(await conditionOf(engine, alice, 'account')).toMatchObject({
      ...{ status: 'False', reason },
    });
    expect(JSON.stringify((await conditionOf(engine, alice, 'account'))?.message)).not.toContain('@');
    expect(await eventsOf(engine, alice, 'account.creation-abandoned')).toEqual([]);
  });
});
