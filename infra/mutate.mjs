/**
 * `npm run mutate -- PATH`: mutation testing of a source file or folder by Stryker. Of the tests, those of the mirrored folder
 * under `test/` run: `activities/store` is held by `test/activities/store`.
 */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { runNode } from './checks.mjs';

const [path] = process.argv.slice(2);
if (path === undefined)
  throw new Error('npm run mutate -- PATH: a file or folder under activities or workflows is missing');
const isFolder = statSync(path).isDirectory();
process.env.MUTATED_TESTS = `test/${isFolder ? path : dirname(path)}/**/*.test.ts`;
process.exitCode = runNode([
  'node_modules/@stryker-mutator/core/bin/stryker.js',
  'run',
  'test/mutation/stryker.json',
  '--mutate',
  isFolder ? `${path}/**/*.ts` : path,
]);
