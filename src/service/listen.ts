/** Where `serve` listens. */
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config/schema.ts';
import { UsageError } from '../errors.ts';

/** Resolves with the address. Throws UsageError, with the setting to change, when it cannot listen there. */
export async function listen(
  server: FastifyInstance,
  { host, port }: Pick<Config['server'], 'host' | 'port'>,
): Promise<string> {
  try {
    return await server.listen({ host, port });
  } catch (error) {
    throw explained(error, host, port) ?? error;
  }
}

function explained(error: unknown, host: string, port: number): UsageError | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      return new UsageError(
        `Another process listens on port ${port} of ${host}. Stop it, or set server.port (PORT) to another port.`,
        'PORT_IN_USE',
      );
    case 'EACCES':
      return new UsageError(
        `This process may not listen on port ${port}. Set server.port (PORT) to a port from 1024 on.`,
        'PORT_NOT_ALLOWED',
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new UsageError(
        `${host} is no address of this machine. Set server.host (HOST) to one, or to 0.0.0.0 for all of them.`,
        'HOST_UNUSABLE',
      );
    default:
      return undefined;
  }
}
