/** Bounds how many pieces of work are under way at once. Pure. */

/**
 * Does `work` for each item, in order, never more than `limit` at once: where one ends the next begins, so that nothing waits for
 * the slowest of a batch. After a failure nothing more is begun.
 * @returns the results, in the items' order
 */
export async function atMost<Item, Result>(
  limit: number,
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  const waiting = items.entries();
  let failed = false;
  const takeTurns = async (): Promise<void> => {
    // All takers share the one iterator.
    for (const [index, item] of waiting) {
      results[index] = await work(item, index);
      if (failed) return;
    }
  };
  const takers = Array.from({ length: Math.min(limit, items.length) }, () =>
    takeTurns().catch((error: unknown) => {
      failed = true;
      throw error;
    }),
  );
  await Promise.all(takers);
  return results;
}
