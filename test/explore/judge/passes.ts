/** How many passes there were over whom: what one person's fault costs is not counted against another. */
import type { UserKey } from '../../../src/identity.ts';

/** By user; under no name those of a process that never learnt whom it was to look at. */
export type Passes = Readonly<Record<string, number>>;
const NOBODY = '';

export function oneMore(passes: Passes, user: UserKey | undefined): Passes {
  const name = user ?? NOBODY;
  return { ...passes, [name]: (passes[name] ?? 0) + 1 };
}

/** Over whoever had the most of them. */
export function mostOf({ [NOBODY]: nobodys = 0, ...passes }: Passes): number {
  return nobodys + Math.max(0, ...Object.values(passes));
}

export function textOf(passes: Passes): string {
  return Object.entries(passes).sort().join(' ');
}
