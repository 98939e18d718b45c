/** What `within` resolves to when time runs out first. */
export const LATE: unique symbol = Symbol('late');

/**
 * Waits for work, but no longer than `ms` milliseconds. The work goes on when it is late: whoever
 * cares how it ends keeps the promise. Rejects when the work rejects in time.
 */
export async function within<T>(work: Promise<T>, ms: number): Promise<T | typeof LATE> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(resolve, ms, LATE);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
