import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { entry, TOKEN, testServer, WEBHOOK } from './test-server.ts';
import { exchange, listen, statusesOf } from './wire.ts';

function post(port: number, body: string, agent: Agent): Promise<{ message: IncomingMessage; text: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { port, host: '127.0.0.1', path: WEBHOOK, method: 'POST', agent, headers: { authorization: TOKEN } },
      (message) => {
        let text = '';
        message.on('data', (data) => {
          text += String(data);
        });
        message.on('end', () => resolve({ message, text }));
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

function keepAliveAgent(): Agent {
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  return agent;
}

describe('health', () => {
  it('/healthz looks at nothing but the process', async () => {
    const { app } = testServer({
      ready: async () => Promise.reject(new Error('down')),
      isDraining: () => true,
    });
    const response = await app.inject('/healthz');
    expect([response.statusCode, response.json()]).toEqual([200, { status: 'alive' }]);
  });

  it.each([
    ['MongoDB answers', { ready: async () => {} }, 200],
    ['MongoDB refuses', { ready: async () => Promise.reject(new Error('SECRET')) }, 503],
    ['MongoDB is silent', { ready: () => new Promise<void>(() => {}) }, 503],
    ['the server is draining', { ready: async () => {}, isDraining: () => true }, 503],
  ])('/readyz: %s', async (_reason, deps, status) => {
    const { app } = testServer({ ...deps, limits: { readyTimeoutMs: 1 } });
    const response = await app.inject('/readyz');
    expect(response.statusCode).toBe(status);
    expect(response.body).not.toContain('SECRET');
    if (status === 503) {
      expect(response.headers['content-type']).toBe('application/problem+json');
      expect(response.headers['retry-after']).toBe('5');
    }
  });

  it('however many ask, MongoDB is asked one at a time', async () => {
    let pings = 0;
    let answer = (): void => {};
    const pinged = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const { app } = testServer({
      ready: () => {
        pings += 1;
        return pinged;
      },
    });
    let asked = 0;
    app.addHook('preHandler', async () => {
      asked += 1;
      if (asked === 2) setImmediate(answer);
    });
    const both = Promise.all([app.inject('/readyz'), app.inject('/readyz')]);
    expect((await both).map((response) => response.statusCode)).toEqual([200, 200]);
    expect(pings).toBe(1);
    await app.inject('/readyz');
    expect(pings).toBe(2);
  });

  it('only reading is answered', async () => {
    const { app } = testServer();
    expect((await app.inject({ method: 'HEAD', url: '/healthz' })).statusCode).toBe(200);
    const response = await app.inject({ method: 'POST', url: '/readyz' });
    expect([response.statusCode, response.headers.allow]).toEqual([405, 'GET, HEAD']);
  });
});

describe('errors outside the routes', () => {
  it.each([
    ['/nothing', 404, 'not-found'],
    ['/webhooks/auth0', 404, 'not-found'],
    ['/webhooks/auth0/first/', 404, 'not-found'],
    ['/webhooks/auth0/%zz', 400, 'bad-request'],
    ['/%', 400, 'bad-request'],
    [`/webhooks/auth0/${'x'.repeat(200)}`, 414, 'path-too-long'],
  ])('%s', async (url, status, code) => {
    const { app } = testServer();
    for (const method of ['GET', 'POST'] as const) {
      const response = await app.inject({ method, url, ...(method === 'POST' ? { payload: 'x' } : {}) });
      expect(response.statusCode).toBe(status);
      expect(response.headers['content-type']).toBe('application/problem+json');
      expect(response.json()).toMatchObject({ status, type: `urn:concord:problem:${code}` });
    }
  });

  it.each([
    ['no HTTP', 'nonsense\r\n\r\n', 400],
    ['headers over the limit', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ])('%s', async (_what, bytes, status) => {
    const { app } = testServer();
    const answer = await exchange(await listen(app), [bytes]);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain('Content-Type: application/problem+json');
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ status });
  });
});

describe('bodies on the wire', () => {
  const head = (authorization: string, length: string): string =>
    `POST ${WEBHOOK} HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\n${length}\r\n\r\n`;

  it('a chunked body over the limit is refused where it passes the limit', async () => {
    const { app, stores } = testServer({ limits: { bodyLimitBytes: 100 } });
    const chunk = `40\r\n${'x'.repeat(64)}\r\n`;
    const answer = await exchange(await listen(app), [
      head(TOKEN, 'Transfer-Encoding: chunked'),
      chunk,
      chunk,
    ]);
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
    expect(answer).toContain('application/problem+json');
    expect(stores.calls).toEqual([]);
  });

  it.each([
    ['a length over the limit', 'Content-Length: 1000'],
    ['no length', 'Transfer-Encoding: chunked'],
  ])('with a wrong token and %s, the body is not waited for', async (_what, length) => {
    const { app } = testServer({ limits: { bodyLimitBytes: 100 } });
    const answer = await exchange(await listen(app), [head('wrong', length)]);
    expect(answer).toMatch(/^HTTP\/1.1 401 /);
    expect(answer.toLowerCase()).toContain('connection: close');
  });

  it('a connection survives the refusal of a short body', async () => {
    const { app } = testServer();
    const refused = `${head('wrong', 'Content-Length: 2')}[]`;
    const good = `${head(`${TOKEN}\r\nConnection: close`, 'Content-Length: 2')}[]`;
    const answer = await exchange(await listen(app), [refused + good]);
    expect(statusesOf(answer)).toEqual([401, 200]);
  });
});

describe('closing', () => {
  it('delivers the answer that is on its way, and does not wait for the connection', async () => {
    let entered = (): void => {};
    let finish = (): void => {};
    const reached = new Promise<void>((resolve) => {
      entered = resolve;
    });
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const { app } = testServer({
      ingest: async () => {
        entered();
        await finished;
        return { accepted: 1, duplicates: 0, ignored: 0, ignoredFor: {}, rejected: 0 };
      },
    });
    const closingBegan = new Promise<void>((resolve) => {
      app.addHook('preClose', async () => resolve());
    });
    const port = await listen(app);
    const answer = post(port, JSON.stringify([entry('1')]), keepAliveAgent());
    await reached;
    const closed = app.close();
    await closingBegan;
    finish();
    const { message, text } = await answer;
    expect(message.statusCode).toBe(200);
    expect(JSON.parse(text)).toMatchObject({ accepted: 1 });
    expect(message.headers.connection).toBe('close');
    await closed;
  });

  it('does not wait for an idle connection', async () => {
    const { app } = testServer();
    const port = await listen(app);
    const { message } = await post(port, '[]', keepAliveAgent());
    expect(message.headers.connection).toBe('keep-alive');
    await app.close();
  });

  it('does not wait for a connection on which nothing was asked', async () => {
    const { app } = testServer();
    const port = await listen(app);
    const connected = new Promise<void>((resolve) => app.server.once('connection', () => resolve()));
    const silent = exchange(port, []);
    await connected;
    await app.close();
    expect(await silent).toBe('');
  });

  it('cuts what does not end in time', async () => {
    const { app } = testServer({ limits: { closeTimeoutMs: 1 } });
    const port = await listen(app);
    const unfinished = exchange(port, [
      `POST ${WEBHOOK} HTTP/1.1\r\nHost: x\r\nAuthorization: ${TOKEN}\r\nContent-Length: 9\r\n\r\n[`,
    ]);
    await new Promise<void>((resolve) => app.server.once('request', () => resolve()));
    await app.close();
    expect(await unfinished).toBe('');
  });
});

describe('the log', () => {
  it('holds neither bodies nor tokens nor unknown URLs above debug', async () => {
    const { app, logLines } = testServer();
    const headers = { authorization: TOKEN };
    const body = JSON.stringify([entry('1', 'auth0|SECRET'), { log_id: 'SECRET' }]);
    await app.inject({ method: 'POST', url: WEBHOOK, headers, payload: body });
    await app.inject({ method: 'POST', url: `${WEBHOOK}?SECRET`, headers, payload: 'SECRET' });
    await app.inject({
      method: 'POST',
      url: WEBHOOK,
      headers: { authorization: 'SECRET' },
      payload: 'SECRET',
    });
    await app.inject('/SECRET');
    await app.inject('/%SECRET');
    const lines = logLines.map((line): { level: number; msg: string } => JSON.parse(line));
    expect(lines.filter((line) => line.level > 20).map((line) => line.msg)).toEqual([
      'delivery ingested',
      'request answered',
      'request answered',
    ]);
    expect(logLines.join('')).not.toContain(TOKEN);
    expect(logLines.filter((_line, index) => (lines[index]?.level ?? 0) > 20).join('')).not.toContain(
      'SECRET',
    );
    expect(JSON.parse(logLines.find((line) => line.includes('"status":401')) ?? '{}')).toMatchObject({
      method: 'POST',
      route: '/webhooks/auth0/:tenant',
    });
  });
});
