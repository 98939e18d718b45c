import type { Management } from 'auth0';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { invalidBody } from '../api-error.ts';
import { callOf } from '../logs/log-entry.ts';
import { readBody } from '../request-body.ts';
import type { AccountLinking } from './account-linking.ts';
import { readUserId } from './user-routes.ts';

/** Without `link_with`, the token of the secondary user: only an application that acts for the user has one. */
const LinkBody = z.strictObject({
  provider: z.string().min(1),
  user_id: z.string().min(1),
  connection_id: z
    .string()
    .regex(/^con_[A-Za-z0-9]{16}$/)
    .exactOptional(),
});

export function addIdentityRoutes(api: FastifyInstance, linking: AccountLinking, clientId: string): void {
  api.post<{ Params: { id: string } }>('/users/:id/identities', async (request, reply) => {
    const primary = readUserId(request.params.id);
    const { provider, user_id } = readBody(LinkBody, request.body);
    // Auth0 takes the secondary id with and without its provider.
    const secondary = user_id.startsWith(`${provider}|`) ? user_id : `${provider}|${user_id}`;
    if (secondary.length > 255) throw invalidBody("'String is too long' on property user_id.");
    const identities = linking.link(primary, secondary, callOf(request, 'Link a User Account', clientId));
    return reply.code(201).send(identities satisfies Management.UserIdentitySchema[]);
  });

  api.delete<{ Params: { id: string; provider: string; user_id: string } }>(
    '/users/:id/identities/:provider/:user_id',
    async (request) => {
      const { id, provider, user_id } = request.params;
      const call = callOf(request, 'Unlink a User Identity', clientId);
      return linking.unlink(readUserId(id), `${provider}|${user_id}`, call);
    },
  );
}
