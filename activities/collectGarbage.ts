/** The activity `collectGarbage`: removes from the store what no run needs (`retention/collect.ts`). */
import { Context } from '@temporalio/activity';
import { heartbeatWhile } from './heartbeatWhile.js';
import { neededNow } from './neededNow.js';
import { type Collected, collect, usualGraceMs } from './retention/collect.js';
import type { Upkeep } from './store/s3/upkeep.js';
import type { Store } from './store/types.js';

export interface CollectGarbageInput {
  /** Removes nothing. */
  readonly dryRun?: boolean;
}

export type CollectGarbageResult = Collected;

export function createCollectGarbage({ store, upkeep }: { readonly store: Store; readonly upkeep: Upkeep }) {
  return ({ dryRun = false }: CollectGarbageInput): Promise<CollectGarbageResult> =>
    heartbeatWhile('objects', (onProgress) =>
      collect({
        store,
        upkeep,
        graceMs: usualGraceMs,
        isDryRun: dryRun,
        onProgress,
        neededNow: () => neededNow(Context.current().client),
      }),
    );
}
