import { describe, expect, it } from 'vitest';
import { Admission } from '../../src/http/admission.ts';
import { until } from '../support/until.ts';
import { IMPATIENT, type TestServer, TOKEN, testServer, WEBHOOK } from './test-server.ts';
import { exchange, listen } from './wire.ts';

async function statusOf({ app }: TestServer, payload: string): Promise<number> {
  const headers = { authorization: TOKEN };
  return (await app.inject({ method: 'POST', url: WEBHOOK, headers, payload })).statusCode;
}

describe('places', () => {
  const limits = { maxIngesting: 3, maxIngestingBytes: 100 };

  it('are limited in number and in bytes', () => {
    const admission = new Admission(limits);
    const first = admission.enter(60);
    expect(admission.enter(41)).toBeUndefined();
    expect([admission.enter(40), admission.enter(0), admission.enter(0)]).toEqual([
      expect.anything(),
      expect.anything(),
      undefined,
    ]);
    first?.leave();
    expect(admission.enter(61)).toBeUndefined();
    expect(admission.enter(60)).toBeDefined();
  });

  it('let one alone in, however large', () => {
    const admission = new Admission(limits);
    expect(admission.enter(1_000)).toBeDefined();
    expect(admission.enter(0)).toBeUndefined();
  });

  it.each(['work that succeeds', 'work that fails'])('are kept for %s, and left once', async (what) => {
    const admission = new Admission({ ...limits, maxIngesting: 1 });
    const place = admission.enter(1);
    let end = (): void => {};
    const work = new Promise<void>((resolve, reject) => {
      end = what === 'work that fails' ? () => reject(new Error('failed')) : resolve;
    });
    place?.keepFor(work);
    place?.leave();
    place?.leave();
    expect(admission.enter(1)).toBeUndefined();
    end();
    await work.catch(() => undefined);
    const next = admission.enter(1);
    expect(next).toBeDefined();
    expect(admission.enter(1)).toBeUndefined();
  });
});

describe('a flood', () => {
  const nothing = { accepted: 0, duplicates: 0, ignored: 0, ignoredFor: {}, rejected: 0 };

  it('of large bodies is let in up to the bytes that fit, and the rest is told to come back unread', async () => {
    let open = (): void => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    let held = 0;
    let parsed = 0;
    const server = testServer({
      limits: { bodyLimitBytes: 1_000, maxIngestingBytes: 3_000 },
      ingest: async () => {
        held += 1;
        await opened;
        return nothing;
      },
    });
    server.app.addHook('preHandler', async (request) => {
      if (typeof request.body === 'string') parsed += 1;
    });
    const statuses = Array.from({ length: 50 }, () => statusOf(server, `[]${' '.repeat(998)}`));
    await until('three are taken in', async () => held === 3);
    open();
    expect((await Promise.all(statuses)).sort()).toEqual([...Array(3).fill(200), ...Array(47).fill(503)]);
    expect([held, parsed]).toEqual([3, 3]);
    expect(await statusOf(server, '[]')).toBe(200);
  });

  it('of bodies that do not arrive takes up places as well, until the senders are gone', async () => {
    const server = testServer({ limits: { maxIngesting: 1, ...IMPATIENT } });
    const head = `POST ${WEBHOOK} HTTP/1.1\r\nHost: x\r\nAuthorization: ${TOKEN}\r\nContent-Length: 9\r\n\r\n[`;
    const port = await listen(server.app);
    const reached = new Promise<void>((resolve) => server.app.server.once('request', () => resolve()));
    const slow = exchange(port, [head]);
    await reached;
    expect(await statusOf(server, '[]')).toBe(503);
    expect(await slow).toMatch(/^HTTP\/1.1 408 /);
    await until('there is room again', async () => (await statusOf(server, '[]')) === 200);
  });
});
