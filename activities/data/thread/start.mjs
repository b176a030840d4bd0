/** Where a thread of `runInThread.ts` starts: threads do not inherit the loader of TypeScript. */
import { workerData } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

register();
await import(workerData.module);
