/** A real PLC directory, and accounts of a real PDS whose DIDs name another one. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseDid } from '../../src/identity.ts';
import { createDidDirectory } from '../../src/pds/did-directory.ts';
import { askServiceDid, ownServices } from '../../src/pds/services.ts';
import { createXrpc } from '../../src/pds/xrpc.ts';
import type { DidDirectory } from '../../src/ports/accounts.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { type Pds, startPds } from '../../src/sandbox/servers/pds.ts';
import { RateLimiter } from '../../src/upstream/rate-limit.ts';
import { unusedOrigin } from '../support/local-server.ts';
import { asAdmin, createAccount, person, unlimited, xrpc } from '../support/pds.ts';
import { didDirectoryContract } from './did-directory.contract.ts';

const clock: Clock = { now: () => new Date(), delay: async () => {}, timer: async () => {} };
let pds: Pds;
beforeAll(async () => {
  const secret = (): string => randomBytes(16).toString('hex');
  pds = await startPds({ adminPassword: secret(), bypassKey: secret(), quickHashes: true });
});
afterAll(() => pds?.stop());

function directoryOf(options: { readonly pdsUrl?: string; readonly plcUrl?: string } = {}): DidDirectory {
  const limiter = (upstream: 'pds' | 'plc') => new RateLimiter({ upstream, clock, maxWaitMs: 0 });
  const { url, adminPassword, bypassKey } = pds;
  const ask = createXrpc({ url, adminPassword, bypassKey, clock, limiter: limiter('pds') });
  const own = ownServices(options.pdsUrl ?? url, () => askServiceDid(ask));
  return createDidDirectory({ plcUrl: options.plcUrl ?? pds.plcUrl, own, clock, limiter: limiter('plc') });
}

async function newDid() {
  const did = parseDid(await createAccount(pds, person('alice')));
  if (did === undefined) throw new Error('The PDS gave no DID.');
  return did;
}

didDirectoryContract('A real PLC directory', () => ({
  dids: directoryOf(),
  create: newDid,
  move: (did, origin) => pds.moveDid(did, origin === 'back' ? pds.url : origin),
  remove: async (did) => {
    const headers = { ...asAdmin(pds), ...unlimited(pds) };
    await xrpc(pds.url, 'com.atproto.admin.deleteAccount', { input: { did }, headers });
  },
}));

test('an internal address of the PDS makes no account look moved', async () => {
  const dids = directoryOf({ pdsUrl: 'http://10.0.0.7:3000' });
  expect(await dids.serviceOf(await newDid())).toEqual({ type: 'here' });
});

test('a directory that does not answer is UNREACHABLE, and not the PDS', async () => {
  const dids = directoryOf({ plcUrl: await unusedOrigin() });
  await expect(dids.serviceOf(await newDid())).rejects.toMatchObject({
    upstream: 'plc',
    code: 'UNREACHABLE',
  });
});

test('a DID that nobody registered cannot be moved, and the sandbox goes on', async () => {
  await expect(pds.moveDid(`did:plc:${'z'.repeat(24)}`, 'https://elsewhere.example')).rejects.toThrow(
    /was not moved/,
  );
  await newDid();
});
