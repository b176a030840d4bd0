/**
 * `npm run mutate -- PATH`: mutation testing of a source folder, a file, or files of one folder with commas between, by
 * Stryker. Of the tests, those of the mirrored folder under `test/` run, or of the nearest above it that is there: all below it for a
 * folder, those in it for files.
 */
import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { runNode } from './checks.mjs';

const [path] = process.argv.slice(2);
if (path === undefined)
  throw new Error('npm run mutate -- PATH: a file or folder under activities or workflows is missing');
const [first] = path.split(',');
const isFolder = statSync(first).isDirectory();
let mirror = `test/${isFolder ? first : dirname(first)}`;
while (!existsSync(mirror)) mirror = dirname(mirror);
process.env.MUTATED_TESTS = isFolder ? `${mirror}/**/*.test.ts` : `${mirror}/*.test.ts`;
process.exitCode = runNode([
  'node_modules/@stryker-mutator/core/bin/stryker.js',
  'run',
  'test/mutation/stryker.json',
  '--mutate',
  isFolder ? `${first}/**/*.ts` : path,
]);
