/**
 * `npm test`: the checks, then every test, and one last line `N passed, N failed` that counts both.
 *
 * Tests of servers, processes and clocks run beside each other, and a busy machine can make one of them fail. So the files with a
 * failure run once more, one by one: what fails again counts as failed, what passes is named as unsteady and counts as passed.
 *
 * Arguments go to vitest (`npm test -- test/infra`).
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runChecks, runNode } from './checks.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
/** With more files than this that fail, it is the code and not the machine. */
const fewEnoughToRepeat = 8;

const checked = runChecks();
const first = runVitest(process.argv.slice(2));
const failing = first.files.filter(hasFailed);
const repeat = failing.length > 0 && failing.length <= fewEnoughToRepeat;
const second = repeat ? runAgain(failing) : { status: 0, files: [] };
const again = new Set(second.files.map(({ name }) => name));
const files = [...first.files.filter(({ name }) => !again.has(name)), ...second.files];

const total = { passed: checked.passed, failed: checked.failed, skipped: 0 };
for (const file of files) {
  const count = (...wanted) => file.assertionResults.filter(({ status }) => wanted.includes(status)).length;
  total.passed += count('passed');
  total.skipped += count('skipped', 'pending', 'todo');
  // A file that cannot be loaded, or whose set-up fails, has no failed test of its own.
  total.failed += Math.max(count('failed'), hasFailed(file) ? 1 : 0);
}
// Vitest crashed, or failed for an error outside any test.
const runs = [
  [first, failing],
  [second, second.files.filter(hasFailed)],
];
for (const [run, failed] of runs) if (run.status !== 0 && failed.length === 0) total.failed += 1;

const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed === 0 ? 0 : 1;

/** Runs the files one by one, and says which failures did not come back. */
function runAgain(failing) {
  const paths = failing.map(({ name }) => relative(root, name));
  console.log(`\nOnce more, one by one, what had a failure:\n${paths.map((path) => `  ${path}\n`).join('')}`);
  const run = runVitest([...paths, '--maxWorkers=1', '--no-file-parallelism']);
  const stillFailing = new Set(run.files.filter(hasFailed).map(({ name }) => name));
  for (const { name, message, assertionResults } of failing) {
    if (stillFailing.has(name)) continue;
    const failures = assertionResults.filter(({ status }) => status === 'failed');
    const texts = failures.map(({ fullName, failureMessages }) => `${fullName}\n${failureMessages.join('\n')}`);
    console.log(`\nUnsteady, passed the second time: ${relative(root, name)}\n${texts.join('\n') || message}`);
  }
  return run;
}

function hasFailed({ status, assertionResults }) {
  return status === 'failed' || assertionResults.some((result) => result.status === 'failed');
}

function runVitest(args) {
  const directory = mkdtempSync(join(tmpdir(), 'reft-test-'));
  const results = join(directory, 'results.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`];
  const status = runNode(['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...args]);
  const files = readResults(results);
  rmSync(directory, { recursive: true });
  return { status, files };
}

function readResults(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).testResults;
  } catch {
    return [];
  }
}
