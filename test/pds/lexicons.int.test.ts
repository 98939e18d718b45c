/** Every method that is called, with what is sent and answered, is as the official lexicons have it. */
import { expect, test } from 'vitest';
import { type AccountHandle, parseAccountHandle } from '../../src/identity.ts';
import { createAccountHost } from '../../src/pds/accounts.ts';
import { createPdsInspection } from '../../src/pds/inspection.ts';
import { askServiceDid } from '../../src/pds/services.ts';
import { createXrpc } from '../../src/pds/xrpc.ts';
import { RateLimiter } from '../../src/upstream/rate-limit.ts';
import { systemClock } from '../../src/wiring/system.ts';
import { filesIn } from '../docs/files.ts';
import { lexiconCheck } from '../support/lexicon-check.ts';
import { person, sharedPds } from '../support/pds.ts';

function handleOf(text: string): AccountHandle {
  const handle = parseAccountHandle(text);
  if (handle === undefined) throw new Error(`${text} is no handle.`);
  return handle;
}

/** Asked of the line 0.5 only. */
const ONLY_NEWER = 'repo.describeRepo';

/** `name: 'admin.getAccountInfo'` and `const name = …`. */
function methodsInSource(): readonly string[] {
  const texts = filesIn('.ts', 'src/pds').map(({ text }) => text);
  const names = texts.flatMap((text) => [...text.matchAll(/\bname(?:: | = )'(\w+\.\w+)'/g)]);
  return [...new Set(names.map(([, name = '']) => name))].sort();
}

test('every method of the adapter, in the life of an account and as doctor asks', async () => {
  const { url, adminPassword, bypassKey } = sharedPds();
  const { fetch, called, violations } = lexiconCheck();
  const limiter = new RateLimiter({ upstream: 'pds', clock: systemClock });
  const options = { url, adminPassword, bypassKey, clock: systemClock, limiter, fetch };
  const xrpc = createXrpc(options);
  const host = createAccountHost(xrpc);
  const [alice, later] = [person('alice'), person('alice')];
  const made = await host.createAccount({
    ...{ handle: handleOf(alice.handle), email: alice.email, password: alice.password },
    inviteCode: await host.createInvite(),
  });
  if (made.type !== 'created') throw new Error(made.message);
  const { did } = made;
  expect(await host.allowsHandle(handleOf(later.handle))).toBe(true);
  expect(await host.holderOf(handleOf(later.handle))).toEqual({ type: 'nobody' });
  expect(await host.holderOf(made.handle)).toEqual({ type: 'account', did });
  expect(await host.changeHandle(did, handleOf(later.handle))).toBe('changed');
  expect(await host.changeEmail(did, later.email)).toBe('changed');
  expect(await host.setPassword(did, later.password)).toBe('set');
  expect(await host.setActive(did, false)).toBe('set');
  expect((await host.accounts([did])).get(did)).toMatchObject({ state: 'deactivated' });
  for await (const page of host.repositories()) expect(page.length).toBeGreaterThan(0);
  expect(await host.account(did)).toMatchObject({ did });
  expect(await host.deleteAccount(did)).toBe('deleted');
  expect(await host.account(did)).toBe('missing');
  expect(await askServiceDid(xrpc)).toMatch(/^did:web:/);
  const doctor = createPdsInspection(options);
  expect(await doctor.admin()).toBe('accepted');
  expect(await doctor.describe()).toMatchObject({ invitesRequired: true });
  await doctor.accounts(1);

  expect(violations).toEqual([]);
  expect([...new Set([...called, ONLY_NEWER])].sort()).toEqual(methodsInSource());
});

test('what a lexicon does not allow is noticed', async () => {
  const { fetch, violations } = lexiconCheck();
  const { url } = sharedPds();
  await fetch(`${url}/xrpc/com.atproto.sync.getRepoStatus?did=alice`, { method: 'GET' });
  await fetch(`${url}/xrpc/com.atproto.sync.getRepoStatus?who=alice`, { method: 'GET' });
  await fetch(`${url}/xrpc/com.atproto.server.createSession`, { method: 'POST', body: '{"identifier":7}' });
  await fetch(`${url}/xrpc/com.atproto.server.forget`, { method: 'POST' });
  expect(violations).toEqual([
    expect.stringMatching(/^com\.atproto\.sync\.getRepoStatus, parameters: .*did/),
    expect.stringMatching(/parameters: no parameter is called who$/),
    expect.stringMatching(/^com\.atproto\.server\.createSession, input: /),
    expect.stringMatching(/^com\.atproto\.server\.forget: /),
  ]);
});
