/** Asks while a component is shown: at once, whenever the path changes, and whenever there is news of it. */
import { useEffect } from 'preact/hooks';
import type { LiveMessages } from '../src/dashboard-data/answers/session.ts';
import { onNews } from './live.ts';
import type { Held, Question } from './question.ts';

type Changed = LiveMessages['changed'];

/** News that come together are asked about together. */
const GATHER_MS = 300;

/** `concerns`: whether news make the answer old. */
export function useAnswer<T>(
  question: Question<T>,
  concerns: (changed: Changed) => boolean,
  gatherMs = GATHER_MS,
): Held<T> {
  useEffect(() => {
    question.ask();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = onNews((changed) => {
      if (!concerns(changed)) return;
      timer ??= setTimeout(() => {
        timer = undefined;
        question.ask();
      }, gatherMs);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [question]);
  return question.held.value;
}
