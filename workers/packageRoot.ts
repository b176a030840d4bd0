/** Where the code lies: TypeScript in a checkout, or in the folder `dist` of a package as JavaScript (`infra/package`). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isCompiled } from '../activities/compiled.js';

/** The folder of the rooms. */
export const codeRoot = fileURLToPath(new URL('..', import.meta.url));
/** The folder of package.json. */
export const packageRoot = isCompiled ? join(codeRoot, '..') : codeRoot;

export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  return version;
}
