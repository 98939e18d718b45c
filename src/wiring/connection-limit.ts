/** How many connections `serve` accepts. */
import { readFileSync } from 'node:fs';
import { MAX_POOL_SIZE } from '../mongo/driver/connection.ts';

/** Of the process itself, and of calls to Auth0 and the PDS. */
const OTHERS = 64;

/** More than all streams, probes and dashboards open; with no limit of the system, memory has to have one. */
const MOST = 4_096;

/**
 * No more than the descriptors allow, whatever is set: without a descriptor left, connections are closed, and the process does not learn of it.
 * Undefined where nothing is set and no limit of descriptors is known.
 */
export function connectionLimit(
  descriptors: number | undefined,
  set: number | null = null,
): number | undefined {
  const allowed = allowedBy(descriptors);
  if (set === null) return allowed === undefined ? undefined : Math.min(allowed, MOST);
  return Math.min(set, allowed ?? set);
}

function allowedBy(descriptors: number | undefined): number | undefined {
  if (descriptors === undefined) return undefined;
  // With few descriptors, pools are not filled either.
  const left = Math.max(descriptors - MAX_POOL_SIZE - OTHERS, Math.floor(descriptors / 4));
  return Math.max(left, 1);
}

/** The number of descriptors that this process may have. Only Linux says it in a file. */
export function descriptorLimit(read = () => readFileSync('/proc/self/limits', 'utf8')): number | undefined {
  let text: string;
  try {
    text = read();
  } catch {
    return undefined;
  }
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(text)?.[1];
  if (soft === undefined) return undefined;
  return soft === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(soft);
}
