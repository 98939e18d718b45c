import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Pds, type PdsOptions, startPds } from '../../../src/sandbox/servers/pds.ts';
import {
  asAdmin,
  createAccount,
  createInviteCode,
  person,
  sharedPds,
  unlimited,
  xrpc,
} from '../../support/pds.ts';

describe('the shared PDS', () => {
  const pds = sharedPds();

  it('refuses an account without an invite code', async () => {
    const answer = await xrpc(pds.url, 'com.atproto.server.createAccount', {
      input: { ...person('alice') },
      headers: unlimited(pds),
    });
    expect(answer).toMatchObject({ status: 400, body: { error: 'InvalidInviteCode' } });
  });

  it('makes an account for an invite code, and resolves its handle', async () => {
    const alice = person('alice');
    const did = await createAccount(pds, alice);
    const answer = await xrpc(pds.url, 'com.atproto.identity.resolveHandle', {
      params: { handle: alice.handle },
    });
    expect(answer).toMatchObject({ status: 200, body: { did } });
  });

  it('takes a code once', async () => {
    const inviteCode = await createInviteCode(pds);
    const create = (name: string) =>
      xrpc(pds.url, 'com.atproto.server.createAccount', {
        input: { ...person(name), inviteCode },
        headers: unlimited(pds),
      });
    expect(await create('alice')).toMatchObject({ status: 200 });
    expect(await create('bob')).toMatchObject({ status: 400, body: { error: 'InvalidInviteCode' } });
  });

  it('does not ask the network about a handle of somebody else', async () => {
    // A handle that resolves wherever there is a network.
    const answer = await xrpc(pds.url, 'com.atproto.identity.resolveHandle', {
      params: { handle: 'bsky.app' },
    });
    expect(answer).toMatchObject({ status: 400, body: { message: 'Unable to resolve handle' } });
  });

  it('answers 429 after a hundred attempts from one address, and not to those with the bypass key', async () => {
    // A bucket of our own: the PDS believes a proxy on loopback, and this range is reserved for tests.
    const forwarded = { 'x-forwarded-for': `198.18.${randomInt(256)}.${randomInt(256)}` };
    // Well-formed, because malformed input is refused before it is counted, and cheap without an invite code.
    const input = { ...person('alice') };
    const attempt = (headers: Record<string, string>) =>
      xrpc(pds.url, 'com.atproto.server.createAccount', { input, headers });
    for (let count = 0; count < 100; count += 1) {
      expect((await attempt(forwarded)).status).toBe(400);
    }
    const limited = await attempt(forwarded);
    expect(limited).toMatchObject({ status: 429, body: { error: 'RateLimitExceeded' } });
    expect(limited.headers.get('ratelimit-remaining')).toBe('0');
    expect(Number(limited.headers.get('ratelimit-reset'))).toBeGreaterThan(Date.now() / 1_000);
    expect(await attempt({ ...forwarded, ...unlimited(pds) })).toMatchObject({ status: 400 });
  });

  it('listens on 127.0.0.1 and on no other address', async () => {
    const outside = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter((address) => !address.internal && address.family === 'IPv4')
      .map((address) => address.address);
    // On Linux the whole of 127.0.0.0/8 is this machine, but only 127.0.0.1 is what was asked for.
    const elsewhere = [...outside, '::1', ...(process.platform === 'linux' ? ['127.0.0.2'] : [])];
    for (const url of [pds.url, pds.plcUrl]) {
      const port = Number(new URL(url).port);
      expect(await accepts('127.0.0.1', port)).toBe(true);
      for (const host of elsewhere) expect(await accepts(host, port), `${host}:${port}`).toBe(false);
    }
  });
});

