/** Who signs up and who leaves in a rush, when and how. Everything follows from the seed. */
import { createRandomness, type Randomness } from '../auth0/randomness.ts';

export interface RushSize {
  readonly people: number;
  readonly leaving: number;
  readonly seed: number;
}

/** All times are ms after the step before. */
export interface RushPerson {
  /** Counts from 1. */
  readonly number: number;
  readonly signsUpAfterMs: number;
  /** From the sign-up to the platform's own handler. */
  readonly handlerAfterMs: number;
  readonly verifiesAfterMs: number;
  /** Whether the platform inserts a users document of its own at sign-up. */
  readonly userDocument: boolean;
  /** From the verification; undefined: no handle is chosen. */
  readonly handleAfterMs: number | undefined;
  readonly leaves: Leaving | undefined;
}

export type Leaving =
  | {
      readonly how: 'erasure';
      /** From the verification. */
      readonly afterMs: number;
      readonly userDocument: 'stays' | 'goes';
      readonly pausesMs: readonly number[];
    }
  | {
      readonly how: 'purge';
      readonly afterMs: number;
      readonly graceMs: number;
      readonly pausesMs: readonly number[];
    };

const SIGN_UPS_WITHIN_MS = 4_000;
const LEAVING_WITHIN_MS = 4_000;
const STEPS = 6;

export function planRush({ people, leaving, seed }: RushSize): RushPerson[] {
  const randomness = createRandomness(seed);
  const leavers = drawNumbers(randomness, people, Math.min(leaving, people));
  return Array.from({ length: people }, (_, index) => {
    const number = index + 1;
    return {
      number,
      signsUpAfterMs: upTo(randomness, SIGN_UPS_WITHIN_MS),
      handlerAfterMs: upTo(randomness, 300),
      verifiesAfterMs: upTo(randomness, 1_500),
      userDocument: randomness.next() < 1 / 3,
      handleAfterMs: randomness.next() < 1 / 2 ? upTo(randomness, 1_500) : undefined,
      leaves: leavers.has(number) ? drawLeaving(randomness) : undefined,
    };
  });
}

/** When the middle one of those who leave begins to: the moment at which the engine is killed, if it is. */
export function middleOfLeaving(plan: readonly RushPerson[]): number {
  const moments = plan.flatMap(({ signsUpAfterMs, handlerAfterMs, verifiesAfterMs, leaves }) =>
    leaves === undefined ? [] : [signsUpAfterMs + handlerAfterMs + verifiesAfterMs + leaves.afterMs],
  );
  moments.sort((a, b) => a - b);
  return moments[Math.floor(moments.length / 2)] ?? SIGN_UPS_WITHIN_MS / 2;
}

function drawLeaving(randomness: Randomness): Leaving {
  const afterMs = upTo(randomness, LEAVING_WITHIN_MS);
  // The last pause, before the Auth0 user is deleted, is the longest: Auth0 has the user, verified, all the while.
  const pausesMs = [
    ...Array.from({ length: STEPS - 2 }, () => upTo(randomness, 800)),
    upTo(randomness, 3_000),
  ];
  if (randomness.next() < 0.3) {
    const graceMs = 500 + upTo(randomness, 3_500);
    return { how: 'purge', afterMs, graceMs, pausesMs: pausesMs.slice(1) };
  }
  const userDocument = randomness.next() < 1 / 2 ? 'stays' : 'goes';
  // A document that stays is one step fewer.
  return {
    how: 'erasure',
    afterMs,
    userDocument,
    pausesMs: userDocument === 'goes' ? pausesMs : pausesMs.slice(1),
  };
}

function drawNumbers(randomness: Randomness, of: number, count: number): ReadonlySet<number> {
  const left = Array.from({ length: of }, (_, index) => index + 1);
  const drawn = new Set<number>();
  while (drawn.size < count) {
    const [number] = left.splice(Math.floor(randomness.next() * left.length), 1);
    if (number !== undefined) drawn.add(number);
  }
  return drawn;
}

function upTo(randomness: Randomness, ms: number): number {
  return Math.floor(randomness.next() * ms);
}
