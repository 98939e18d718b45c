/** `doctor` on a MongoDB that is not as it is to be. */
import { type AddressInfo, createServer } from 'node:net';
import { BSON } from 'mongodb';
import { describe, test } from 'vitest';
import type { Finding } from '../../src/doctor/check.ts';
import { startMongod } from '../../src/sandbox/servers/mongod.ts';
import { findingsOn, healthyPlatform } from './patient.ts';

/** A healthy platform, and Concord told of another server than the one it is on. */
async function otherServer(mongodbUri: string): Promise<readonly Finding[]> {
  const other = await healthyPlatform();
  const findings = await findingsOn(other, { overlay: { mongodb: { uri: mongodbUri } } });
  await other.close();
  return findings;
}

async function standalone(): Promise<readonly Finding[]> {
  const mongod = await startMongod({ standalone: true });
  const other = await healthyPlatform({ mongoUri: mongod.uri });
  const findings = await findingsOn(other);
  await other.close();
  await mongod.stop();
  return findings;
}

/** Answers every greeting as MongoDB 3.6 does. */
async function tooOld(): Promise<readonly Finding[]> {
  const server = createServer((socket) => {
    socket.on('data', (request) => {
      const greeting = {
        ismaster: true,
        minWireVersion: 0,
        maxWireVersion: 6,
        maxBsonObjectSize: 2 ** 24,
        ok: 1,
      };
      const document = BSON.serialize({
        ...greeting,
        maxMessageSizeBytes: 48_000_000,
        maxWriteBatchSize: 1_000,
      });
      const header = Buffer.alloc(36);
      header.writeInt32LE(36 + document.length, 0);
      header.writeInt32LE(request.readInt32LE(4), 8);
      // OP_REPLY, with one document.
      header.writeInt32LE(1, 12);
      header.writeInt32LE(1, 32);
      socket.write(Buffer.concat([header, document]));
    });
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const findings = await otherServer(`mongodb://127.0.0.1:${port}/`);
  server.close();
  return findings;
}

// Side by side, because each waits for a server that does not come.
describe.concurrent('MongoDB', () => {
  test('is in no replica set', async ({ expect }) => {
    expect(await standalone()).toMatchObject([
      { code: 'NO_REPLICA_SET', mend: expect.stringMatching(/convert-standalone/) },
    ]);
  });

  test('is out of reach', async ({ expect }) => {
    expect(await otherServer('mongodb://127.0.0.1:1/')).toMatchObject([
      { code: 'MONGODB_UNREACHABLE', mend: expect.stringMatching(/MONGODB_URI/) },
    ]);
  });

  test('is older than the driver speaks to', async ({ expect }) => {
    expect(await tooOld()).toMatchObject([
      { code: 'MONGODB_TOO_OLD', mend: expect.stringMatching(/release-notes/) },
    ]);
  });
});
