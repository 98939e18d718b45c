/** While there is no answer yet, and where there is none. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Refusal } from '../api.ts';
import type { Held } from '../question.ts';

/** Most answers arrive sooner, and announcing the wait would only disturb. */
const ANNOUNCE_AFTER_MS = 1000;

/** Holds the place of so many lines. */
export function Waiting({ lines, what }: { lines: number; what: string }) {
  const isLong = useSignal(false);
  useEffect(() => {
    const timer = setTimeout(() => {
      isLong.value = true;
    }, ANNOUNCE_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class="waiting">
      <p class="unseen" role="status">
        {isLong.value ? `Loading ${what} …` : ''}
      </p>
      {Array.from({ length: lines }, (_, line) => (
        <div key={line} class="waiting-line" />
      ))}
    </div>
  );
}

export function Problem({ refusal, onAgain }: { refusal: Refusal; onAgain?: () => void }) {
  return (
    <div class="problem" role="alert">
      <p>{refusal.message}</p>
      {onAgain !== undefined && (
        <button type="button" onClick={onAgain}>
          Try again
        </button>
      )}
    </div>
  );
}

interface AnswerProps<T> {
  readonly held: Held<T>;
  /** What is awaited, for people. */
  readonly what: string;
  readonly lines: number;
  readonly onAgain: () => void;
  readonly children: (data: T) => ComponentChildren;
}

/** The answer; its place until it is there; the last good one, marked as old, when there is no newer. */
export function Answer<T>({ held, what, lines, onAgain, children }: AnswerProps<T>) {
  const { data, refusal } = held;
  if (data === undefined)
    return refusal === undefined ? (
      <Waiting lines={lines} what={what} />
    ) : (
      <Problem refusal={refusal} onAgain={onAgain} />
    );
  return (
    <>
      {refusal !== undefined && (
        <div class="problem old" role="alert">
          <p>
            <strong>This data is old.</strong> {refusal.message}
          </p>
          <button type="button" onClick={onAgain}>
            Try again
          </button>
        </div>
      )}
      {children(data)}
    </>
  );
}
