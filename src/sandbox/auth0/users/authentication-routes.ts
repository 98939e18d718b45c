import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { DirectoryError } from '../directory-error.ts';
import { readBody } from '../request-body.ts';
import type { AccessTokens } from './access-tokens.ts';
import type { Grant } from './scopes.ts';
import type { UserDirectory } from './user-directory.ts';

export interface Application {
  readonly clientId: string;
  readonly clientSecret: string;
}

const TokenRequest = z.object({
  grant_type: z.string().default(''),
  client_id: z.string().default(''),
  client_secret: z.string().default(''),
  audience: z.string().default(''),
});

const SignUpRequest = z.object({
  email: z.email(),
  password: z.string().min(1),
  connection: z.string().min(1),
  username: z.string().exactOptional(),
  user_metadata: z.record(z.string(), z.unknown()).exactOptional(),
});

/** POST /oauth/token: client credentials for the Management API, as a form or as JSON. */
export function addTokenRoute(
  server: FastifyInstance,
  application: Application,
  tokens: AccessTokens,
  domain: string,
  grant: Grant,
): void {
  server.post('/oauth/token', async (request, reply) => {
    const { grant_type, client_id, client_secret, audience } = TokenRequest.parse(request.body ?? {});
    if (grant_type !== 'client_credentials') {
      const error_description = `Unsupported grant type: ${grant_type}`;
      return reply.code(403).send({ error: 'unsupported_grant_type', error_description });
    }
    if (client_id !== application.clientId || client_secret !== application.clientSecret) {
      return reply.code(401).send({ error: 'access_denied', error_description: 'Unauthorized' });
    }
    // A client may know the tenant by its domain, or by the address it really listens on.
    const known = [
      `https://${domain}/api/v2/`,
      `https://${request.host}/api/v2/`,
      `http://${request.host}/api/v2/`,
    ];
    if (!known.includes(audience)) {
      const error_description = `Service not found: ${audience}`;
      return reply.code(403).send({ error: 'access_denied', error_description });
    }
    const { scopes } = grant;
    const claims = { iss: `https://${domain}/`, aud: audience, azp: client_id };
    const access_token = tokens.issue(claims, scopes);
    return { access_token, scope: scopes.join(' '), expires_in: tokens.lifetimeS, token_type: 'Bearer' };
  });
}

/** POST /dbconnections/signup, the public sign-up; and the page behind the link in the verification mail. */
export function addSignUpRoutes(server: FastifyInstance, directory: UserDirectory): void {
  server.post('/dbconnections/signup', async (request, reply) => {
    try {
      const user = directory.signUp(readBody(SignUpRequest, request.body));
      const _id = user.user_id.slice('auth0|'.length);
      return { _id, email: user.email, email_verified: false };
    } catch (error) {
      if (!(error instanceof DirectoryError)) throw error;
      // Auth0 does not tell the public that an address is taken.
      const body = { name: 'BadRequestError', code: 'invalid_signup', description: 'Invalid sign up' };
      return reply.code(400).send({ ...body, statusCode: 400 });
    }
  });

  server.get<{ Querystring: { ticket?: string } }>('/u/email-verification', async (request, reply) => {
    reply.type('text/html; charset=utf-8');
    try {
      directory.verify(request.query.ticket ?? '');
      return '<!doctype html><title>Email Verified</title><p>Your email was verified.';
    } catch (error) {
      if (!(error instanceof DirectoryError)) throw error;
      return reply.code(400).send(`<!doctype html><title>Error</title><p>${error.message}`);
    }
  });
}
