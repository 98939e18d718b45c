/** What listeners are told, and how they are got rid of: over real connections. */
import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SESSION_MS } from '../../../src/http/dashboard/session.ts';
import { until } from '../../support/until.ts';
import { listen } from '../wire.ts';
import { DASHBOARD_TOKEN, HERE, JSON_BODY, testDashboard } from './test-dashboard.ts';
import { OVERVIEW, testDashboardData } from './test-dashboard-data.ts';

interface Connection {
  readonly socket: Socket;
  /** All that came so far. */
  readonly told: () => string;
  /** Resolves once it has come. */
  hears(text: string): Promise<void>;
  /** Resolves when it is closed. */
  readonly closed: Promise<void>;
}

function listenTo(port: number, headers: readonly string[] = []): Connection {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  let told = '';
  socket.on('data', (data) => {
    told += String(data);
  });
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.write(['GET /api/live HTTP/1.1', 'Host: localhost', ...headers, '', ''].join('\r\n'));
  return {
    socket,
    told: () => told,
    hears: (text) => until(`hearing ${text}`, () => told.includes(text)).then(() => undefined),
    closed,
  };
}

function neverTells(): AsyncIterable<never> {
  return { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) };
}

const CHANGED = { name: 'changed', data: { users: ['auth0|alice'], sweeps: false } } as const;

describe('a listener', () => {
  it('is told at once how all stands, then what changes, each with an id', async () => {
    const { app, dashboardData } = testDashboard();
    const { hears, told } = listenTo(await listen(app));
    await hears('event: overview');
    dashboardData.tell(CHANGED);
    await hears('event: changed');
    expect(told()).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    expect(told()).toContain('content-type: text/event-stream\r\n');
    expect(told()).toContain('cache-control: no-store\r\n');
    expect(told()).toContain('content-security-policy: ');
    expect(told()).toContain('retry: 2000\n\n');
    const messages = [...told().matchAll(/event: (\w+)\nid: (\S+)\ndata: (.*)\n\n/g)];
    expect(messages.map(([, name, , data]) => [name, JSON.parse(data ?? '')])).toEqual([
      ['overview', OVERVIEW],
      ['changed', CHANGED.data],
    ]);
    expect(new Set(messages.map(([, , id]) => id)).size).toBe(2);
  });

  it('hears that somebody is there when nothing happens', async () => {
    const { app } = testDashboard({ limits: { beatMs: 5 } });
    await listenTo(await listen(app)).hears('event: beat\ndata: {}\n\n');
  });

  it('is heard by so often that it outlives the time that a connection may be silent', async () => {
    const { app } = testDashboard({ limits: { beatMs: 50 } }, { limits: { connectionTimeoutMs: 400 } });
    const { told, socket } = listenTo(await listen(app));
    await until('twenty beats', () => told().split('event: beat').length > 20);
    expect(socket.destroyed).toBe(false);
  });

  it('who goes away is forgotten', async () => {
    const { app, dashboardData } = testDashboard();
    const { socket, hears } = listenTo(await listen(app));
    await hears('event: overview');
    expect(dashboardData.listening()).toBe(1);
    socket.destroy();
    await until('nobody listens', () => dashboardData.listening() === 0);
  });

  it('whose source breaks is let go, and it is logged', async () => {
    const { app, dashboardData, logLines } = testDashboard();
    const { hears, closed, told } = listenTo(await listen(app), ['Connection: close']);
    await hears('event: overview');
    dashboardData.breakOff(new Error('the tail broke'));
    await closed;
    expect(told().endsWith('0\r\n\r\n')).toBe(true);
    expect(logLines.join('')).toContain('the live messages broke off');
  });

  it('who does not read is cut', async () => {
    const { app, dashboardData } = testDashboard({ limits: { maxWaitingBytes: 100_000 } });
    const { socket, hears, closed } = listenTo(await listen(app));
    await hears('event: overview');
    socket.pause();
    const users = Array.from({ length: 1_000 }, (_, index) => `auth0|${String(index).padStart(100, '0')}`);
    await until('the sleeper is cut', () => {
      dashboardData.tell({ name: 'changed', data: { users, sweeps: false } });
      return dashboardData.listening() === 0;
    });
    socket.resume();
    await closed;
  });

  it('makes room by going, also where the source has not noticed', async () => {
    const { app } = testDashboard({
      dashboardData: { ...testDashboardData(), live: neverTells },
      limits: { maxListeners: 1 },
    });
    const port = await listen(app);
    const first = listenTo(port);
    await first.hears('retry: 2000');
    first.socket.destroy();
    await until('there is room', async () => {
      const next = listenTo(port);
      await next.hears('HTTP/1.1 ');
      return next.told().startsWith('HTTP/1.1 200 ');
    });
  });

  it('is told to come back when there are too many', async () => {
    const { app, dashboardData } = testDashboard({ limits: { maxListeners: 1 } });
    const port = await listen(app);
    await listenTo(port).hears('event: overview');
    const { hears, told } = listenTo(port);
    await hears('Too many listeners are connected.');
    expect(told()).toMatch(/^HTTP\/1.1 503 .*\r\nretry-after: 5\r\n/s);
    expect(dashboardData.asked).toEqual([['live']]);
  });

  it('whose session ends is let go, and not let in again', async () => {
    const { app, pass } = testDashboard({ token: DASHBOARD_TOKEN, limits: { beatMs: 5 } });
    const signedIn = await app.inject({
      method: 'POST',
      url: '/api/session',
      headers: { ...HERE, ...JSON_BODY },
      payload: { token: DASHBOARD_TOKEN },
    });
    const cookie = `Cookie: ${String(signedIn.headers['set-cookie']).split(';')[0]}`;
    const port = await listen(app);
    const { hears, closed } = listenTo(port, [cookie, 'Connection: close']);
    await hears('event: overview');
    pass(SESSION_MS);
    await closed;
    await listenTo(port, [cookie]).hears('HTTP/1.1 401 ');
  });

  it('is no answer that took long', async () => {
    const told: unknown[] = [];
    const { app } = testDashboard({}, { onAnswer: (_method, route) => told.push(route) });
    const { hears, closed, socket } = listenTo(await listen(app));
    await hears('event: overview');
    socket.end();
    await closed;
    await app.inject({ url: '/api/overview', headers: HERE });
    expect(told).toEqual(['/api/overview']);
  });
});

