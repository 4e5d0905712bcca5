/** Runs work over items, a few at a time; the first failure stops the rest and is thrown when all have ended. */
export async function inParallel<Item>(
  items: Iterable<Item>,
  limit: number,
  signal: AbortSignal,
  work: (item: Item, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const queue = items[Symbol.iterator]();
  const lane = async (): Promise<void> => {
    for (let next = queue.next(); !next.done; next = queue.next()) {
      either.throwIfAborted();
      await work(next.value, either);
    }
  };
  const failures: unknown[] = [];
  await Promise.all(
    Array.from({ length: limit }, () =>
      lane().catch((error: unknown) => {
        failures.push(error);
        stop.abort(error);
      }),
    ),
  );
  if (failures.length > 0) throw failures[0];
}
