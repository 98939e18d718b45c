import { expect, it } from 'vitest';
import type { PulledTenant } from '../../src/engine/intake/pull.ts';
import { createLogger } from '../../src/logger.ts';
import { createPulling } from '../../src/service/pull-runner.ts';
import { alice, otherTenant } from '../mongo/subjects/people.ts';
import { STREAM, tenantWithLog } from '../support/in-memory/pulls.ts';
import { inMemoryRuns } from '../support/in-memory/runs.ts';
import { aliceEvent } from '../support/in-memory/sweeps.ts';
import { auth0Error } from '../support/in-memory/tenant-logs.ts';

function serving(tenants: (first: PulledTenant) => readonly PulledTenant[] = (first) => [first]) {
  const tested = tenantWithLog();
  const said: string[] = [];
  const say = (level: string) => (_fields: unknown, message?: string) =>
    void said.push(`${level} ${message}`);
  const logger = Object.assign(createLogger({ level: 'silent', pretty: false }), {
    error: say('error'),
    warn: say('warn'),
    info: say('info'),
  });
  const stopping = new AbortController();
  const pulling = createPulling(
    { ...tested.deps, runs: inMemoryRuns(), logger },
    tenants(tested.of),
    stopping.signal,
  );
  return { ...tested, said, stopping, pulling };
}

it('is one run, however many ask for it', async () => {
  const { pulling, logs, world } = serving();
  logs.write(alice);
  const runs = [pulling.run(), pulling.run()];
  expect(runs[1]).toBe(runs[0]);
  await pulling.ended();
  expect(aliceEvent(world, 'auth0.log-received')).toHaveLength(1);
  expect(pulling.run()).not.toBe(runs[0]);
  await pulling.ended();
});

it('goes on with the next tenant when one cannot be taken in', async () => {
  const broken = new Error('what was read cannot be written down');
  const { pulling, logs, said, world } = serving((first) => [
    { ...first, id: otherTenant, logs: { ...first.logs, oldest: () => Promise.reject(broken) } },
    first,
  ]);
  logs.write(alice);
  await pulling.run();
  expect(aliceEvent(world, 'auth0.log-received')).toHaveLength(1);
  expect(said).toContain("error a tenant's log could not be taken in");
});

it('says once what goes on as it did, and again when it changes', async () => {
  const { pulling, logs, said } = serving();
  const streams = { ...logs }.streams;
  logs.streams = () => Promise.reject(auth0Error('FORBIDDEN'));
  for (let run = 0; run < 3; run += 1) await pulling.run();
  expect(said).toEqual(['warn a log was read, with problems']);
  logs.streams = streams;
  logs.streamsNow = [STREAM];
  for (let run = 0; run < 3; run += 1) await pulling.run();
  expect(said.slice(1)).toEqual(['info a log was read']);
});

it('reads nothing more when the service stops', async () => {
  const { pulling, stopping, logs, world } = serving();
  logs.write(alice);
  stopping.abort();
  await pulling.run();
  expect(aliceEvent(world, 'auth0.log-received')).toEqual([]);
});
