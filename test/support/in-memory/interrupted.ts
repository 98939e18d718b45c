import type { World } from './world.ts';

export interface Interruption {
  /** The write at which the process dies, counted from 1; undefined for none. */
  readonly at: number | undefined;
  /** Before the write, so that it never happens, or after it. */
  readonly when?: 'before' | 'after';
  readonly writes: { count: number };
}

/** Runs work in a process that may die over a write: nothing of it goes on then, and its leases run out. */
export function interrupted(
  { hooks }: World,
  { at, when = 'before', writes }: Interruption,
): (work: () => Promise<unknown>) => Promise<'done' | 'died'> {
  return async (work) => {
    let die: (died: 'died') => void = () => undefined;
    const death = new Promise<'died'>((resolve) => {
      die = resolve;
    });
    let isDead = false;
    const meet = (moment: 'before' | 'after'): Promise<void> | undefined => {
      if (!isDead && writes.count === at && when === moment) {
        isDead = true;
        die('died');
      }
      return isDead ? new Promise(() => undefined) : undefined;
    };
    hooks.before = (call) => {
      if (!isDead && call.writes) writes.count += 1;
      return call.writes || isDead ? meet('before') : undefined;
    };
    hooks.after = (call) => (call.writes || isDead ? meet('after') : undefined);
    try {
      return await Promise.race([death, work().then(() => 'done' as const)]);
    } finally {
      hooks.before = undefined;
      hooks.after = undefined;
    }
  };
}
