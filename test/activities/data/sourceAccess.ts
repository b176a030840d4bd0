/** What the data room works with, for tests: no sandbox unless one is given, a store in memory, a folder. */
import type { DataRequest } from '../../../activities/data/sets/dataSet.js';
import type { SandboxPool } from '../../../activities/rewards/sandbox/pool.js';
import { createMemoryStore } from './memoryStore.js';

/** For data whose programs need no proof. */
export const noSandbox: Pick<SandboxPool, 'run'> = {
  run: async (programs) => {
    if (programs.length > 0) throw new Error(`${programs.length} programs for a sandbox that is not there`);
    return [];
  },
};

export function sourceAccess(directory: string | undefined): Omit<DataRequest, 'data' | 'seed'> {
  return { directory, store: createMemoryStore(), sandbox: noSandbox, signal: new AbortController().signal };
}
