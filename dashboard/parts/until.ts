/** Until when a user is paused. */
const HOUR_MS = 3_600_000;

export const SPANS = ['1h', '1d', '1w', 'resumed', 'moment'] as const;
export type Span = (typeof SPANS)[number];

export const SPAN_WORDS: Readonly<Record<Span, string>> = {
  '1h': '1 hour',
  '1d': '1 day',
  '1w': '1 week',
  resumed: 'Until resumed',
  moment: 'A moment',
};

/** ISO 8601; null for until resumed; or what is wrong, in a sentence. `at` is local, as a field of the browser gives it. */
export function untilOf(
  span: Span,
  at: string,
  now: number,
): { readonly until: string | null } | { readonly wrong: string } {
  const after = (ms: number) => ({ until: new Date(now + ms).toISOString() });
  switch (span) {
    case '1h':
      return after(HOUR_MS);
    case '1d':
      return after(24 * HOUR_MS);
    case '1w':
      return after(7 * 24 * HOUR_MS);
    case 'resumed':
      return { until: null };
    case 'moment': {
      const ms = Date.parse(at);
      if (Number.isNaN(ms)) return { wrong: 'Enter a time.' };
      if (ms <= now) return { wrong: 'This time is in the past.' };
      return { until: new Date(ms).toISOString() };
    }
  }
}
