/** Calls that concern one user each, and wait for the network most of the time. */
const AT_ONCE = 8;

/** Throws what the first that failed threw, and begins none after it. */
export async function sideBySide<T>(
  items: readonly T[],
  run: (item: T) => Promise<void>,
  atOnce = AT_ONCE,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let at = next++; at < items.length; at = next++) {
      const item = items[at];
      if (item === undefined) continue;
      try {
        await run(item);
      } catch (error) {
        next = items.length;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
}
