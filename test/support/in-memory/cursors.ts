/** Positions in memory. */
import type { Cursors } from '../../../src/ports/runs.ts';
import { type Hooks, hooked } from './hooks.ts';

export function inMemoryCursors(hooks?: Hooks): Cursors {
  const positions = new Map<string, string>();
  const cursors: Cursors = {
    get: async (name) => positions.get(name),
    set: async (name, position) => void positions.set(name, position),
  };
  return hooked('cursors', cursors, { get: 'read', set: 'write' }, hooks);
}