describe('startPds', () => {
  it('finds accounts and DIDs again after a restart', async () => {
    const dataDir = await temporaryDirectory();
    const access = { adminPassword: 'correct-horse', bypassKey: 'battery-staple' };
    const alice = person('alice');
    const first = await start({ dataDir, ...access });
    const did = await createAccount(first, alice);
    expect(await first.plcOperations()).toBe(1);
    const document = await didDocument(first, did);
    await first.stop();

    const second = await start({ dataDir, ...access });
    expect(second.url).toBe(first.url);
    expect(await second.plcOperations()).toBe(1);
    expect(await didDocument(second, did)).toEqual(document);
    await expectLogin(second, alice, did);
    // A further operation is accepted only if the reloaded history is whole.
    const bob = person('bob');
    const renamed = await xrpc(second.url, 'com.atproto.admin.updateAccountHandle', {
      input: { did, handle: bob.handle },
      headers: asAdmin(second),
    });
    expect(renamed.status).toBe(200);
    expect(await didDocument(second, did)).toMatchObject({ alsoKnownAs: [`at://${bob.handle}`] });
  });

  it('comes back with its accounts after it was killed', async () => {
    const pds = await start({});
    const alice = person('alice');
    const did = await createAccount(pds, alice);
    await pds.kill();
    await expect(fetch(pds.url)).rejects.toThrow('fetch failed');
    await expect(pds.plcOperations()).rejects.toThrow('The PDS process has ended.');
    await pds.restart();
    await expectLogin(pds, alice, did);
    expect(await pds.plcOperations()).toBe(1);
  });

  it('leaves no process behind when it is stopped', async () => {
    const pds = await start({});
    expect(isAlive(pds.pid)).toBe(true);
    await pds.stop();
    expect(isAlive(pds.pid)).toBe(false);
    await pds.stop();
  });

  it('says why it did not start', async () => {
    const dataDir = await temporaryDirectory();
    await start({ dataDir });
    await expect(start({ dataDir })).rejects.toThrow('EADDRINUSE');
  });

  it('leaves neither a process nor temporary data behind when its parent is killed', async () => {
    const temporary = join(await temporaryDirectory(), 'tmp');
    await mkdir(temporary);
    const parent = await startParent(
      `
      import { startPds } from '${new URL('../../../src/sandbox/servers/pds.ts', import.meta.url).href}';
      const { pid } = await startPds({ adminPassword: 'a', bypassKey: 'b' });
      process.stdout.write(pid + '\\n');
      `,
      { TMPDIR: temporary, TEMP: temporary, TMP: temporary },
    );
    const pid = Number(parent.line);
    expect(isAlive(pid)).toBe(true);
    const data = async () => (await readdir(temporary)).filter((name) => name.startsWith('concord-pds-'));
    expect(await data()).toHaveLength(1);
    parent.process.kill('SIGKILL');
    await vi.waitUntil(() => !isAlive(pid), { timeout: 10_000 });
    expect(await data()).toEqual([]);
  });
});

async function start(options: Partial<PdsOptions>): Promise<Pds> {
  const secret = (): string => randomBytes(8).toString('hex');
  const pds = await startPds({ adminPassword: secret(), bypassKey: secret(), ...options });
  onTestFinished(() => pds.stop());
  return pds;
}

async function didDocument(pds: Pds, did: string): Promise<unknown> {
  const response = await fetch(`${pds.plcUrl}/${did}`);
  return response.json();
}

async function expectLogin(pds: Pds, who: { handle: string; password: string }, did: string): Promise<void> {
  const session = await xrpc(pds.url, 'com.atproto.server.createSession', {
    input: { identifier: who.handle, password: who.password },
  });
  expect(session).toMatchObject({ status: 200, body: { did } });
}

function isAlive(pid: number): boolean {
  try {
    // Signal 0 asks and does nothing.
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'concord-test-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 10 }));
  return directory;
}

/** Runs a program that starts something, and hands back the first line it prints. */
async function startParent(
  source: string,
  environment: Record<string, string>,
): Promise<{ process: ChildProcess; line: string }> {
  const parent = spawn(process.execPath, ['--import', 'tsx/esm', '--input-type=module', '--eval', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  });
  onTestFinished(() => void parent.kill('SIGKILL'));
  let output = '';
  parent.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  await vi.waitUntil(() => output.includes('\n') || parent.exitCode !== null, { timeout: 30_000 });
  return { process: parent, line: output.trim() };
}