describe('closing', () => {
  it('ends every listener and does not wait for one', async () => {
    const { app, dashboardData } = testDashboard();
    const port = await listen(app);
    const [reads, sleeps] = [listenTo(port), listenTo(port)];
    await Promise.all([reads.hears('event: overview'), sleeps.hears('event: overview')]);
    sleeps.socket.pause();
    const startedAt = performance.now();
    await app.close();
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    sleeps.socket.resume();
    await Promise.all([reads.closed, sleeps.closed]);
    expect(reads.told().endsWith('0\r\n\r\n')).toBe(true);
    expect(dashboardData.listening()).toBe(0);
  });

  it('does not wait for a listener that has not read what it was told', async () => {
    const { app, dashboardData } = testDashboard({ limits: { maxWaitingBytes: Number.POSITIVE_INFINITY } });
    const { socket, hears, closed } = listenTo(await listen(app));
    await hears('event: overview');
    socket.pause();
    // More than the system keeps for a connection.
    dashboardData.tell({ name: 'changed', data: { users: ['x'.repeat(32 * 1024 * 1024)], sweeps: false } });
    await until('both are written', () => dashboardData.taken() === 2);
    const startedAt = performance.now();
    await app.close();
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    socket.resume();
    await closed;
  });

  it('does not wait for a source that hangs', async () => {
    const { app } = testDashboard({ dashboardData: { ...testDashboardData(), live: neverTells } });
    const { hears, closed } = listenTo(await listen(app));
    await hears('retry: 2000');
    await app.close();
    await closed;
  });
});
