/** The first of many, and the rest when they are asked for: what comes and goes by itself moves nothing. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { number } from '../words.ts';

interface FirstProps<T> {
  readonly of: readonly T[];
  readonly most: number;
  readonly children: (shown: readonly T[]) => ComponentChildren;
}

export function First<T>({ of, most, children }: FirstProps<T>) {
  const isWhole = useSignal(false);
  const more = of.length - most;
  return (
    <>
      {children(isWhole.value ? of : of.slice(0, most))}
      {more > 0 && (
        <button
          type="button"
          class="more quiet"
          aria-expanded={isWhole.value}
          onClick={() => {
            isWhole.value = !isWhole.value;
          }}
        >
          {isWhole.value ? 'Show fewer' : `Show ${number(more)} more`}
        </button>
      )}
    </>
  );
}
