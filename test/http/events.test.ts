/** What an event stream sends is never sent again after a 4xx, so that is said only where it could not help. */
import { readFileSync } from 'node:fs';
import type { LightMyRequestResponse } from 'fastify';
import { describe, expect, it } from 'vitest';
import { UpstreamError } from '../../src/errors.ts';
import { EVENT_TOKEN, EVENTS, entry, type TestServer, TOKEN, testServer } from './test-server.ts';

const CREATED = readFileSync(
  new URL('../fixtures/auth0-event-stream.user-created.json', import.meta.url),
  'utf8',
);
const CAROL = 'google-oauth2|104500000000000000001';

function post(
  { app }: TestServer,
  payload: string,
  authorization = `Bearer ${EVENT_TOKEN}`,
): Promise<LightMyRequestResponse> {
  return app.inject({ method: 'POST', url: EVENTS, payload, headers: { authorization } });
}

function event(more: Record<string, unknown>): string {
  return JSON.stringify({ ...JSON.parse(CREATED), ...more });
}

const nothing = { accepted: 0, duplicates: 0, ignored: 0, rejected: 0 };

describe('an event', () => {
  it('is in the log and its user due, and a double makes the user due again', async () => {
    const server = testServer();
    expect((await post(server, CREATED)).json()).toEqual({ ...nothing, accepted: 1 });
    const [kept] = server.stores.events.values();
    expect(kept).toMatchObject({
      _id: 'first:evt_0000000000000000000001',
      user: CAROL,
      type: 'auth0.event-received',
      at: new Date('2025-10-16T08:00:00.100Z'),
      data: { eventId: 'evt_0000000000000000000001', name: 'user.created', hint: null },
    });
    expect([...server.stores.due.keys()]).toEqual([CAROL]);

    server.stores.due.clear();
    expect((await post(server, CREATED)).json()).toEqual({ ...nothing, duplicates: 1 });
    expect([...server.stores.due.keys()]).toEqual([CAROL]);
  });

  it('is good with the token as it is, too, and as one of a list', async () => {
    expect((await post(testServer(), `[${CREATED}]`, EVENT_TOKEN)).json()).toMatchObject({ accepted: 1 });
  });

  it('of a kind that is not ours, or of a test, is counted and nothing else', async () => {
    const server = testServer();
    for (const body of [event({ type: 'organization.created' }), event({ a0purpose: 'test' })]) {
      expect((await post(server, body)).json()).toEqual({ ...nothing, ignored: 1 });
    }
    expect(server.stores.calls).toEqual(['ignored', 'ignored']);
    expect(server.stores.ignoredFor).toEqual({ 'no-subject': 2 });
  });

  it('that cannot be read is kept as a reject, and taken in', async () => {
    const server = testServer();
    const bad = [event({ id: null }), event({ type: 7 }), event({ data: null }), event({ id: 'a b' })];
    for (const body of bad) expect((await post(server, body)).json()).toEqual({ ...nothing, rejected: 1 });
    expect(server.stores.rejected.map(({ reason }) => reason)).toEqual([
      'id is missing',
      'type is not a string',
      'data.object.user_id is missing',
      'id has characters other than letters, digits, _ and -',
    ]);
    expect(server.stores.events.size).toBe(0);
  });
});

describe('an answer that Auth0 would take for the last one is not given', () => {
  it.each([
    ['no header', ''],
    ['another token', 'Bearer nothing-of-the-kind'],
    ['the token of the log stream', TOKEN],
  ])('%s: 503, and nothing is kept', async (_what, authorization) => {
    const server = testServer();
    const response = await post(server, CREATED, authorization);
    expect(response.statusCode).toBe(503);
    expect(response.headers['retry-after']).toBe('5');
    expect(response.json()).toMatchObject({ type: 'urn:concord:problem:unknown-token' });
    expect(server.stores.calls).toEqual([]);
  });

  it('MongoDB out of reach: 503, and the repeat succeeds', async () => {
    const server = testServer();
    server.stores.failOnce(
      'markDue',
      new UpstreamError('away', { upstream: 'mongodb', code: 'UNREACHABLE', retryable: true }),
    );
    const response = await post(server, CREATED);
    expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '5']);
    expect((await post(server, CREATED)).statusCode).toBe(200);
    expect([...server.stores.due.keys()]).toEqual([CAROL]);
  });

  it('the slots are those of the log stream', async () => {
    const server = testServer({ limits: { maxIngesting: 0 } });
    const response = await post(server, CREATED);
    expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '1']);
  });
});

describe('what could never be taken in is refused', () => {
  it.each([
    ['nothing', '', 400],
    ['no JSON', '{"specversion":', 400],
    ['log entries, which a log stream would go on delivering', JSON.stringify([entry('1')]), 400],
    ['no event', '{}', 400],
    ['a number', '1', 400],
    ['an empty list', '[]', 400],
  ])('%s', async (_what, body, status) => {
    const server = testServer();
    expect((await post(server, body)).statusCode).toBe(status);
    expect(server.stores.calls).toEqual([]);
  });

  it('a tenant without a token for events has no event stream', async () => {
    const { app } = testServer();
    for (const tenant of ['second', 'nobody', '__proto__']) {
      const response = await app.inject({ method: 'POST', url: `/webhooks/auth0/${tenant}/events` });
      expect(response.statusCode).toBe(404);
    }
    expect((await app.inject({ method: 'GET', url: EVENTS })).statusCode).toBe(405);
  });
});
