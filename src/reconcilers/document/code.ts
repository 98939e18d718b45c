/**
 * User codes: `ac`, the two-digit UTC year of the sign-up, then consonant-vowel-consonant-vowel-
 * consonant, such as `ac25nobeb`. The letters leave out what is misread or spells words easily.
 * Five letters give 19 × 4 × 19 × 4 × 19 = 109,744 codes a year; a longer code has one more
 * vowel-consonant pair, and is used when short ones keep being taken.
 */
import { type Code, parseCode } from '../../identity.ts';
import type { Random } from '../../ports/clock.ts';

const CONSONANTS = 'bcdfghjkmnprstvwxyz';
const VOWELS = 'aeou';
export const CODES_A_YEAR = 109_744;

/** Short codes are tried this often before longer ones: sixteen misses in a row are likely only in a nearly full year. */
export const SHORT_CODE_TRIES = 16;

export function codePrefix(signedUpAt: Date): string {
  return `ac${String(signedUpAt.getUTCFullYear() % 100).padStart(2, '0')}`;
}

/** Stands for a code that is not drawn yet. No user has it: no one signed up in the year 2000. */
export const UNDRAWN_CODE = 'ac00babab' as Code;

/** The code to try at the given attempt, counted from 0. */
export function drawCode(random: Random, signedUpAt: Date, attempt: number): Code {
  const pairs = attempt < SHORT_CODE_TRIES ? 2 : 3;
  let text = codePrefix(signedUpAt);
  for (let at = 0; at < pairs; at += 1) text += letter(random, CONSONANTS) + letter(random, VOWELS);
  const code = parseCode(text + letter(random, CONSONANTS));
  if (code === undefined) throw new Error('a drawn code did not parse');
  return code;
}

function letter(random: Random, letters: string): string {
  return letters.charAt(random.int(letters.length));
}
