/** What a sweep costs the others: requests to Auth0 and to the PDS, counted on the wire. */
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { EXPORT_PAGE_SIZE } from '../../../src/auth0/export.ts';
import { createDirectory } from '../../../src/auth0/management.ts';
import { sweep } from '../../../src/engine/sweep/sweep.ts';
import { type AccountHandle, parseDid } from '../../../src/identity.ts';
import { createAccountReader } from '../../../src/pds/accounts.ts';
import { createXrpc } from '../../../src/pds/xrpc.ts';
import { RateLimiter } from '../../../src/upstream/rate-limit.ts';
import { apiUsers, tenantOf, userIdOf } from '../../auth0/tenant.ts';
import { code, handle, type Person, tenant, trigger, view } from '../../mongo/subjects/people.ts';
import { mainTenant, sweepDeps } from '../../support/in-memory/sweeps.ts';
import { createWorld, type World } from '../../support/in-memory/world.ts';
import { sendJson } from '../../support/local-server.ts';

const USERS = 1_200;
const DRIFTED = 7;
/** Who has the code because another one of ours carries the handle, or because the PDS does not allow it. */
const TAKEN = 40;
const REFUSED = 20;
/** Inactive accounts, which are read as well: of the users, each once with the others, and of nobody. */
const INACTIVE = 60;
const STRANGERS = 150;

const LETTERS = 'bcdfghjkmn';
const didOf = (at: number) => {
  const letters = [...String(at)].map((digit) => LETTERS.charAt(Number(digit)));
  return `did:plc:${letters.join('').padStart(24, 'z')}`;
};
const codeOf = (at: number) => {
  const letter = (place: number) => LETTERS.charAt(Math.floor(at / 10 ** place) % 10);
  return code(`ac26${letter(0)}${'aeou'.charAt(Math.floor(at / 1_000))}${letter(1)}a${letter(2)}`);
};

interface Somebody extends Person {
  readonly at: number;
  readonly did: string;
  readonly carries: AccountHandle;
  readonly platformHandle: string | undefined;
  readonly reason: 'PlatformHandle' | 'NoPlatformHandle' | 'HandleTaken' | 'HandleNotAllowed';
}

function somebody(at: number): Somebody {
  const userId = userIdOf(`auth0|${at}`);
  const own = handle(codeOf(at));
  const base = { at, did: didOf(at), user: `auth0|${at}` as Person['user'], userId, tenant, carries: own };
  if (at < TAKEN) return { ...base, platformHandle: `name_${at}`, reason: 'HandleTaken' };
  if (at < 2 * TAKEN) {
    const name = `name.${at - TAKEN}`;
    const carries = handle(`name-${at - TAKEN}`);
    return { ...base, carries, platformHandle: name, reason: 'PlatformHandle' };
  }
  if (at < 2 * TAKEN + REFUSED) return { ...base, platformHandle: `slur${at}`, reason: 'HandleNotAllowed' };
  return { ...base, platformHandle: undefined, reason: 'NoPlatformHandle' };
}

/** As passes would have left them. */
async function settle(world: World, people: readonly Somebody[]): Promise<void> {
  for (const who of people) {
    const { user, at, carries, platformHandle, reason } = who;
    const did = parseDid(who.did);
    if (did === undefined) throw new Error('That is no DID.');
    world.documents.verifications.set(user, at >= DRIFTED ? 1 : 0);
    world.documents.users.set(user, {
      code: codeOf(at),
      account: { did, handle: carries, password: 'sealed' },
    });
    if (platformHandle !== undefined) world.documents.handles.set(user, platformHandle);
    const lease = await world.queue.claimUser(trigger(who), world.clock.now(), 1_000);
    const [known] = view.conditions;
    if (lease === undefined || known === undefined) throw new Error('Somebody else is at work.');
    const conditions = [{ ...known, type: 'handle', reason } as const];
    await world.queue.complete(
      lease,
      { ...view, code: codeOf(at), did, accountHandle: carries, platformHandle, conditions },
      world.clock.now(),
    );
  }
}

