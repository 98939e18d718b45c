/** How many passes there were over whom: what one person's fault costs is not counted against another. */
import type { UserKey } from '../../../src/identity.ts';

/** By user; under no name those of a process that never learnt whom it was to look at. */
export type ReconciliationCounts = Readonly<Record<string, number>>;
const NOBODY = '';

export function oneMore(
  reconciliations: ReconciliationCounts,
  user: UserKey | undefined,
): ReconciliationCounts {
  const name = user ?? NOBODY;
  return { ...reconciliations, [name]: (reconciliations[name] ?? 0) + 1 };
}

/** Over whoever had the most of them. */
export function mostOf({ [NOBODY]: nobodys = 0, ...reconciliations }: ReconciliationCounts): number {
  return nobodys + Math.max(0, ...Object.values(reconciliations));
}

export function textOf(reconciliations: ReconciliationCounts): string {
  return Object.entries(reconciliations).sort().join(' ');
}
