import type { Management } from 'auth0';
import type { FastifyInstance } from 'fastify';
import type { EventStream } from './event-stream.ts';

/** The event streams as they are listed. Tokens are never shown. */
export function addEventStreamRoutes(api: FastifyInstance, streams: readonly EventStream[]): void {
  api.get('/event-streams', async () => ({ eventStreams: streams.map(shown) }));
}

function shown({ id, endpoint, status }: EventStream): Management.EventStreamWebhookResponseContent {
  return {
    id,
    name: 'Webhook',
    status,
    subscriptions: ['user.created', 'user.updated', 'user.deleted'].map((event_type) => ({ event_type })),
    destination: {
      type: 'webhook',
      configuration: { webhook_endpoint: endpoint, webhook_authorization: { method: 'bearer' } },
    },
  };
}
