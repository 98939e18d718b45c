import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AccountHandle, type Did, parseAccountHandle, parseDid } from '../../src/identity.ts';
import { createAccountHost } from '../../src/pds/accounts.ts';
import { createXrpc } from '../../src/pds/xrpc.ts';
import type { AccountHost } from '../../src/ports/accounts.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { handleLabel, isAllowedLabel } from '../../src/reconcilers/derived-names.ts';
import { type Pds, startPds } from '../../src/sandbox/servers/pds.ts';
import { RateLimiter } from '../../src/upstream/rate-limit.ts';
import { lexiconCheck } from '../support/lexicon-check.ts';
import { asAdmin, createAccount, person, sharedPds, unlimited, xrpc } from '../support/pds.ts';
import { accountHostContract } from './account-host.contract.ts';

/** Nothing here has to wait: the rate limits are bypassed, or waiting is refused. */
const clock: Clock = { now: () => new Date(), delay: async () => {}, timer: async () => {} };

/** Whatever a test below does, it is as the lexicons have it. */
const { fetch, violations } = lexiconCheck();
afterAll(() => expect(violations).toEqual([]));

type Access = Pick<Pds, 'url' | 'adminPassword' | 'bypassKey'>;

function hostOf(pds: Access, options: { readonly bypass: boolean } = { bypass: true }): AccountHost {
  const limiter = new RateLimiter({ upstream: 'pds', clock, maxWaitMs: 0 });
  const { url, adminPassword } = pds;
  const bypassKey = options.bypass ? pds.bypassKey : undefined;
  return createAccountHost(createXrpc({ url, adminPassword, bypassKey, clock, limiter, fetch }));
}

async function setStatus(pds: Access, did: Did, status: Record<string, unknown>): Promise<void> {
  const answer = await xrpc(pds.url, 'com.atproto.admin.updateSubjectStatus', {
    input: { subject: { $type: 'com.atproto.admin.defs#repoRef', did }, ...status },
    headers: { ...asAdmin(pds), ...unlimited(pds) },
  });
  expect(answer.status).toBe(200);
}

function handleOf(text: string): AccountHandle {
  const handle = parseAccountHandle(text);
  if (handle === undefined) throw new Error(`${text} is no handle.`);
  return handle;
}

function didOf(text: string): Did {
  const did = parseDid(text);
  if (did === undefined) throw new Error(`${text} is no DID.`);
  return did;
}

accountHostContract('The real PDS', () => {
  const pds = sharedPds();
  return {
    host: hostOf(pds),
    domain: pds.serviceDomain,
    deactivate: (did) => setStatus(pds, did, { deactivated: { applied: true } }),
    takeDown: (did) => setStatus(pds, did, { takedown: { applied: true, ref: 'test' } }),
  };
});

describe('handle labels', () => {
  const labels: readonly [label: string, reason: string][] = [
    ['abc', 'three letters are the fewest'],
    ['ab', 'two are too few'],
    ['a', 'one is too few'],
    ['abcdefghijklmnopqr', 'eighteen letters are the most'],
    ['abcdefghijklmnopqrs', 'nineteen are too many'],
    ['4343', 'digits alone are allowed'],
    ['4b43', 'a digit may come first'],
    ['a--b', 'hyphens may stand together'],
    ['-abc', 'a hyphen may not come first'],
    ['abc-', 'nor last'],
    ['a_bc', 'an underscore is no part of a handle'],
    ['a.bc', 'a dot would make another label'],
    ['älice', 'only ASCII letters are allowed'],
    ['', 'nothing is not a label'],
  ];

  test.each(labels)('%s: %s', async (label) => {
    const pds = sharedPds();
    // Handles that are not well-formed never get as far as the adapter, so they are asked for directly.
    const answer = await xrpc(pds.url, 'com.atproto.server.createAccount', {
      input: { ...person('alice'), handle: `${label}${pds.serviceDomain}`, inviteCode: 'no-such-code' },
      headers: unlimited(pds),
    });
    expect(answer.body['error'] === 'InvalidInviteCode').toBe(isAllowedLabel(label));

    const handle = parseAccountHandle(`${label}${pds.serviceDomain}`);
    if (handle !== undefined) expect(await hostOf(pds).allowsHandle(handle)).toBe(isAllowedLabel(label));
  });

  test.each(['Alice.In_Town', 'BOB', '4.3.4_3'])(
    '%s becomes a label that is allowed',
    async (platformHandle) => {
      const pds = sharedPds();
      const label = handleLabel(platformHandle);
      expect(isAllowedLabel(label)).toBe(true);
      expect(await hostOf(pds).allowsHandle(handleOf(`${label}${pds.serviceDomain}`))).toBe(true);
    },
  );

  test.each(['admin', 'test', 'music'])('%s is reserved, which only the PDS knows', async (label) => {
    const pds = sharedPds();
    expect(isAllowedLabel(label)).toBe(true);
    expect(await hostOf(pds).allowsHandle(handleOf(`${label}${pds.serviceDomain}`))).toBe(false);
  });

  test('another domain is not allowed', async () => {
    expect(await hostOf(sharedPds()).allowsHandle(handleOf('alice.example.com'))).toBe(false);
  });
});

