/**
 * `npm test`: the checks, then every test, and one last line `N passed, N failed` that counts both.
 *
 * Arguments go to vitest (`npm test -- test/infra`).
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runChecks, runNode } from './checks.mjs';

const total = { ...runChecks(), skipped: 0 };
countTests();

const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed === 0 ? 0 : 1;

function countTests() {
  const directory = mkdtempSync(join(tmpdir(), 'reft-test-'));
  const results = join(directory, 'results.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`];
  const status = runNode(['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...process.argv.slice(2)]);
  const before = total.failed;
  for (const { status: fileStatus, assertionResults } of readResults(results)) {
    const count = (...wanted) => assertionResults.filter((result) => wanted.includes(result.status)).length;
    const failed = count('failed');
    total.passed += count('passed');
    total.skipped += count('skipped', 'pending', 'todo');
    // A file that cannot be loaded, or whose set-up fails, has no failed test of its own.
    total.failed += failed === 0 && fileStatus === 'failed' ? 1 : failed;
  }
  // Vitest crashed, or failed for an error outside any test.
  if (status !== 0 && total.failed === before) total.failed += 1;
  rmSync(directory, { recursive: true });
}

function readResults(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).testResults;
  } catch {
    return [];
  }
}
