/** The webhook on the real parts: every refusal, a MongoDB that goes away, and what scanners send. */
import { readFileSync } from 'node:fs';
import type { Db } from 'mongodb';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { eventsOf, join } from './support/member.ts';
import { mongodbLink } from './support/mongodb-link.ts';
import { openPlatform, type Platform, platform, type Served } from './support/platform.ts';
import { until } from './support/until.ts';

const BODY_LIMIT_BYTES = 4_096;

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

async function send(url: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(url, init);
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Answer['body'],
  };
}

function deliver({ endpoint }: Served, { logToken }: Platform, body: string): Promise<Answer> {
  return send(endpoint, { method: 'POST', headers: { authorization: logToken }, body });
}

function entry(logId: string, userId: string): unknown {
  return { log_id: logId, data: { type: 'ss', user_id: userId, date: '2025-10-14T13:29:20.565Z' } };
}

/** The server's own fingerprint of every collection but these. */
async function fingerprint(db: Db, without: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const { collections } = (await db.command({ dbHash: 1 })) as unknown as {
    collections: Readonly<Record<string, unknown>>;
  };
  return Object.fromEntries(Object.entries(collections).filter(([name]) => !without.includes(name)));
}

function keysOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null || value instanceof Date) return [];
  return Object.entries(value).flatMap(([key, inner]) => [key, ...keysOf(inner)]);
}

describe('a server in good order', () => {
  let world: Platform;
  let served: Served;
  beforeAll(async () => {
    world = await openPlatform();
    served = await world.serve({ overlay: { server: { bodyLimitBytes: BODY_LIMIT_BYTES } } });
    await until('the server is ready', async () => (await fetch(`${served.url}/readyz`)).ok);
  });
  afterAll(() => world.close());

  const one = JSON.stringify([entry('90020251014132920800', 'auth0|alice')]);
  const refusals: readonly [
    status: number,
    code: string,
    reason: string,
    request: () => Promise<Answer>,
    header?: readonly [name: string, value: string],
  ][] = [
    [
      401,
      'unauthorized',
      'no token',
      () => send(served.endpoint, { method: 'POST', body: one }),
      ['www-authenticate', 'Bearer'],
    ],
    [
      401,
      'unauthorized',
      'a wrong token',
      () => send(served.endpoint, { method: 'POST', body: one, headers: { authorization: 'x'.repeat(64) } }),
    ],
    [
      404,
      'unknown-tenant',
      'a tenant that is not configured, even with the token of one that is',
      () =>
        send(`${served.url}/webhooks/auth0/nobody`, {
          method: 'POST',
          body: one,
          headers: { authorization: world.logToken },
        }),
    ],
    [
      405,
      'method-not-allowed',
      'a browser',
      () => send(served.endpoint, { headers: { authorization: world.logToken } }),
      ['allow', 'POST'],
    ],
    [400, 'unreadable-body', 'not JSON', () => deliver(served, world, 'not json')],
    [
      413,
      'body-too-large',
      'more than the limit',
      () => deliver(served, world, `[${one},${' '.repeat(BODY_LIMIT_BYTES)}1]`),
    ],
    [
      415,
      'content-encoding',
      'compressed',
      () =>
        send(served.endpoint, {
          method: 'POST',
          body: one,
          headers: { authorization: world.logToken, 'content-encoding': 'gzip' },
        }),
    ],
  ];

  test.each(refusals)('%i %s: %s', async (status, code, _reason, request, header) => {
    // The service keeps its own positions and ticks there.
    const before = await fingerprint(world.db, ['concord.cursors']);

    const answer = await request();

    expect(answer).toMatchObject({ status, body: { status, type: `urn:concord:problem:${code}` } });
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    if (header !== undefined) expect(answer.headers.get(header[0])).toBe(header[1]);
    expect(await fingerprint(world.db, ['concord.cursors'])).toEqual(before);
  });
});

