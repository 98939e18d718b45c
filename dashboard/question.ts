/** A question to the server, with its last good answer: what failed shows the old one, marked as such. */
import { type ReadonlySignal, signal } from '@preact/signals';
import { ask, type Refusal, refusalFrom } from './api.ts';

export interface Held<T> {
  readonly data: T | undefined;
  /** Why the last request failed; `data` is older then. */
  readonly refusal: Refusal | undefined;
  readonly isAsking: boolean;
}

export interface Question<T> {
  readonly held: ReadonlySignal<Held<T>>;
  /** One request at a time: a call during a request causes one more request after it. */
  ask(): void;
  /** Takes an answer that arrived another way. */
  tell(data: T): void;
}

/** Pages that were left are kept, so that going back shows them at once and at the same height. */
const REMEMBERED = 40;

export function question<T>(path: string): Question<T> {
  const held = signal<Held<T>>({ data: undefined, refusal: undefined, isAsking: false });
  let isAskedAgain = false;

  async function run(): Promise<void> {
    do {
      isAskedAgain = false;
      held.value = { ...held.peek(), isAsking: true };
      try {
        held.value = { data: await ask<T>(path), refusal: undefined, isAsking: isAskedAgain };
      } catch (error) {
        held.value = { data: held.peek().data, refusal: refusalFrom(error), isAsking: isAskedAgain };
      }
    } while (isAskedAgain);
  }

  return {
    held,
    ask: () => {
      if (held.peek().isAsking) isAskedAgain = true;
      else void run();
    },
    tell: (data) => {
      held.value = { ...held.peek(), data, refusal: undefined };
    },
  };
}

/** The question of each path, the ones asked last. */
export function questions<T>(): (path: string) => Question<T> {
  const known = new Map<string, Question<T>>();
  return (path) => {
    const found = known.get(path) ?? question<T>(path);
    known.delete(path);
    known.set(path, found);
    const oldest = known.keys().next();
    if (known.size > REMEMBERED && oldest.done !== true) known.delete(oldest.value);
    return found;
  };
}
