/** `concord pull` as a process: what it takes in, what it says of the stream, and how audit and events show a gap. */
import { expect, test } from 'vitest';
import { eventsOf, memberOf } from './support/member.ts';
import { person } from './support/pds.ts';
import { platform, TENANT } from './support/platform.ts';
import { documentOf, runOn } from './support/program.ts';

test('what was missed is taken in, and a paused stream is a gap that everything shows', async () => {
  const world = await platform();
  const engine = world.engine();
  const { email, password } = person('alice');
  const alice = memberOf((await world.auth0.signUp({ email, password })).user_id, email);

  const first = await runOn(world, '--json', 'pull');
  expect(first.code, first.stderr).toBe(0);
  expect(documentOf(first)).toMatchObject({
    command: 'pull',
    tenants: [{ tenant: TENANT, entries: 1, accepted: 1, end: 'caught-up', stream: 'none', gaps: [] }],
  });
  expect((await eventsOf(engine, alice, 'auth0.log-received')).map(({ data }) => data.code)).toEqual(['ss']);
  expect((await engine.subjects.get(alice.user))?.dueAt).toBeInstanceOf(Date);

  const endpoint = `https://127.0.0.1:9/webhooks/auth0/${TENANT}`;
  world.auth0.logStream.pause(world.auth0.logStream.add({ endpoint, format: 'JSONARRAY' }));
  const second = await runOn(world, 'pull', '--tenant', TENANT);
  expect(second.code, second.stderr).toBe(2);
  expect(second.stdout).toMatch(/^aesthetic {2}0 entries, 0 of them new, read up to /);
  expect(second.stdout).toContain('The log stream was paused in Auth0');
  expect(second.stdout).toMatch(/gap {2}The log stream does not deliver, .* to now\./);
  expect(second.stdout).not.toContain(email);

  const [json, text, events] = await Promise.all([
    runOn(world, '--json', 'audit'),
    runOn(world, 'audit'),
    runOn(world, 'events'),
  ]);
  expect(documentOf(json)).toMatchObject({ gaps: [{ tenant: TENANT, cause: 'stream-paused', until: null }] });
  expect(text.stdout).toContain('gap  aesthetic: The log stream does not deliver');
  expect(events.stdout).toMatch(/gap\.opened.*stream-paused, from/);
});

test('an Auth0 that does not let the log be read: 1, and which scope it takes', async () => {
  const world = await platform();
  for (const path of ['/api/v2/logs', '/api/v2/log-streams']) {
    world.auth0.faults.add({ path, times: 10, answer: { type: 'status', status: 403 } });
  }
  const ended = await runOn(world, 'pull');
  expect(ended.code).toBe(1);
  expect(ended.stdout).toContain('Grant the application the scope read:logs');
  expect(ended.stdout).toContain('Grant the scope read:log_streams');
});
