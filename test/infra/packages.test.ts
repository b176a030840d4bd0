/** What a stranger's `npm install` gets: a lock complete for every platform, from no particular registry, without scripts. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { completeLock, missingOptionalPackages } from '../../infra/completeLockfile.mjs';

const lock = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'));

test('the lock holds every optional platform package (npm run lock:complete adds them)', () => {
  expect(missingOptionalPackages(lock)).toEqual([]);
});

test('the lock names no registry', () => {
  expect(JSON.stringify(lock)).not.toContain('"resolved":"http');
});

test('a platform package left out is entered again as npm writes it', () => {
  const name = '@typescript/typescript-darwin-arm64';
  const { [`node_modules/${name}`]: entry, ...packages } = lock.packages;
  const { integrity: _, engines: __, license: ___, ...platform } = entry;
  expect(completeLock({ ...lock, packages }).packages[`node_modules/${name}`]).toEqual(platform);
});

test('transformers.js, a dependency of the tests, brings no second onnxruntime', () => {
  const runtimes = Object.entries<{ name?: string }>(lock.packages).flatMap(([path, { name }]) => {
    const installed = name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    return /^onnxruntime-(node|web)$/.test(installed) ? [path] : [];
  });
  expect(runtimes).toEqual(['node_modules/onnxruntime-node']);
});
