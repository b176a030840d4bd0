/**
 * What must hold before any test runs: `npm run check`, and the first part of `npm test`. Each is also a script of its own
 * name (`npm run lint`).
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Arguments of `node`, by the check's name. */
export const checks = {
  typecheck: ['node_modules/typescript/bin/tsc'],
  lint: ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings'],
  // The pages written from the code are as the code is now; links and lengths of all pages.
  'docs:check': ['node_modules/vitest/vitest.mjs', 'run', '--project', 'unit', 'test/docs'],
};

/** Runs all of them, also after one has failed. */
export function runChecks() {
  const failed = Object.values(checks).filter((args) => runNode(args) !== 0).length;
  return { passed: Object.keys(checks).length - failed, failed };
}

/** Runs `node` in the root with this terminal, and returns its exit status. */
export function runNode(args) {
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = runChecks().failed === 0 ? 0 : 1;
