/** Where things lie on this machine: everything a run keeps is under `.data` in the checkout, or in `REFT_STATE_DIR`. */
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const { REFT_STATE_DIR } = process.env;

export const dataDirectory = REFT_STATE_DIR
  ? resolve(REFT_STATE_DIR)
  : fileURLToPath(new URL('../.data', import.meta.url));
/** Copies of what is in S3, and files on their way there: on one disk, so that moving them is free. */
export const cacheDirectory = join(dataDirectory, 'cache');
export const workDirectory = join(dataDirectory, 'work');