describe('the other side', () => {
  test('a wrong admin password is UNAUTHORIZED, never missing', async () => {
    const host = hostOf({ ...sharedPds(), adminPassword: 'wrong' });
    const did = didOf(`did:plc:${'b'.repeat(24)}`);
    await expect(host.account(did)).rejects.toMatchObject({ code: 'UNAUTHORIZED', retryable: false });
    await expect(host.createInvite()).rejects.toMatchObject({ code: 'UNAUTHORIZED', effect: 'none' });
  });

  test('the limit of logins is one account’s own, and stops no other call', async () => {
    const pds = sharedPds();
    const host = hostOf(pds, { bypass: false });
    const did = didOf(await createAccount(pds, person('alice')));
    // Windows are long, so the count is brought up by calls that fail before they cost anything.
    const body = { input: { identifier: did, password: 'x'.repeat(600) } };
    for (let call = 0; call < 30; call += 1) await xrpc(pds.url, 'com.atproto.server.createSession', body);

    const login = host.canLogIn(did, 'any');

    await expect(login).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) });
    expect(await host.account(did)).toMatchObject({ did });
  });
});

describe('a PDS of its own', () => {
  let pds: Pds;
  let dataDir: string;
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'concord-test-pds-'));
    const secret = (): string => randomBytes(16).toString('hex');
    pds = await startPds({ dataDir, adminPassword: secret(), bypassKey: secret(), inviteRequired: false });
  });
  afterAll(async () => {
    await pds?.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  test('that asks for no invites: the probes create nothing, and say the same', async () => {
    const host = hostOf(pds);
    const alice = person('alice');
    const handle = handleOf(alice.handle);
    const before = await pds.plcOperations();

    expect(await host.allowsHandle(handle)).toBe(true);
    expect(await host.allowsHandle(handleOf(`ab${pds.serviceDomain}`))).toBe(false);
    expect(await host.holderOf(handle)).toEqual({ type: 'nobody' });

    expect(await pds.plcOperations()).toBe(before);
    const answer = await xrpc(pds.url, 'com.atproto.server.createAccount', {
      input: { ...alice },
      headers: unlimited(pds),
    });
    expect(answer.status).toBe(200);
    expect(await host.allowsHandle(handle)).toBe(true);
    expect(await host.account(didOf(String(answer.body['did'])))).toMatchObject({ inviteHash: undefined });
  });

  test('whose repository is gone: the account is there and says so', async () => {
    const host = hostOf(pds);
    const answer = await xrpc(pds.url, 'com.atproto.server.createAccount', {
      input: { ...person('alice') },
      headers: unlimited(pds),
    });
    const did = didOf(String(answer.body['did']));
    expect(await host.account(did)).toMatchObject({ state: 'active' });
    const repository = await directoryNamed(join(dataDir, 'pds', 'actors'), did);
    await pds.kill();
    await rm(repository, { recursive: true });
    await pds.restart();

    expect(await host.account(did)).toMatchObject({ did, state: 'no-repo' });
    expect((await host.accounts([did])).get(did)).toMatchObject({ state: 'unknown' });
  });

  test('that is gone: UNREACHABLE, and a call that was never sent has no effect', async () => {
    const host = hostOf(pds);
    const alice = person('alice');
    await pds.kill();
    try {
      const create = host.createAccount({ ...alice, handle: handleOf(alice.handle), inviteCode: 'any' });
      await expect(create).rejects.toMatchObject({ code: 'UNREACHABLE', retryable: true, effect: 'none' });
      await expect(host.holderOf(handleOf(alice.handle))).rejects.toMatchObject({ code: 'UNREACHABLE' });
    } finally {
      await pds.restart();
    }
  });
});

async function directoryNamed(root: string, name: string): Promise<string> {
  expect(existsSync(root)).toBe(true);
  for (const folder of await readdir(root)) {
    const path = join(root, folder, name);
    if (existsSync(path)) return path;
  }
  throw new Error(`No ${name} in ${root}.`);
}
