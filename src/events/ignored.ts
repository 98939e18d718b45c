/** Why something that was delivered, or that changed in the database, concerns no user. */
export const IGNORE_REASONS = ['no-subject', 'not-a-user-id', 'excluded'] as const;

/**
 * `no-subject`: it names no user, such as a token for a machine. `not-a-user-id`: what it names is not `provider|id`,
 * such as `undefined`, a login name or a key of another system. `excluded`: the configuration excludes the user.
 */
export type IgnoreReason = (typeof IGNORE_REASONS)[number];

/** How many, by reason; what is not in it was not met. */
export type IgnoredCounts = Readonly<Partial<Record<IgnoreReason, number>>>;

/** Both together. */
export function addIgnored(a: IgnoredCounts, b: IgnoredCounts): IgnoredCounts {
  const sums = IGNORE_REASONS.map((reason) => [reason, (a[reason] ?? 0) + (b[reason] ?? 0)] as const);
  return Object.fromEntries(sums.filter(([, count]) => count > 0));
}

export function countIgnored(counts: IgnoredCounts): number {
  return IGNORE_REASONS.reduce((all, reason) => all + (counts[reason] ?? 0), 0);
}
