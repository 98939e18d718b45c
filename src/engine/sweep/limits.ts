/**
 * How much one run may remove or rename before it halts and asks for approval. Pure; checked over the whole
 * run, before its first write of that kind.
 */
export interface Limit {
  /** Share of the users in the listing, 0 to 1. */
  readonly share: number;
  readonly count: number;
}

export interface SafetyLimits {
  readonly removals: Limit;
  readonly renames: Limit;
  /** Users whose documents or account are missing since the last run. */
  readonly disappearances: Limit;
  /** Users that one `restore --all` restores. */
  readonly restores: Limit;
  /** Users whose accounts one `adopt --all` adopts. */
  readonly adoptions: Limit;
  /** By how much a complete listing may be smaller than the known users, 0 to 1. */
  readonly sourceShrink: number;
}

/** The smaller of the two, rounded down: in a tenant of ten, a share of 5 % allows no users. */
export function allowed({ share, count }: Limit, users: number): number {
  return Math.floor(Math.min(share * users, count));
}

/** In a small tenant, as many users may erase themselves between two runs. */
const FEW = 10;

/** How many users may lack what they had before one run treats that as a fault of a whole system. */
export function allowedDisappearances(limits: Pick<SafetyLimits, 'disappearances'>, users: number): number {
  return Math.max(FEW, allowed(limits.disappearances, users));
}

/**
 * Whether a complete listing is too small to be trusted, compared with the known users. One missing user is
 * always allowed: otherwise in a tenant of five the first one would halt every sweep.
 */
export function isShrunken(
  limits: Pick<SafetyLimits, 'sourceShrink'>,
  listed: number,
  known: number,
): boolean {
  if (known === 0) return false;
  return listed === 0 || known - listed > Math.max(1, known * limits.sourceShrink);
}
