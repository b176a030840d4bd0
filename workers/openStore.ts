/** The store of a stack, with its local copies in the data directory. */
import { createStore } from '../activities/store/store.js';
import type { Store } from '../activities/store/types.js';
import type { S3Access } from '../infra/s3/access.js';
import { log } from './log.js';
import { cacheBytes, cacheDirectory } from './settings.js';

export function openStore(s3: S3Access): Store {
  return createStore({ ...s3, cacheDirectory, cacheBytes: cacheBytes(), log });
}
