/** The log as it grows, by a change stream and by looking: nothing lost, nothing told twice. */
import { randomBytes } from 'node:crypto';
import { expect, inject, onTestFinished, test } from 'vitest';
import type { ConcordEvent } from '../../../src/events/event.ts';
import { eventId } from '../../../src/identity.ts';
import { connect } from '../../../src/mongo/driver/connection.ts';
import { eventLog } from '../../../src/mongo/log/event-log.ts';
import { eventTail } from '../../../src/mongo/log/event-tail.ts';
import type { EventLog, EventTail } from '../../../src/ports/event-log.ts';
import { startMongod } from '../../../src/sandbox/servers/mongod.ts';
import { until } from '../../support/until.ts';
import { alice, at, bob } from '../subjects/people.ts';

interface World {
  readonly log: EventLog;
  readonly tail: EventTail;
}

async function world(uri: string): Promise<World> {
  const database = `concord-test-${randomBytes(6).toString('hex')}`;
  const connection = connect({ uri, database, appName: 'concord-test' });
  onTestFinished(async () => {
    await connection.db.dropDatabase();
    await connection.close();
  });
  const clock = { delay: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms / 50)) };
  return { log: eventLog(connection.db), tail: eventTail(connection.db, clock) };
}

async function standalone(): Promise<string> {
  const server = await startMongod({ standalone: true });
  onTestFinished(() => server.stop());
  return server.uri;
}

function retried(number: number, who = alice): ConcordEvent {
  const seconds = at(number);
  const id = eventId(`e-${String(number).padStart(6, '0')}`);
  const common = { _id: id, user: who.user, tenant: who.tenant, at: seconds, recordedAt: seconds };
  return { ...common, type: 'user.retried', cause: [], data: { by: 'carol' } };
}

const servers: readonly [how: string, uri: () => Promise<string>][] = [
  ['by a change stream', async () => inject('mongodUri')],
  ['by looking', standalone],
];

test.each(servers)('what is written meanwhile is told once, %s', async (_how, uri) => {
  const { log, tail } = await world(await uri());
  await log.append([retried(1), retried(2, bob)]);
  const enough = new AbortController();
  const [all, ofAlice]: [string[], string[]] = [[], []];
  const gather = async (into: string[], coming: AsyncIterable<ConcordEvent>) => {
    for await (const { _id } of coming) into.push(_id);
  };
  const following = [
    gather(all, await tail.follow(undefined, enough.signal)),
    gather(ofAlice, await tail.follow(alice.user, enough.signal)),
  ];

  // Far older than all the others by its date, as a log entry is that comes late; and many at once.
  await log.append([retried(-100_000)]);
  await Promise.all(Array.from({ length: 40 }, (_, index) => log.append([retried(index + 10, bob)])));
  await log.append([retried(11, bob), retried(90)]);
  await until('the last one is told', () => all.includes('e-000090') && ofAlice.includes('e-000090'));
  enough.abort();
  await Promise.all(following);

  const expected = [
    'e--100000',
    ...Array.from({ length: 40 }, (_, index) => `e-0000${index + 10}`),
    'e-000090',
  ];
  expect(all.toSorted()).toEqual(expected.toSorted());
  expect(ofAlice).toEqual(['e--100000', 'e-000090']);
});

test('whoever stops before anything comes is let go', async () => {
  const { tail } = await world(inject('mongodUri'));
  const enough = new AbortController();
  const coming = await tail.follow(undefined, enough.signal);
  enough.abort();
  for await (const event of coming) expect.unreachable(`${event.type} was never written`);
});
