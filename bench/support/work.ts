/** Doing things a number at once, and taking the time. */

/** Hands the items to `workers` of these, each taking the next one when it is done. */
export async function atOnce<T>(
  workers: number,
  items: readonly T[],
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) {
      const item = items[at];
      if (item !== undefined) await work(item);
    }
  };
  await Promise.all(Array.from({ length: workers }, worker));
}

/** Milliseconds that the work took. */
export async function timed(work: () => unknown): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** How many things a second. */
export async function rateOf(things: number, work: () => Promise<unknown>): Promise<number> {
  return (things * 1_000) / (await timed(work));
}
