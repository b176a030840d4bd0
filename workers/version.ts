/** The version of this package. */
import { createRequire } from 'node:module';

export const packageVersion = (
  createRequire(import.meta.url)('../package.json') as {
    readonly version: string;
  }
).version;
