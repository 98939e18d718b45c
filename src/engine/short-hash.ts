import { createHash } from 'node:crypto';

/**
 * Six bytes of a digest, to remember by which names a run has met: a million of them take some 40 MB. Two of a
 * million names share one about once in five hundred runs.
 */
export function shortHash(name: string): number {
  return createHash('sha1').update(name).digest().readUIntBE(0, 6);
}
