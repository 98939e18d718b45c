/**
 * A tenant of any size by formula: everything about the user with a number follows from the number, so nobody
 * has to hold them. Every tenth has no verified email, and so no account. Of the others every other one has
 * chosen a handle; one in a hundred has chosen one that another user's account carries, and has the code.
 */
const CONSONANTS = 'bcdfghjkmnprstvwxyz';
const VOWELS = 'aeou';
const CODES_A_YEAR = 109_744;
const DIGITS = 'abcdefghijklmnopqrstuvwxyz234567';
const PRIME = 7_919;

export const DOMAIN = '.at.test';
export const CREATED_AT = new Date('2025-06-01T12:00:00Z');

export interface Human {
  readonly userId: string;
  readonly email: string;
  readonly emailVerified: boolean;
  readonly code: string;
  readonly platformHandle: string | undefined;
  readonly did: string | undefined;
  readonly accountHandle: string;
  /** Somebody else carries what the platform handle would come to. */
  readonly isHandleTaken: boolean;
}

export function human(number: number): Human {
  const emailVerified = number % 10 !== 9;
  const isHandleTaken = number % 100 === 7;
  const code = codeOf(number);
  const chosen = isHandleTaken ? `h_${number - 1}` : number % 2 === 0 ? `h.${number}` : undefined;
  const label = isHandleTaken || chosen === undefined ? code : chosen.replace('.', '-');
  return {
    userId: `auth0|${(number * 2_654_435_761).toString(16).padStart(24, '0')}`,
    email: `human-${number}@example.com`,
    emailVerified,
    code,
    platformHandle: chosen,
    did: emailVerified ? didOf(number) : undefined,
    accountHandle: label + DOMAIN,
    isHandleTaken,
  };
}

function codeOf(number: number): string {
  let rest = number % CODES_A_YEAR;
  const letter = (from: string): string => {
    const at = rest % from.length;
    rest = Math.floor(rest / from.length);
    return from.charAt(at);
  };
  const letters = [CONSONANTS, VOWELS, CONSONANTS, VOWELS, CONSONANTS].map(letter).join('');
  return `ac${10 + Math.floor(number / CODES_A_YEAR)}${letters}`;
}

export function didOf(number: number): string {
  let text = '';
  for (let rest = number; text.length < 24; rest = Math.floor(rest / 32))
    text = DIGITS.charAt(rest % 32) + text;
  return `did:plc:${text}`;
}

export function numberOf(did: string): number {
  return [...did.slice('did:plc:'.length)].reduce((number, digit) => number * 32 + DIGITS.indexOf(digit), 0);
}

/** The numbers in an order that is not that of the keys, as in an export. */
export function* shuffled(users: number): Iterable<number> {
  for (let at = 0; at < users; at += 1) yield (at * PRIME) % users;
}
