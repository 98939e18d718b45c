/** A share as a bar. It is hidden from screen readers, because its numbers stand beside it. */
import type { Tone } from '../words.ts';

export function Bar({ value, of, tone }: { value: number; of: number; tone: Tone }) {
  const share = of <= 0 ? 0 : Math.min(1, Math.max(0, value / of));
  return (
    <svg class={`bar ${tone}`} width="100%" height="8" aria-hidden="true">
      <rect class="bar-ground" width="100%" height="8" rx="2" />
      <rect class="bar-value" width={`${share * 100}%`} height="8" rx="2" />
    </svg>
  );
}
