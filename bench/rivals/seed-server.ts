/**
 * The way of the system that this engine follows: a handler that, each time it is called, connects, creates
 * its index, looks whether the log entry is there, inserts it and disconnects. Once a delivery, or, as it was
 * written first, once for every entry in it.
 */
import { fastify } from 'fastify';
import { MongoClient } from 'mongodb';
import { serveAsChild } from '../support/child.ts';
import type { Entry } from '../support/entries.ts';
import type { ServerStart } from '../support/servers.ts';

serveAsChild(async (options) => {
  const { uri, database, perEntry = false } = options as ServerStart;
  const app = fastify({ bodyLimit: 2 * 1024 * 1024 });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, async (_request: unknown, body: string) => body);
  app.post('/', async (request) => {
    const batch = JSON.parse(String(request.body)) as Entry[];
    if (perEntry) for (const entry of batch) await keep(uri, database, [entry]);
    else await keep(uri, database, batch);
    return { accepted: batch.length };
  });
  return {
    url: await app.listen({ host: '127.0.0.1', port: 0 }),
    close: async () => void (await app.close()),
  };
});

async function keep(uri: string, database: string, batch: readonly Entry[]): Promise<void> {
  const client = await MongoClient.connect(uri);
  try {
    const logs = client
      .db(database, { writeConcern: { w: 'majority', journal: true } })
      .collection('seed-logs');
    await logs.createIndex({ log_id: 1 }, { unique: true });
    for (const entry of batch) {
      if ((await logs.findOne({ log_id: entry.log_id })) === null) await logs.insertOne({ ...entry });
    }
  } finally {
    await client.close();
  }
}
