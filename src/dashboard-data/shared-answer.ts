/** One answer for all requests at about the same time: never computed twice at once, nor more often than requested. */
import type { Clock } from '../ports/clock.ts';

export interface SharedAnswer<Answer> {
  /** An answer whose computation began at this moment or later: one that is there, under way, or begun now. */
  since(moment: Date): Promise<Answer>;
}

export function sharedAnswer<Answer>(
  compute: () => Promise<Answer>,
  clock: Pick<Clock, 'now'>,
): SharedAnswer<Answer> {
  let newest: { readonly begunAt: Date; readonly answer: Promise<Answer> } | undefined;
  let running: Promise<unknown> | undefined;

  function begin(): Promise<Answer> {
    const begun = { begunAt: clock.now(), answer: compute() };
    newest = begun;
    running = begun.answer.then(
      () => (running = undefined),
      () => {
        running = undefined;
        // The next request computes anew; those that waited get the error.
        if (newest === begun) newest = undefined;
      },
    );
    return begun.answer;
  }

  return {
    async since(moment) {
      for (;;) {
        // A clock that was set back makes what is there look younger than now.
        const isFit = newest !== undefined && newest.begunAt >= moment && newest.begunAt <= clock.now();
        if (newest !== undefined && isFit) return newest.answer;
        if (running === undefined) return begin();
        await running;
      }
    },
  };
}
