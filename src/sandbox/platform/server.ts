/** The platform's handlers over HTTP, for a person with curl. An answer comes when the handler has ended. */
import { type FastifyInstance, fastify } from 'fastify';
import { z } from 'zod';
import type { PlatformHandlers } from './handlers.ts';
import type { UpstreamCalls } from './upstream-calls.ts';

export type RushRoute = (request: RushRequest) => Promise<object>;

export interface RushRequest {
  readonly people?: number;
  readonly leaving?: number;
  readonly seed?: number;
  readonly killEngine?: boolean;
}

export interface PlatformServerDeps {
  readonly handlers: PlatformHandlers;
  readonly calls: UpstreamCalls;
  readonly verifyEmail: (userId: string) => Promise<unknown>;
  readonly rush?: RushRoute;
}

const ms = z.number().int().min(0).max(3_600_000);
const SignUp = z.strictObject({
  email: z.email(),
  verify: z.boolean().default(true),
  handle: z.string().optional(),
  userDocument: z.boolean().default(false),
});
const Handle = z.strictObject({ user: z.string().min(1), handle: z.string() });
const Erase = z.strictObject({
  user: z.string().min(1),
  userDocument: z.enum(['stays', 'goes']).default('goes'),
  pausesMs: z.array(ms).default([500]),
});
const Purge = z.strictObject({
  user: z.string().min(1),
  graceMs: ms.default(4_000),
  pausesMs: z.array(ms).default([500]),
});
const Rush = z.strictObject({
  people: z.number().int().min(1).max(1_000).exactOptional(),
  leaving: z.number().int().min(0).exactOptional(),
  seed: z.number().int().min(0).exactOptional(),
  killEngine: z.boolean().exactOptional(),
});

class BadRequest extends Error {}

export function platformServer(deps: PlatformServerDeps): FastifyInstance {
  const { handlers, calls, verifyEmail, rush } = deps;
  const server = fastify({ logger: false, forceCloseConnections: true });
  server.setErrorHandler((error, _request, reply) => {
    const message = error instanceof Error ? error.message : String(error);
    return reply.code(error instanceof BadRequest ? 400 : 500).send({ error: message });
  });

  server.post('/sign-up', async (request, reply) => {
    const { email, verify, handle, userDocument } = read(SignUp, request.body);
    const user = await calls.signUp(email, 'correct horse battery staple');
    const code = await handlers.onSignUp(user, { count: 0, userDocument });
    if (verify) await verifyEmail(user);
    const chosen = handle === undefined ? undefined : await handlers.changeHandle(user, handle);
    return reply.code(201).send({ user, code, handle: chosen });
  });
  server.post('/handle', async (request, reply) => {
    const { user, handle } = read(Handle, request.body);
    const result = await handlers.changeHandle(user, handle);
    return reply.code(result === 'set' || result === 'same' ? 200 : 409).send({ result });
  });
  server.post('/erase', async (request) => {
    const { user, ...options } = read(Erase, request.body);
    return { steps: await handlers.erase(user, options) };
  });
  server.post('/purge', async (request) => {
    const { user, ...options } = read(Purge, request.body);
    return { steps: await handlers.purge(user, options) };
  });
  if (rush !== undefined) server.post('/rush', (request) => rush(read(Rush, request.body)));
  return server;
}

function read<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const result = schema.safeParse(body ?? {});
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new BadRequest(`${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'invalid'}`);
}