/** A PDS by formula, and how often each of its methods was called. */
function countedPds(world: World, people: readonly Somebody[]) {
  const strangers = Array.from({ length: STRANGERS }, (_, at) => didOf(USERS + at));
  const byDid = new Map(people.map((who) => [who.did, who]));
  const all = [
    ...people.map(({ did, at }) => ({ did, active: at < USERS - INACTIVE })),
    ...strangers.map((did) => ({ did, active: false })),
  ];
  const calls: Record<string, number> = {};
  const answer = (name: string, query: URLSearchParams): unknown => {
    switch (name) {
      case 'server.describeServer':
        return { availableUserDomains: ['.at.test'] };
      case 'sync.listRepos': {
        const from = Number(query.get('cursor') ?? 0);
        const repos = all.slice(from, from + 1_000).map((one) => ({ ...one, status: 'takendown' }));
        return { repos, ...(repos.length > 0 ? { cursor: String(from + repos.length) } : {}) };
      }
      case 'admin.getAccountInfos':
        return {
          infos: query.getAll('dids').flatMap((did) => {
            const who = byDid.get(did);
            if (who === undefined)
              return [{ did, handle: handle('somebody'), email: 'somebody@example.com', indexedAt: '' }];
            return [{ did, handle: who.carries, email: `bob${who.at}@example.com`, indexedAt: '' }];
          }),
        };
      default:
        throw new Error(`Nobody is to be looked at one by one: ${name}`);
    }
  };
  const { clock } = world;
  const accounts = createAccountReader(
    createXrpc({
      ...{ url: 'http://pds.test', adminPassword: 'hunter2', clock },
      limiter: new RateLimiter({ upstream: 'pds', clock }),
      fetch: async (input) => {
        const url = new URL(String(input));
        const name = url.pathname.slice('/xrpc/com.atproto.'.length);
        calls[name] = (calls[name] ?? 0) + 1;
        return Response.json(answer(name, url.searchParams));
      },
    }),
  );
  return { accounts, calls };
}

it('asks Auth0 for one export, and the PDS once for a hundred accounts and once for a thousand repositories', async () => {
  const world = createWorld();
  const people = Array.from({ length: USERS }, (_, at) => somebody(at));
  await settle(world, people);
  const pds = countedPds(world, people);
  const auth0 = await tenantOf((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    if (pathname === '/api/v2/users') return sendJson(response, 200, { total: USERS, users: [] });
    if (pathname === '/api/v2/jobs/users-exports') return sendJson(response, 200, { id: 'job_1' });
    if (pathname === '/api/v2/jobs/job_1')
      return sendJson(response, 200, { status: 'completed', location: `${auth0.origin}/file` });
    return response.end(
      gzipSync(
        apiUsers(USERS)
          .map((user) => `${JSON.stringify(user)}\n`)
          .join(''),
      ),
    );
  });
  const deps = {
    ...{ ...sweepDeps(world), accounts: pds.accounts },
    handleDomain: async () => (await pds.accounts.handleDomains())[0] ?? '',
  };

  const end = await sweep(deps, { ...mainTenant(world), directory: createDirectory(auth0.client) });

  expect(end).toMatchObject({
    ...{ type: 'over', users: USERS, drifted: DRIFTED + INACTIVE, complete: true },
    situations: [
      { resource: 'account', reason: 'AccountTakenDown', users: INACTIVE },
      { resource: 'verification', reason: 'NotRecorded', users: DRIFTED },
    ],
    orphans: { documents: 0, accounts: STRANGERS },
  });
  // Of which the file and the token count against no limit of the Management API.
  expect(auth0.requests.map((request) => request.split('?', 1)[0])).toEqual([
    'POST /oauth/token',
    'GET /api/v2/users',
    'GET /api/v2/users',
    'POST /api/v2/jobs/users-exports',
    'GET /api/v2/jobs/job_1',
    'GET /file',
    'GET /api/v2/users',
  ]);
  expect(pds.calls).toEqual({
    // Which the program asks once, and this test at each page.
    'server.describeServer': USERS / EXPORT_PAGE_SIZE,
    'sync.listRepos': Math.ceil((USERS + STRANGERS) / 1_000) + 1,
    'admin.getAccountInfos': USERS / 100 + Math.ceil(STRANGERS / 100),
  });
  expect(world.inactive.stored.size).toBe(INACTIVE + STRANGERS);
});
