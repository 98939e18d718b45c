import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { holdPort } from '../../../src/sandbox/servers/held-port.ts';

it('is nobody else’s from the moment it is known, and serves what it is handed', async () => {
  const [first, second] = await Promise.all([holdPort(), holdPort()]);
  const servers = [first, second].map((held) => {
    const app: { listen?: () => Server } = {};
    held.handTo(app, (_request, response) => response.end(`on ${held.port}`));
    if (app.listen === undefined) throw new Error('There is nothing to listen with.');
    return app.listen();
  });
  onTestFinished(() => {
    for (const server of servers) server.close();
  });
  await Promise.all(servers.map((server) => once(server, 'listening')));

  for (const { port } of [first, second]) {
    expect(port).toBeLessThan(32_768);
    const late = createServer().listen(port, '127.0.0.1');
    expect(await once(late, 'error')).toMatchObject([{ code: 'EADDRINUSE' }]);
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe(`on ${port}`);
  }
});
