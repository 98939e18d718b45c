/**
 * Works on the next items of a stream while the one before is being dealt with; the outcomes come in order. When
 * the stream breaks off, what had been begun is still handed out first.
 */
export async function* inStep<Item, Outcome>(
  items: AsyncIterable<Item>,
  work: (item: Item) => Promise<Outcome>,
  atOnce: number,
): AsyncIterable<Outcome> {
  const stream = items[Symbol.asyncIterator]();
  const begun: Promise<Outcome>[] = [];
  let broken: { readonly error: unknown } | undefined;
  try {
    while (broken === undefined) {
      try {
        const next = await stream.next();
        if (next.done === true) break;
        const outcome = work(next.value);
        // The error is thrown in its turn, which may be after an earlier one has failed.
        outcome.catch(() => undefined);
        begun.push(outcome);
      } catch (error) {
        broken = { error };
      }
      const first = begun.length >= atOnce ? begun.shift() : undefined;
      if (first !== undefined) yield await first;
    }
    for (const outcome of begun) yield await outcome;
  } finally {
    await stream.return?.();
  }
  if (broken !== undefined) throw broken.error;
}
