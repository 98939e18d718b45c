import { expect, it } from 'vitest';
import type { CloudEvent } from '../../../../src/sandbox/auth0/logs/event-stream.ts';
import { managementApi, startTenant } from '../tenant-under-test.ts';
import { type Received, startReceiver } from './receiver.ts';

function eventsOf(requests: readonly Received[]): CloudEvent[] {
  return requests.map(({ text }) => JSON.parse(text) as CloudEvent);
}

async function tenantWithStream() {
  const tenant = await startTenant();
  const receiver = await startReceiver();
  tenant.eventStream.add({ endpoint: receiver.endpoint, token: 'the-token' });
  return { tenant, receiver };
}

it('tells of everyone who comes, changes and goes, also of those of whom the log names nobody', async () => {
  const { tenant, receiver } = await tenantWithStream();
  const call = await managementApi(tenant);
  const { body } = await call('POST', '/users', { connection: 'sms', phone_number: '+15550100' });
  const { user_id } = await tenant.socialLogIn({ connection: 'google-oauth2', email: 'bob@example.com' });
  await tenant.block(user_id);
  await tenant.deleteUser(user_id);
  tenant.addUser({ user_id: 'auth0|who-was-there-before' });
  await tenant.eventStream.flush();

  const events = new Map(eventsOf(receiver.requests).map((event) => [event.id, event]));
  const told = [...events.values()].map(({ type, data }) => `${type} ${data.object.user_id}`);
  expect(told.sort()).toEqual(
    [
      `user.created ${body.user_id}`,
      `user.created ${user_id}`,
      `user.updated ${user_id}`,
      `user.deleted ${user_id}`,
    ].sort(),
  );
  expect(receiver.requests[0]).toMatchObject({ authorization: 'Bearer the-token' });
  expect([...events.values()][0]).toMatchObject({ specversion: '1.0', a0tenant: 'aesthetic' });
});

it('tries four times, gives up at once at a 4xx, and sends again only when asked', async () => {
  const { tenant, receiver } = await tenantWithStream();
  receiver.answer = () => 503;
  await tenant.socialLogIn({ connection: 'google-oauth2', email: 'bob@example.com' });
  await tenant.eventStream.flush();
  const [first] = eventsOf(receiver.requests);
  expect(receiver.requests.length % 4).toBe(0);
  expect(tenant.eventStream.failures()[0]).toMatchObject({ reason: 'HTTP 503', event: { id: first?.id } });

  receiver.requests.length = 0;
  receiver.answer = () => 404;
  tenant.eventStream.redeliver();
  const sent = tenant.eventStream.failures().length;
  await tenant.eventStream.flush();
  expect(sent).toBe(0);
  expect(new Set(eventsOf(receiver.requests).map(({ id }) => id))).toEqual(new Set([first?.id]));
  expect(receiver.requests).toHaveLength(tenant.eventStream.failures().length);

  receiver.answer = () => 204;
  tenant.eventStream.redeliver();
  await tenant.eventStream.flush();
  expect(tenant.eventStream.failures()).toEqual([]);
});

it('says nothing any more once it is disabled, and shows no token', async () => {
  const { tenant, receiver } = await tenantWithStream();
  tenant.eventStream.disable();
  await tenant.signUp({ email: 'alice@example.com' });
  await tenant.eventStream.flush();
  expect(receiver.requests).toEqual([]);
  const call = await managementApi(tenant);
  const { body } = await call('GET', '/event-streams');
  expect(body).toMatchObject({
    eventStreams: [
      { status: 'disabled', destination: { configuration: { webhook_endpoint: receiver.endpoint } } },
    ],
  });
  expect(JSON.stringify(body)).not.toContain('the-token');
});
