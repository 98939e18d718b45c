/** Listings of a tenant's users that may lack some. */

/**
 * Why a listing of a tenant's users may lack some of them, or show some who are gone. It is used for what it shows, and
 * says nothing about who is missing. `lacks-many`: so few are listed of those who are known that it is cut off.
 */
export const INEXACT_REASONS = [
  'total-too-high',
  'total-too-low',
  'repeated-rows',
  'changed-meanwhile',
  'unreadable-rows',
  'lacks-many',
] as const;

export type InexactReason = (typeof INEXACT_REASONS)[number];

/** How a listing ended. */
export interface Listed {
  /** False when it broke off, or was not exact. */
  readonly complete: boolean;
  /** Absent where it was exact, or broke off. */
  readonly inexact?: InexactReason;
}

/** Whether a sweep compared every listed user, even where the listing was not exact. */
export function isListedToEnd({ complete, inexact }: Listed): boolean {
  return complete || (inexact !== undefined && inexact !== 'lacks-many');
}

export function inexactSentence(reason: InexactReason): string {
  switch (reason) {
    case 'total-too-high':
      return 'Auth0 counted more users than it listed.';
    case 'total-too-low':
      return 'Auth0 listed more users than it counted.';
    case 'repeated-rows':
      return 'Auth0 listed users twice, so it may have left others out.';
    case 'changed-meanwhile':
      return 'Users were deleted while Auth0 listed them, so it may have left others out.';
    case 'unreadable-rows':
      return 'Auth0 listed rows without a user id that can be used.';
    case 'lacks-many':
      return 'Auth0 listed far fewer users than are known.';
  }
}
