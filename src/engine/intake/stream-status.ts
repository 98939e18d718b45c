/** The status of the log stream of a tenant that delivers to Concord. */

import type { GapCause } from '../../events/data/runs.ts';
import type { TenantId } from '../../identity.ts';
import type { LogStream } from '../../ports/auth0.ts';

/** `none` where there never was a stream, and the log is read instead. */
export type StreamStatus = LogStream['status'] | 'missing' | 'none' | 'unknown';

export function streamStatus(
  streams: readonly LogStream[],
  tenant: TenantId,
  wasThere: boolean,
): Exclude<StreamStatus, 'unknown'> {
  const ours = streams.filter(({ endpoint }) => endpoint !== undefined && deliversTo(endpoint, tenant));
  if (ours.some(({ status }) => status === 'active')) return 'active';
  return ours[0]?.status ?? (wasThere ? 'missing' : 'none');
}

/** By the end of its path, because a proxy may add a prefix. */
export function deliversTo(endpoint: string, tenant: TenantId): boolean {
  if (!URL.canParse(endpoint)) return false;
  return new URL(endpoint).pathname.replace(/\/+$/, '').endsWith(`/webhooks/auth0/${tenant}`);
}

/** The gap that this status means; undefined where it means none, or where the status is unknown. */
export function streamGap(status: StreamStatus): GapCause | undefined {
  switch (status) {
    case 'paused':
      return 'stream-paused';
    case 'suspended':
      return 'stream-suspended';
    case 'missing':
      return 'stream-missing';
    case 'active':
    case 'none':
    case 'unknown':
      return undefined;
  }
}
