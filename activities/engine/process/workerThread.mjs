/** Where a worker thread's thread starts: threads do not inherit the loader of TypeScript. */
import { register } from 'tsx/esm/api';

register();
await import('./workerThread.ts');
