/** Where the published data sets lie for tests: `REFT_DATA_DIR`, else a `shared/data` folder beside the repository. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

const candidate = process.env.REFT_DATA_DIR ?? resolve(import.meta.dirname, '../../../../shared/data');

/** Undefined where there is none: tests that need it then skip and say so. */
export const dataDirectory = existsSync(candidate) ? candidate : undefined;
