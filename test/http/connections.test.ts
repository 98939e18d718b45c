import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type FastifyBaseLogger, fastify } from 'fastify';
import { expect, it, onTestFinished } from 'vitest';
import { type ConnectionLimits, limitConnections } from '../../src/http/connections.ts';
import { createLogger } from '../../src/logger.ts';
import { until } from '../support/until.ts';

async function serverWith(limits: ConnectionLimits) {
  const lines: string[] = [];
  const loggerInstance: FastifyBaseLogger = createLogger({
    ...{ level: 'warn', stream: { write: (line) => void lines.push(line) } },
  });
  const app = fastify({ loggerInstance });
  limitConnections(app, limits);
  app.get('/', async () => 'here');
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
  onTestFinished(() => {
    app.server.closeAllConnections();
    return app.close();
  });
  const open = async (): Promise<Socket> => {
    const socket = connect(Number(port), '127.0.0.1').on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
    return socket;
  };
  const ask = async (): Promise<Socket> => {
    const socket = await open();
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(socket, 'data');
    return socket;
  };
  return { app, lines, open, ask };
}

it('refuses connections beyond the limit, counts them, and says so once', async () => {
  let refused = 0;
  const counts: number[] = [];
  const { lines, open } = await serverWith({
    maxConnections: 2,
    onRefused: () => {
      refused += 1;
    },
    onConnections: (now) => void counts.push(now),
  });
  const held = [await open(), await open()];
  await until('both are held', () => counts.at(-1) === 2);
  for (let more = 0; more < 5; more += 1) await once(await open(), 'close');
  expect(refused).toBe(5);
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'warn', open: 2, maxConnections: 2 });
  for (const socket of held) socket.destroy();
  await until('none is open', () => counts.at(-1) === 0);
});

it('lets idle connections give way to new ones', async () => {
  const { ask, open } = await serverWith({ maxConnections: 1 });
  const idle = await ask();
  const closed = once(idle, 'close');
  await once(await open(), 'close');
  await closed;
  await ask();
});

it('is not ended by a failure to accept', async () => {
  let refused = 0;
  const { app, lines, ask } = await serverWith({
    maxConnections: undefined,
    onRefused: () => {
      refused += 1;
    },
  });
  const error = Object.assign(new Error('accept EMFILE'), { code: 'EMFILE', syscall: 'accept' });
  app.server.emit('error', error);
  expect(refused).toBe(1);
  expect(lines.join()).toContain('EMFILE');
  await ask();
});
