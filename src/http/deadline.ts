/** The result of `within` when the time runs out first. */
export const LATE: unique symbol = Symbol('late');

/**
 * Waits for work, but at most `ms` milliseconds. Late work continues: a caller that needs its result keeps the promise.
 * Rejects when the work rejects in time.
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
