/**
 * As much of Auth0 and of a PDS as a sweep asks for, in a process of its own, by formula: an export job whose file
 * is generated while it is read, and a PDS that answers listRepos, getAccountInfos and looks at single accounts.
 * They answer far quicker than the real ones, so what is measured is Concord and MongoDB.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { CREATED_AT, DOMAIN, didOf, human, numberOf, shuffled } from './people.ts';

export interface Counted {
  readonly auth0: Readonly<Record<string, number>>;
  readonly pds: Readonly<Record<string, number>>;
}

const users = Number(process.argv[2]);
const PAGE = 1_000;
const counts = { auth0: {} as Record<string, number>, pds: {} as Record<string, number> };

function count(of: Record<string, number>, name: string): void {
  of[name] = (of[name] ?? 0) + 1;
}

function send(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function listen(answer: (url: URL, response: ServerResponse, request: IncomingMessage) => unknown) {
  const server = createServer((request, response) => {
    void answer(new URL(request.url ?? '/', 'http://localhost'), response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

// ── Auth0 ──

const JOB = 'job_0000000000000001';

function* lines(): Iterable<string> {
  let chunk = '';
  for (const number of shuffled(users)) {
    const { userId, email, emailVerified } = human(number);
    const created_at = CREATED_AT.toISOString();
    chunk += `${JSON.stringify({ user_id: userId, email, email_verified: emailVerified, created_at })}\n`;
    if (chunk.length < 65_536) continue;
    yield chunk;
    chunk = '';
  }
  yield chunk;
}

const auth0 = await listen(async (url, response, request) => {
  count(counts.auth0, `${request.method} ${url.pathname.replace(JOB, ':id')}`);
  switch (url.pathname) {
    case '/oauth/token':
      return send(response, { access_token: 'token', expires_in: 86_400 });
    case '/api/v2/users':
      return send(response, { total: users, users: [] });
    case '/api/v2/jobs/users-exports':
      return send(response, { id: JOB });
    case `/api/v2/jobs/${JOB}`:
      return send(response, { status: 'completed', location: `${auth0}/file` });
    case '/file':
      return await pipeline(Readable.from(lines()), createGzip({ level: 1 }), response);
    default:
      return send(response, { statusCode: 404, errorCode: 'inexistent_user' }, 404);
  }
});

// ── The PDS ──

function infoOf(did: string) {
  const { email, accountHandle } = human(numberOf(did));
  return {
    ...{ did, handle: accountHandle, email, indexedAt: CREATED_AT.toISOString(), invites: [] },
    invitesDisabled: false,
    invitedBy: {
      ...{ code: `pds-test-${did.slice(-10)}`, available: 1, disabled: false, forAccount: 'admin' },
      ...{ createdBy: 'admin', createdAt: CREATED_AT.toISOString() },
      uses: [{ usedBy: did, usedAt: CREATED_AT.toISOString() }],
    },
  };
}

/** Only handles made of a number are asked for: those that somebody wants and another has. */
function carrierOf(handle: string): string {
  return didOf(Number(/^h-(\d+)\./.exec(handle)?.[1]));
}

function repositories(from: number) {
  const repos: object[] = [];
  let number = from;
  for (; number < users && repos.length < PAGE; number += 1) {
    if (human(number).did === undefined) continue;
    repos.push({ did: didOf(number), head: 'bafyrei', rev: '3kabc', active: true });
  }
  return { repos, ...(repos.length > 0 ? { cursor: String(number) } : {}) };
}

const pds = await listen((url, response) => {
  const name = url.pathname.slice('/xrpc/com.atproto.'.length);
  count(counts.pds, name);
  const dids = url.searchParams.getAll('dids');
  const did = url.searchParams.get('did') ?? '';
  switch (name) {
    case 'server.describeServer':
      return send(response, { availableUserDomains: [DOMAIN] });
    case 'sync.listRepos':
      return send(response, repositories(Number(url.searchParams.get('cursor') ?? 0)));
    case 'admin.getAccountInfos':
      return send(response, { infos: dids.map(infoOf) });
    case 'admin.getAccountInfo':
      return send(response, infoOf(did));
    case 'sync.getRepoStatus':
      return send(response, { did, active: true });
    case 'identity.resolveHandle':
      return send(response, { did: carrierOf(url.searchParams.get('handle') ?? '') });
    default:
      return send(response, { error: 'InvalidRequest', message: name }, 400);
  }
});

process.on('disconnect', () => process.exit(0));
process.on('message', () => process.send?.({ counts }));
process.send?.({ auth0, pds });
