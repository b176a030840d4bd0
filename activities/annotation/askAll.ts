/**
 * Sends requests in their order, as many at once as the endpoint bears, within a budget: the loop of an annotation. What one request is,
 * and how it is sent, is the caller's.
 *
 * A failure that ends the step lets those under way finish first, so that what they bring is stored.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Concurrency } from './concurrency.js';
import type { BudgetName, Ledger, Usage } from './ledger.js';

export interface Asking<Request> {
  readonly requests: readonly Request[];
  readonly worstOf: (request: Request, index: number) => Usage;
  /** Sends one, as often as it takes. @returns what it took of the budget; null where it brought no answer */
  readonly ask: (request: Request, index: number) => Promise<Usage | null>;
  readonly ledger: Ledger;
  readonly concurrency: Concurrency;
  readonly signal: AbortSignal;
}

export interface Asked {
  /** Requests that began. */
  readonly begun: number;
  /** The budget that the next one would have exceeded. */
  readonly stopped?: BudgetName;
}

/** @throws the first failure, once those under way have ended; the signal's reason when it is aborted */
export async function askAll<Request>(asking: Asking<Request>): Promise<Asked> {
  const { requests, worstOf, ask, ledger, concurrency, signal } = asking;
  const underWay = new Set<Promise<void>>();
  let failed: { readonly error: unknown } | undefined;
  const begin = (request: Request, index: number): void => {
    const end = ledger.begin(worstOf(request, index));
    const asked: Promise<void> = ask(request, index)
      .then(end, (error: unknown) => {
        end(null);
        failed ??= { error };
      })
      .finally(() => underWay.delete(asked));
    underWay.add(asked);
  };

  for (const [index, request] of requests.entries()) {
    for (;;) {
      if (failed !== undefined || signal.aborted) break;
      const pauseMs = concurrency.pausedUntil - performance.now();
      const obstacle = ledger.obstacle(worstOf(request, index));
      if (pauseMs <= 0 && obstacle === undefined && underWay.size < concurrency.limit) break;
      // What is under way may take less than its worst case.
      if (obstacle !== undefined && underWay.size === 0) return { begun: index, stopped: obstacle };
      const changes: readonly Promise<void>[] = [...underWay];
      if (pauseMs > 0) await sleep(Math.min(pauseMs, 1_000), undefined, { signal }).catch(() => undefined);
      else await Promise.race(changes);
    }
    if (failed !== undefined || signal.aborted) break;
    begin(request, index);
  }
  await Promise.all(underWay);
  if (failed !== undefined) throw failed.error;
  signal.throwIfAborted();
  return { begun: requests.length };
}
