/** A first contact with MongoDB, so that a command says at once that it cannot be reached, and which setting names it. */
import type { Config } from '../config/schema.ts';
import { UpstreamError } from '../errors.ts';
import { connect } from '../mongo/driver/connection.ts';

/** Throws UpstreamError, UNREACHABLE with the address after `timeoutMs`. */
export async function reachMongodb({ mongodb }: Pick<Config, 'mongodb'>, timeoutMs: number): Promise<void> {
  const connection = connect({
    ...mongodb,
    ...{ appName: 'concord', readOnly: true, selectionTimeoutMs: timeoutMs },
  });
  try {
    await connection.ping(timeoutMs);
  } catch (error) {
    const isSilent =
      error instanceof UpstreamError && (error.code === 'UNREACHABLE' || error.code === 'TIMEOUT');
    if (!isSilent) throw error;
    throw new UpstreamError(
      `MongoDB at ${hostsIn(mongodb.uri)} did not answer within ${timeoutMs / 1_000} s (mongodb.uri, from MONGODB_URI). Check the address and that the server runs`,
      { upstream: 'mongodb', code: 'UNREACHABLE', retryable: true },
    );
  } finally {
    await connection.close();
  }
}

/** Without user, password, database and options. */
function hostsIn(uri: string): string {
  const [authority = ''] = uri.replace(/^[a-z+]+:\/\//, '').split(/[/?]/);
  return authority.slice(authority.lastIndexOf('@') + 1);
}