describe('bad bodies', () => {
  const { bodies } = JSON.parse(
    readFileSync(new URL('./fixtures/bad-bodies.json', import.meta.url), 'utf8'),
  ) as { readonly bodies: readonly string[] };

  test('each gets a clear answer, and nothing is written beside the log, the rejects and that the stream delivered', async () => {
    const world = await platform();
    const served = await world.serve();
    await until('the server is ready', async () => (await fetch(`${served.url}/readyz`)).ok);
    const kept = ['concord.events', 'concord.rejects'];
    const counted = [...kept, 'concord.cursors', 'concord.ignored'];
    const before = await fingerprint(world.db, counted);

    for (const body of bodies) {
      const answer = await deliver(served, world, body);
      const what = body.slice(0, 80);
      expect([200, 400], what).toContain(answer.status);
      // Either the counts, or a sentence about what was wrong, which repeats nothing of the body.
      const clear = answer.status === 200 ? { rejected: expect.any(Number) } : { detail: expect.any(String) };
      expect(answer.body, what).toMatchObject(clear);
      expect(JSON.stringify(answer.body), what).not.toContain('auth0|');
    }

    expect(await fingerprint(world.db, counted)).toEqual(before);
    const cursors = world.db
      .collection<{ _id: string; position: string }>('concord.cursors')
      .find({ _id: /^auth0-/ });
    expect(await cursors.toArray()).toEqual([
      {
        _id: 'auth0-deliveries:aesthetic',
        position: expect.stringMatching(/^\{"last":"[0-9TZ:.-]+","pauses":\{\}\}$/),
        at: expect.any(Date),
      },
    ]);
    for (const name of kept) {
      const stored = await world.db.collection(name).find().toArray();
      expect(stored.flatMap(keysOf).filter((key) => key.startsWith('$'))).toEqual([]);
      if (name === 'concord.rejects') expect(stored.length).toBeGreaterThan(0);
    }
  });

  test('a good entry beside every bad one is kept, and its user converges', async () => {
    const world = await platform();
    const engine = world.engine();
    const served = await world.serve();
    const alice = join(world, 'alice', { emailVerified: false });
    await until('the server is ready', async () => (await fetch(`${served.url}/readyz`)).ok);

    const lines = [...bodies.filter((body) => body !== ''), JSON.stringify(entry('good', alice.userId))];
    const answer = await deliver(served, world, lines.join('\n'));

    expect(answer).toMatchObject({ status: 200, body: { accepted: 1, duplicates: 0 } });
    await until('alice has converged', async () => {
      return (await engine.subjects.get(alice.user))?.sync === 'Synced';
    });
    expect(await eventsOf(engine, alice, 'auth0.log-received')).toHaveLength(1);
  });
});

test('MongoDB is away: 503 and not ready, and the same delivery succeeds when it is back', async () => {
  const line = await mongodbLink(inject('mongodUri'), 'cut');
  const world = await platform({ concordMongoUri: line.uri });
  const engine = world.engine();
  const alice = join(world, 'alice', { emailVerified: false });
  const bob = join(world, 'bob', { emailVerified: false });
  const served = await world.serve();
  const converged = (user: typeof alice.user) =>
    until('the user has converged', async () => (await engine.subjects.get(user))?.sync === 'Synced');
  const expectUnavailable = async (body: string) => {
    const [answer, ready, health] = await Promise.all([
      deliver(served, world, body),
      send(`${served.url}/readyz`, {}),
      send(`${served.url}/healthz`, {}),
    ]);
    for (const { status, headers, body: problem } of [answer, ready]) {
      expect({ status, problem }).toMatchObject({
        status: 503,
        problem: { type: 'urn:concord:problem:unavailable' },
      });
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(health).toMatchObject({ status: 200, body: { status: 'alive' } });
  };

  // Away from the start: the server answers, and takes nothing in.
  const ofAlice = JSON.stringify([entry('1', alice.userId)]);
  await expectUnavailable(ofAlice);
  line.mend();
  await until('the server is ready', async () => (await fetch(`${served.url}/readyz`)).ok, 30_000);
  expect(await deliver(served, world, ofAlice)).toMatchObject({ status: 200, body: { accepted: 1 } });
  await converged(alice.user);

  // Away in the middle: nobody has to be restarted.
  line.cut();
  const ofBob = JSON.stringify({ logs: [entry('2', bob.userId)] });
  await expectUnavailable(ofBob);
  line.mend();
  await until('the server is ready', async () => (await fetch(`${served.url}/readyz`)).ok, 30_000);
  expect(await deliver(served, world, ofBob)).toMatchObject({ status: 200, body: { accepted: 1 } });
  await converged(bob.user);
  expect(await deliver(served, world, ofBob)).toMatchObject({ body: { accepted: 0, duplicates: 1 } });
});
