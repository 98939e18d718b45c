/**
 * The limit of taking in: Fastify, zod over the fields of every entry, and one insertMany. It knows nobody,
 * keeps no rejects and makes nobody due.
 */
import { fastify } from 'fastify';
import { z } from 'zod';
import { serveAsChild } from '../support/child.ts';
import { openBare } from '../support/database.ts';
import type { ServerStart } from '../support/servers.ts';
import { bareCollection } from './bare-insert.ts';

const Data = z.looseObject({
  date: z.iso.datetime(),
  type: z.string().max(64),
  user_id: z.string().max(255),
  user_name: z.string().optional(),
  description: z.string().optional(),
  details: z.record(z.string(), z.unknown()).optional(),
  connection: z.string().optional(),
  connection_id: z.string().optional(),
  client_id: z.string().optional(),
  client_name: z.string().optional(),
  ip: z.string().optional(),
  user_agent: z.string().optional(),
  log_id: z.string().max(200),
});
const Entries = z.array(z.object({ log_id: z.string().max(200), data: Data }));

serveAsChild(async (options) => {
  const { uri, database } = options as ServerStart;
  const { client, db } = await openBare(uri, database);
  const entries = await bareCollection(db);
  const app = fastify({ bodyLimit: 2 * 1024 * 1024 });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, async (_request: unknown, body: string) => body);
  app.post('/', async (request) => {
    const batch = Entries.parse(readEntries(String(request.body)));
    await entries.insertMany(batch, { ordered: false });
    return { accepted: batch.length };
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    url,
    close: async () => {
      await app.close();
      await client.close();
    },
  };
});

function readEntries(body: string): unknown {
  if (body.startsWith('[')) return JSON.parse(body);
  return body.split('\n').map((line): unknown => JSON.parse(line));
}
