/** Randomness from a seed, so that a sandbox run or a failed test can be played again exactly. */
export interface Randomness {
  /** A number in [0, 1). */
  next(): number;
  /** `length` characters drawn from `alphabet`. */
  draw(length: number, alphabet: string): string;
}

export const DIGITS = '0123456789';
export const HEX = '0123456789abcdef';
export const ALPHANUMERICS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Mixes numbers into one 32-bit number: a decision that depends on its inputs only, never on timing. */
export function mix(...parts: readonly number[]): number {
  let hash = 0x811c9dc5;
  for (const part of parts) {
    hash = Math.imul(hash ^ part, 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}

export function createRandomness(seed: number): Randomness {
  let step = 0;
  function next(): number {
    step += 1;
    return mix(seed, step) / 2 ** 32;
  }
  return {
    next,
    draw(length, alphabet) {
      let text = '';
      for (let i = 0; i < length; i += 1) text += alphabet.charAt(Math.floor(next() * alphabet.length));
      return text;
    },
  };
}
