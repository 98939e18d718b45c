/** What a bug report makes of names, and of what could not be read. */
import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/engine/intake/decision.ts';
import { capture, planOf } from '../../../src/engine/operations/capture/capture.ts';
import { ConsistentPseudonyms } from '../../../src/engine/operations/capture/pseudonyms.ts';
import { UpstreamError } from '../../../src/errors.ts';
import { type AccountHandle, eventId } from '../../../src/identity.ts';
import { handleLabel, isAllowedLabel } from '../../../src/reconcilers/derived-names.ts';
import {
  alice,
  aliceDid,
  bobDid,
  code,
  handle,
  otherTenant,
  person,
  tenant,
} from '../../mongo/subjects/people.ts';
import { loadCapture } from '../../support/captured.ts';
import { mainTenant, sweepDeps } from '../../support/in-memory/sweeps.ts';
import { auth0User, choose, createWorld, reconcileUser, type World } from '../../support/in-memory/world.ts';

const VERSIONS = { concord: '0', node: '0' };

function report(world: World) {
  const who = { user: alice.user, userId: alice.userId, tenant: mainTenant(world), ...VERSIONS };
  return capture(sweepDeps(world), who, world.clock.now());
}

const away = (upstream: 'pds' | 'auth0') =>
  new UpstreamError('away', { upstream, code: 'UNREACHABLE', retryable: true });

async function aliceIsThere(): Promise<World> {
  const world = createWorld();
  world.directory.put(auth0User(alice));
  choose(world, alice, 'Alice.B');
  await reconcileUser(world, alice);
  return world;
}

describe('a bug report', () => {
  test('has nothing of what came with an entry or what people wrote', async () => {
    const world = await aliceIsThere();
    const now = world.clock.now();
    const raw = JSON.stringify({ ip: '203.0.113.7', user_agent: 'Netscape', user_name: 'Alice Liddell' });
    await world.log.append([
      {
        ...{ _id: eventId('main:90020240101'), user: alice.user, tenant, type: 'auth0.log-received' },
        ...{ at: now, recordedAt: now, cause: [] },
        data: { logId: '90020240101', code: '<b>203.0.113.7</b>', hint: null, raw },
      },
    ]);
    const reason = 'Mrs Liddell asked for it, call +44 20 7946 0958';
    await decide(world.deps, alice, 'user.paused', { by: 'carol', reason, until: null });
    await decide(world.deps, alice, 'user.resumed', { by: 'carol', reason });
    await decide(world.deps, alice, 'reconcile.requested', { by: 'carol', reason });
    await decide(world.deps, alice, 'user.paused', { by: 'carol', reason, until: null });
    await reconcileUser(world, alice);

    const text = JSON.stringify(await report(world));

    const names =
      /alice|liddell|netscape|carol|203\.0\.113\.7|90020240101|7946|example\.com|at\.test|auth0\|a/i;
    expect(text).not.toMatch(names);
    expect(text).toContain('"type":"user.paused"');
  });

  test('shows the same where the PDS could not be read', async () => {
    const world = await aliceIsThere();
    world.hooks.before = ({ port, method }) => {
      if (port === 'accounts' && method === 'account') throw away('pds');
    };
    const captured = await report(world);
    expect(captured.plan?.failures).toEqual([{ resource: 'account', code: 'UNREACHABLE' }]);
    const { look } = await loadCapture(JSON.stringify(captured));
    expect(planOf(await look())).toEqual(captured.plan);
  });

  test('has the log alone where Auth0 could not be read', async () => {
    const world = await aliceIsThere();
    world.hooks.before = ({ port }) => {
      if (port === 'auth0') throw away('auth0');
    };
    const captured = await report(world);
    expect(captured.plan).toBeUndefined();
    expect(captured.seen.failed).toEqual([{ call: 'user', isSisters: false, code: 'UNREACHABLE' }]);
    const { look, deps, capture: loaded } = await loadCapture(JSON.stringify(captured));
    await expect(look()).rejects.toMatchObject({ code: 'UNREACHABLE' });
    expect(await deps.events.ofUser(loaded.user)).toHaveLength(world.log.eventsOf(alice.user).length);
  });
});

describe('other names', () => {
  const second = { id: otherTenant, keyPrefix: 'second-', emailTag: undefined };
  const as = new ConsistentPseudonyms([{ id: tenant, keyPrefix: '', emailTag: 'sotce' }, second], '.at.test');

  test('are the same for the same, and others for others', () => {
    expect(as.did(aliceDid)).toBe(as.did(aliceDid));
    expect(as.did(aliceDid)).not.toBe(as.did(bobDid));
    expect(as.email('Alice@Example.com')).toBe(as.email('alice@example.com'));
    expect(as.email('alice@example.com')).not.toBe(as.email('bob@example.com'));
    const codes = Array.from({ length: 76 * 76 }, (_, at) => as.code(code(`ac26${letters(at)}b`)));
    expect(new Set(codes).size).toBe(codes.length);
  });

  test('are made from one another as the originals are', () => {
    expect(as.handle(handle('alice-b'))).toBe(`${handleLabel(as.platformHandle('Alice.B'))}.handles.invalid`);
    expect(as.handle(handle('ac26nobeb'))).toBe(`${as.code(code('ac26nobeb'))}.handles.invalid`);
    expect(as.email('alice+sotce@example.com')).toBe(as.email('alice@example.com').replace('@', '+tag@'));
    expect(as.user(person('bob', otherTenant).user)).toBe(`tenant-2-${as.userId(person('bob').userId)}`);
  });

  test('break the rules where the originals do', () => {
    for (const [name, isAllowed] of [
      ['al', false],
      ['a-name-that-is-too-long', false],
      ['ünlaut', false],
      ['-alice', false],
      ['al.ix', true],
    ] as const)
      expect([name, isAllowedLabel(handleLabel(as.platformHandle(name)))]).toEqual([name, isAllowed]);
    expect(as.handle('alice.example.com' as AccountHandle)).toMatch(/\.elsewhere\.invalid$/);
  });
});

function letters(number: number): string {
  const pair = (at: number): string => `${'bcdfghjkmnprstvwxyz'[at % 19]}${'aeou'[Math.floor(at / 19) % 4]}`;
  return pair(number) + pair(Math.floor(number / 76));
}
